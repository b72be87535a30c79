// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/h5ad_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "core/base/atomic_file.h"
#include "core/base/quoted.h"
#include "core/io/anndata_elements.h"
#include "core/io/anndata_writing.h"
#include "core/io/measured_slots.h"
#include "core/io/reading_crash.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

using hdf5::Handle;
using hdf5::Node;

Result<void> checkSizes(const H5adAdditions& additions, int64_t cells, int64_t genes, const std::string& file) {
    const auto wrong = [&](const std::string& slot, int64_t have, int64_t want) {
        return failed(slot + " has " + std::to_string(have) + " rows, but '" + file + "' has " + std::to_string(want) + ".");
    };
    for (const Column& column : additions.obs)
        if (static_cast<int64_t>(column.size()) != cells) return wrong("obs['" + column.name + "']", column.size(), cells);
    for (const Column& column : additions.var)
        if (static_cast<int64_t>(column.size()) != genes) return wrong("var['" + column.name + "']", column.size(), genes);
    for (const auto& [key, matrix] : additions.obsm)
        if (matrix.rows != cells) return wrong("obsm['" + key + "']", matrix.rows, cells);
    for (const auto& [key, stream] : additions.obsmRows)
        if (stream.rows != cells) return wrong("obsm['" + key + "']", stream.rows, cells);
    for (const auto& [key, matrix] : additions.varm)
        if (matrix.rows != genes) return wrong("varm['" + key + "']", matrix.rows, genes);
    for (const auto& [key, matrix] : additions.obsp)
        if (matrix->rows != cells || matrix->cols != cells) return wrong("obsp['" + key + "']", matrix->rows, cells);
    return {};
}

Result<void> writeStreamed(hid_t file, const std::map<std::string, DenseRows>& members, Progress& progress) {
    if (members.empty()) return {};
    constexpr int64_t kBlockValues = int64_t{4} << 20;
    const Handle group = anndata::openMapping(file, "obsm");
    for (const auto& [key, stream] : members) {
        hdf5::removeMember(group, key);
        const Handle matrix = hdf5::createMatrix(group, key, stream.rows, stream.cols);
        anndata::writeEncoding(matrix, "array", "0.2.0");
        const int64_t step = std::max<int64_t>(1, kBlockValues / std::max<int64_t>(1, stream.cols));
        for (int64_t row = 0; row < stream.rows; row += step) {
            if (progress.cancelled()) return cancelledError();
            TXFM_TRY(const DenseMatrix block, stream.read(row, std::min(row + step, stream.rows)));
            hdf5::writeRows(matrix, row, block.rows, block.cols, block.values.data());
        }
    }
    return {};
}

Result<void> writeSlots(hid_t file, const H5adAdditions& additions, Progress& progress) {
    const auto fill = [&](const char* slot, const auto& members, auto&& write) {
        if (members.empty()) return;
        const Handle group = anndata::openMapping(file, slot);
        for (const auto& [key, member] : members) {
            hdf5::removeMember(group, key);
            write(group, key, member);
        }
    };
    fill("obsm", additions.obsm, anndata::writeDense);
    fill("varm", additions.varm, anndata::writeDense);
    fill("obsp", additions.obsp, [](hid_t group, const std::string& key, const auto& matrix) { anndata::writeSparse(group, key, *matrix); });
    if (!additions.uns.empty()) anndata::writeJson(file, "uns", additions.uns);
    return writeStreamed(file, additions.obsmRows, progress);
}

bool isCompound(const Node& root, const std::string& slot) {
    const Result<Node> node = root.has(slot) ? root.child(slot) : Result<Node>(badInput(""));
    return node.ok() && node->isDataset();
}

/// The columns of a table of the oldest kind; none where it is no such table.
Result<std::vector<std::string>> compoundColumns(const Node& root, const std::string& name) {
    if (!isCompound(root, name)) return std::vector<std::string>{};
    TXFM_TRY(const Node frame, root.child(name));
    TXFM_TRY(anndata::TableShape shape, anndata::tableShape(frame));
    return std::move(shape.columns);
}

/// Tables of the oldest kind keep the labels of their categories in uns. Those of rewritten tables are in the tables: AnnData
/// must not find them in uns again, unless a table that stays as it is needs them.
void dropLegacyLabels(hid_t file, const std::vector<std::string>& rewritten, const std::vector<std::string>& kept) {
    const auto guard = hdf5::lock();
    if (rewritten.empty() || H5Lexists(file, "uns", H5P_DEFAULT) <= 0) return;
    const Handle uns(H5Oopen(file, "uns", H5P_DEFAULT));
    if (H5Iget_type(uns) != H5I_GROUP) return;
    for (const std::string& column : rewritten)
        if (std::ranges::find(kept, column) == kept.end()) hdf5::removeMember(uns, column + "_categories");
}

/// Adds columns to a table that is in the file already; a table of the oldest kind (one compound
/// record per row) cannot take columns and is rewritten in the current encoding.
Result<void> addColumns(hid_t file, const Node& root, const std::string& name, const std::vector<Column>& columns) {
    if (columns.empty()) return {};
    std::vector<std::string> order;
    bool legacy = false;
    {
        TXFM_TRY(const Node frame, root.child(name));
        if (!frame.isGroup()) {
            std::vector<std::string> notes;
            TXFM_TRY(Table table, anndata::readTable(frame, root, notes));
            for (const Column& column : columns) table.set(column);
            TXFM_TRY(const std::vector<std::string> rewritten, compoundColumns(root, name));
            TXFM_TRY(const std::vector<std::string> kept, compoundColumns(root, name == "obs" ? "var" : "obs"));
            dropLegacyLabels(file, rewritten, kept);
            hdf5::removeMember(file, name);
            anndata::writeTable(file, name, table);
            return {};
        }
        TXFM_TRY(const anndata::TableShape shape, anndata::tableShape(frame));
        order = shape.columns;
        legacy = frame.attributeText("encoding-version") == "0.1.0" || frame.has("__categories");
    }
    const Handle frame = hdf5::openOrCreateGroup(file, name);
    for (const Column& column : columns) {
        anndata::writeColumn(frame, column, legacy);
        if (std::find(order.begin(), order.end(), column.name) == order.end()) order.push_back(column.name);
    }
    hdf5::writeAttribute(frame, "column-order", order);
    return {};
}

/// The oldest files keep the arrays of a slot as one compound record per row, which cannot take members.
Result<void> modernise(hid_t file, const Node& root, const std::string& slot) {
    if (!root.has(slot)) return {};
    TXFM_TRY(const Node node, root.child(slot));
    if (node.isGroup()) return {};
    TXFM_TRY(const auto arrays, anndata::readArrays(node));
    hdf5::removeMember(file, slot);
    const Handle group = anndata::openMapping(file, slot);
    for (const auto& [key, array] : arrays)
        if (array) anndata::writeDense(group, key, *array);
    return {};
}

/// obs and var as they are stored; tables of older files, whose labels lie elsewhere, in the current encoding. Counts of raw
/// have its genes; where these are the genes of the file (`genesFit`), its var is kept, with what only that of raw tells.
Result<void> copyTables(const Node& root, hid_t file, const Dataset& dataset, const anndata::KeptPart& part, bool genesFit,
                        std::vector<std::string>& notes, Progress& progress) {
    const std::vector<int64_t>*cells = part.cells ? &*part.cells : nullptr, *genes = part.genes ? &*part.genes : nullptr;
    const auto copy = [&](const Node& owner, const std::string& name, const std::vector<int64_t>* kept, const Table& table) -> Result<void> {
        if (owner.has(name)) {
            TXFM_TRY(const Node frame, owner.child(name));
            if (anndata::isModernFrame(frame)) return anndata::copyElement(frame, file, name, kept, nullptr, notes, progress);
        }
        anndata::writeTable(file, name, table);
        return {};
    };
    TXFM_CHECK(copy(root, "obs", cells, dataset.obs));
    if (dataset.provenance.countsIn != "raw.X" || !root.has("raw")) return copy(root, "var", genes, dataset.var);
    TXFM_TRY(const Node raw, root.child("raw"));
    if (!genesFit) return copy(raw, "var", genes, dataset.var);
    TXFM_TRY(const Node var, root.child("var"));
    TXFM_TRY(const Node rawVar, raw.child("var"));
    if (!anndata::isModernFrame(var) || !anndata::isModernFrame(rawVar)) {
        anndata::writeTable(file, "var", dataset.var);
        return {};
    }
    TXFM_CHECK(anndata::copyElement(var, file, "var", genes, nullptr, notes, progress));
    return anndata::copyMissingColumns(rawVar, file, "var", genes, notes, progress);
}

/// A byte for byte copy; the kernel shares or moves the bytes where the file system can.
Result<void> copyFile(const fs::path& from, const fs::path& to, const fs::path& out, Progress& progress) {
    const auto cannot = [&](const fs::path& path, ErrorCode code) {
        const bool reading = code == ErrorCode::BadInput;
        return Error{code, std::string(reading ? "Cannot read " : "Cannot write ") + quoted(path) + ": " + std::strerror(errno) + ".",
                     reading ? "" : hdf5::kCannotStoreHint};
    };
    struct Descriptor {
        int fd;
        ~Descriptor() { if (fd >= 0) ::close(fd); }
    };
    const Descriptor in{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
    if (in.fd < 0) return cannot(from, ErrorCode::BadInput);
    const Descriptor copy{::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (copy.fd < 0) return cannot(out, ErrorCode::Failed);
    struct stat status {};
    if (::fstat(in.fd, &status) != 0) return cannot(from, ErrorCode::BadInput);
    StageProgress stage(progress, "write", static_cast<double>(status.st_size), "bytes");
    std::vector<char> buffer;
    bool kernelCopy = true;
    for (off_t done = 0; done < status.st_size;) {
        if (progress.cancelled()) return cancelledError();
        const size_t want = static_cast<size_t>(std::min<off_t>(status.st_size - done, off_t{32} << 20));
        ssize_t moved = kernelCopy ? ::copy_file_range(in.fd, nullptr, copy.fd, nullptr, want, 0) : -1;
        if (kernelCopy && moved < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) kernelCopy = false;
        if (!kernelCopy) {
            buffer.resize(want);
            moved = ::read(in.fd, buffer.data(), want);
            if (moved < 0 && errno == EINTR) continue;
            if (moved < 0) return cannot(from, ErrorCode::BadInput);
            for (ssize_t put = 0; put < moved;) {
                const ssize_t written = ::write(copy.fd, buffer.data() + put, moved - put);
                if (written < 0 && errno == EINTR) continue;
                if (written < 0) return cannot(out, ErrorCode::Failed);
                put += written;
            }
        }
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return cannot(out, ErrorCode::Failed);
        if (moved == 0) break;
        done += moved;
        stage.set(static_cast<double>(done));
    }
    return {};
}

}  // namespace

Result<void> writeH5ad(const fs::path& out, const Dataset& dataset, const H5adAdditions& additions, Progress& progress) {
    TXFM_CHECK(checkSizes(additions, dataset.cells(), dataset.genes(), out.string()));
    TXFM_TRY(AtomicFile target, AtomicFile::create(out));
    TXFM_CHECK(hdf5::writing(out, [&]() -> Result<void> {
        Handle file = hdf5::createFile(target.temporaryPath());
        const Handle root(H5Gopen2(file, "/", H5P_DEFAULT));
        anndata::writeEncoding(root, "anndata", "0.1.0");
        for (const char* mapping : {"layers", "obsm", "obsp", "uns", "varm", "varp"}) anndata::openMapping(file, mapping);
        Table obs = dataset.obs, var = dataset.var;
        H5adAdditions all = additions;
        addMeasuredSlots(dataset, all);
        for (const Column& column : all.obs) obs.set(column);
        for (const Column& column : all.var) var.set(column);
        anndata::writeTable(file, "obs", obs);
        anndata::writeTable(file, "var", var);
        TXFM_CHECK(anndata::writeCounts(file, "X", *dataset.counts, progress));
        all.obsm.insert(dataset.obsm.begin(), dataset.obsm.end());
        all.varm.insert(dataset.varm.begin(), dataset.varm.end());
        TXFM_CHECK(writeSlots(file, all, progress));
        hdf5::closeWritten(file);
        return {};
    }));
    return target.commit();
}

namespace {

/// A copy takes as much as its part of the original, about; known before the work, and before the library meets a full disk.
Result<void> checkRoom(const Node& source, const fs::path& out, int64_t cells) {
    TXFM_TRY(const Node obs, source.child("obs"));
    TXFM_TRY(const anndata::TableShape shape, anndata::tableShape(obs));
    std::error_code error;
    const auto whole = static_cast<double>(fs::file_size(source.file(), error));
    const fs::path folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
    const fs::space_info disk = fs::space(folder, error);
    const double needed = whole * static_cast<double>(cells) / static_cast<double>(std::max<int64_t>(1, shape.rows));
    if (error || needed <= static_cast<double>(disk.available)) return {};
    const auto megabytes = [](double bytes) { return std::to_string(static_cast<int64_t>(std::ceil(bytes / 1e6))); };
    return failed("Cannot write " + quoted(out) + ": it takes about " + megabytes(needed) + " MB, and the disk has only " +
                      std::to_string(disk.available / 1'000'000) + " MB left.",
                  "Make room, or name a place on another disk.");
}

}  // namespace

Result<std::vector<std::string>> rewriteH5ad(const fs::path& out, const Dataset& dataset, const anndata::KeptPart& part,
                                             const H5adAdditions& additions, Progress& progress) {
    if (dataset.provenance.format != "h5ad") {
        TXFM_CHECK(writeH5ad(out, dataset, additions, progress));
        return std::vector<std::string>{};
    }
    TXFM_CHECK(checkSizes(additions, dataset.cells(), dataset.genes(), out.string()));
    const fs::path& in = dataset.provenance.path;
    TXFM_TRY(const Node source, Node::open(in));
    TXFM_CHECK(checkRoom(source, out, dataset.cells()));
    TXFM_TRY(AtomicFile target, AtomicFile::create(out));
    const WritingMark mark(out, target.temporaryPath());
    std::vector<std::string> notes;
    TXFM_CHECK(hdf5::guarded(in.string(), [&] {
        return hdf5::writing(out, [&]() -> Result<void> {
            Handle file = hdf5::createFile(target.temporaryPath());
            const Node root(Handle(H5Gopen2(file, "/", H5P_DEFAULT)), out.string(), "/");
            anndata::writeEncoding(root.id(), "anndata", "0.1.0");
            for (const char* mapping : {"layers", "obsm", "obsp", "uns", "varm", "varp"}) anndata::openMapping(file, mapping);
            TXFM_TRY(const bool genesFit, anndata::hasGenesOf(source, dataset.provenance.countsIn));
            TXFM_CHECK(copyTables(source, file, dataset, part, genesFit, notes, progress));
            TXFM_CHECK(anndata::writeCounts(file, "X", *dataset.counts, progress));
            TXFM_CHECK(anndata::copySlots(source, file, part, dataset.provenance.countsIn, genesFit, notes, progress));
            H5adAdditions all = additions;
            addMeasuredSlots(dataset, all);
            if (isCompound(source, "obsm")) all.obsm.insert(dataset.obsm.begin(), dataset.obsm.end());
            if (genesFit && isCompound(source, "varm")) all.varm.insert(dataset.varm.begin(), dataset.varm.end());
            for (const char* table : {"obs", "var"}) {
                TXFM_TRY(const std::vector<std::string> rewritten, compoundColumns(source, table));
                dropLegacyLabels(file, rewritten, {});
            }
            TXFM_CHECK(addColumns(file, root, "obs", all.obs));
            TXFM_CHECK(addColumns(file, root, "var", all.var));
            TXFM_CHECK(writeSlots(file, all, progress));
            hdf5::closeWritten(file);
            return {};
        });
    }));
    TXFM_CHECK(target.commit());
    return notes;
}

Result<void> addToH5ad(const fs::path& in, const fs::path& out, const H5adAdditions& additions, Progress& progress) {
    {
        TXFM_TRY(const Node root, Node::open(in));
        TXFM_TRY(const Node obs, root.child("obs"));
        TXFM_TRY(const Node var, root.child("var"));
        TXFM_TRY(const anndata::TableShape cells, anndata::tableShape(obs));
        TXFM_TRY(const anndata::TableShape genes, anndata::tableShape(var));
        TXFM_CHECK(checkSizes(additions, cells.rows, genes.rows, in.string()));
    }
    TXFM_TRY(AtomicFile target, AtomicFile::create(out));
    TXFM_CHECK(copyFile(in, target.temporaryPath(), out, progress));
    TXFM_CHECK(hdf5::writing(out, [&]() -> Result<void> {
        Handle file = hdf5::openForWriting(target.temporaryPath());
        {
            const Node root(Handle(H5Gopen2(file, "/", H5P_DEFAULT)), in.string(), "/");
            TXFM_CHECK(addColumns(file, root, "obs", additions.obs));
            TXFM_CHECK(addColumns(file, root, "var", additions.var));
            if (!additions.obsm.empty() || !additions.obsmRows.empty()) TXFM_CHECK(modernise(file, root, "obsm"));
            if (!additions.varm.empty()) TXFM_CHECK(modernise(file, root, "varm"));
            TXFM_CHECK(writeSlots(file, additions, progress));
        }
        hdf5::closeWritten(file);
        return {};
    }));
    return target.commit();
}

Result<void> saveResults(const fs::path& out, const Dataset& dataset, const H5adAdditions& additions, Progress& progress) {
    if (dataset.provenance.format == "h5ad") {
        TXFM_TRY(const Node root, Node::open(dataset.provenance.path));
        TXFM_TRY(const Node obs, root.child("obs"));
        TXFM_TRY(const Node var, root.child("var"));
        TXFM_TRY(const anndata::TableShape cells, anndata::tableShape(obs));
        TXFM_TRY(const anndata::TableShape genes, anndata::tableShape(var));
        // A subset, or counts of raw with other genes, no longer fits the file it came from.
        const bool genesFit = genes.rows == dataset.genes() || (additions.var.empty() && additions.varm.empty());
        if (cells.rows == dataset.cells() && genesFit) return addToH5ad(dataset.provenance.path, out, additions, progress);
    }
    return writeH5ad(out, dataset, additions, progress);
}

}  // namespace txfm::io
