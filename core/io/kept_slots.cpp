// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/kept_slots.h"

#include <algorithm>
#include <tuple>

#include "core/io/anndata_elements.h"
#include "core/io/anndata_writing.h"
#include "core/io/count_loader.h"
#include "core/io/hdf5_copying.h"

namespace txfm::io::anndata {
namespace {

using hdf5::Handle;
using hdf5::PackedWriter;
using hdf5::Positions;

Handle openCopy(const Node& node, hid_t parent, const std::string& name) {
    Handle group = hdf5::openOrCreateGroup(parent, name);
    hdf5::copyAttributes(node.id(), group);
    return group;
}

/// Writes whole numbers in the width they had.
class IndexWriter {
public:
    IndexWriter(hid_t parent, const std::string& name, const Node& like) {
        if (like.type().size <= sizeof(int32_t))
            m_narrow.emplace(parent, name);
        else
            m_wide.emplace(parent, name);
    }
    void append(const std::vector<int64_t>& values) {
        if (m_wide) return m_wide->append(values);
        const std::vector<int32_t> narrow(values.begin(), values.end());
        m_narrow->append(narrow);
    }
    void finish() { m_wide ? m_wide->finish() : m_narrow->finish(); }

private:
    std::optional<PackedWriter<int32_t>> m_narrow;
    std::optional<PackedWriter<int64_t>> m_wide;
};

/// A compressed matrix along its outer axis (rows of csr, columns of csc).
struct Compressed {
    Node data, indices;
    std::vector<int64_t> pointers;
};

Result<Compressed> openCompressed(const Node& node, const MatrixHeader& header) {
    TXFM_TRY(Node data, node.child("data"));
    TXFM_TRY(Node indices, node.child("indices"));
    TXFM_TRY(const Node pointerNode, node.child("indptr"));
    TXFM_CHECK(data.checkReadable());
    TXFM_CHECK(indices.checkReadable());
    const int64_t outer = header.layout == MatrixLayout::CompressedRows ? header.rows : header.cols;
    TXFM_TRY(std::vector<int64_t> pointers, readPointers(pointerNode, outer, std::min(data.elements(), indices.elements())));
    return Compressed{std::move(data), std::move(indices), std::move(pointers)};
}

/// The values are moved as bytes (T has their size), so that any number type stays what it is.
template <class T>
Result<void> copyCompressed(const Node& node, hid_t parent, const std::string& name, Positions rows, Positions cols, Progress& progress) {
    TXFM_TRY(const MatrixHeader header, readMatrixHeader(node));
    TXFM_TRY(const Compressed matrix, openCompressed(node, header));
    const bool byRow = header.layout == MatrixLayout::CompressedRows;
    const Positions outer = byRow ? rows : cols, inner = byRow ? cols : rows;
    const int64_t outerSize = byRow ? header.rows : header.cols, innerSize = byRow ? header.cols : header.rows;
    std::vector<int64_t> innerTarget;
    if (inner) {
        innerTarget.assign(static_cast<size_t>(innerSize), -1);
        for (size_t i = 0; i < inner->size(); ++i) innerTarget[static_cast<size_t>((*inner)[i])] = static_cast<int64_t>(i);
    }
    const auto count = outer ? static_cast<int64_t>(outer->size()) : outerSize;
    const auto position = [&](int64_t i) { return outer ? (*outer)[static_cast<size_t>(i)] : i; };

    const Handle group = openCopy(node, parent, name);
    writeEncoding(group, byRow ? "csr_matrix" : "csc_matrix", "0.1.0");
    const int64_t innerCount = inner ? static_cast<int64_t>(inner->size()) : innerSize;
    const std::vector<int64_t> shape = byRow ? std::vector{count, innerCount} : std::vector{innerCount, count};
    hdf5::writeAttribute(group, "shape", std::span<const int64_t>(shape));
    Handle type;
    {
        const auto guard = hdf5::lock();
        type = Handle(H5Dget_type(matrix.data.id()));
    }
    PackedWriter<T> values(group, "data", type);
    IndexWriter indices(group, "indices", matrix.indices);
    TXFM_TRY(const Node pointerNode, node.child("indptr"));
    IndexWriter pointers(group, "indptr", pointerNode);

    constexpr int64_t kBlockValues = int64_t{1} << 20;
    std::vector<int64_t> blockIndices, keptIndices, ends{0};
    std::vector<T> blockValues, keptValues;
    int64_t stored = 0;
    for (int64_t i = 0; i < count;) {
        if (progress.cancelled()) return cancelledError();
        const int64_t begin = matrix.pointers[position(i)];
        int64_t end = i + 1;
        while (end < count && matrix.pointers[position(end) + 1] - begin <= kBlockValues) ++end;
        const int64_t length = matrix.pointers[position(end - 1) + 1] - begin;
        blockIndices.resize(static_cast<size_t>(length));
        blockValues.resize(static_cast<size_t>(length));
        TXFM_CHECK(matrix.indices.readRange(begin, length, blockIndices.data()));
        TXFM_CHECK(hdf5::readBytes(matrix.data, begin, length, reinterpret_cast<uint8_t*>(blockValues.data())));
        keptIndices.clear();
        keptValues.clear();
        for (int64_t line = i; line < end; ++line) {
            for (int64_t at = matrix.pointers[position(line)] - begin; at < matrix.pointers[position(line) + 1] - begin; ++at) {
                const int64_t index = blockIndices[at];
                if (index < 0 || index >= innerSize)
                    return badInput(matrix.indices.where() + " points to position " + std::to_string(index) + " of " + std::to_string(innerSize) +
                                    "; the file is damaged.");
                const int64_t target = inner ? innerTarget[index] : index;
                if (target < 0) continue;
                keptIndices.push_back(target);
                keptValues.push_back(blockValues[at]);
            }
            ends.push_back(stored + static_cast<int64_t>(keptIndices.size()));
        }
        stored += static_cast<int64_t>(keptIndices.size());
        indices.append(keptIndices);
        values.append(keptValues);
        pointers.append(ends);
        ends.clear();
        i = end;
    }
    pointers.append(ends);
    values.finish();
    indices.finish();
    pointers.finish();
    return {};
}

Result<void> copySparse(const Node& node, hid_t parent, const std::string& name, Positions rows, Positions cols,
                        std::vector<std::string>& notes, Progress& progress) {
    TXFM_TRY(const Node data, node.child("data"));
    switch (data.type().size) {
        case 1: return copyCompressed<uint8_t>(node, parent, name, rows, cols, progress);
        case 2: return copyCompressed<uint16_t>(node, parent, name, rows, cols, progress);
        case 4: return copyCompressed<uint32_t>(node, parent, name, rows, cols, progress);
        case 8: return copyCompressed<uint64_t>(node, parent, name, rows, cols, progress);
        default: notes.push_back(node.path() + " was left out: its number type cannot be cut to the kept part."); return {};
    }
}

Result<void> copyMembers(const Node& node, hid_t parent, const std::string& name, Positions rows, const std::vector<std::string>& uncut,
                         std::vector<std::string>& notes, Progress& progress) {
    const Handle group = openCopy(node, parent, name);
    for (const std::string& member : node.children()) {
        TXFM_TRY(const Node child, node.child(member));
        TXFM_CHECK(copyElement(child, group, member, std::ranges::count(uncut, member) ? nullptr : rows, nullptr, notes, progress));
    }
    return {};
}

/// A mapping (layers, obsm …); the oldest files have one compound record instead, which openDataset reads.
Result<void> copyMapping(const Node& root, hid_t file, const std::string& slot, Positions rows, Positions cols, std::vector<std::string>& notes,
                         Progress& progress) {
    if (!root.has(slot)) return {};
    TXFM_TRY(const Node node, root.child(slot));
    if (!node.isGroup()) return {};
    const Handle group = openMapping(file, slot);
    for (const std::string& key : node.children()) {
        const Result<Node> child = node.child(key);
        if (!child) {
            notes.push_back(slot + "['" + key + "'] was left out: " + child.error().message);
            continue;
        }
        TXFM_CHECK(copyElement(*child, group, key, rows, cols, notes, progress));
    }
    return {};
}

Result<void> copyRaw(const Node& root, hid_t file, Positions cells, std::vector<std::string>& notes, Progress& progress) {
    if (root.has("raw.X")) notes.push_back("raw was left out: it has the form of files written before AnnData 0.7.");
    if (!root.has("raw")) return {};
    TXFM_TRY(const Node raw, root.child("raw"));
    if (!raw.isGroup()) return {};
    const Handle group = openCopy(raw, file, "raw");
    for (const std::string& member : raw.children()) {
        TXFM_TRY(const Node child, raw.child(member));
        TXFM_CHECK(copyElement(child, group, member, member == "X" ? cells : nullptr, nullptr, notes, progress));
    }
    return {};
}

}  // namespace

bool isModernFrame(const Node& node) {
    return node.isGroup() && node.attributeText("encoding-version") != "0.1.0" && !node.has("__categories");
}

Result<void> copyElement(const Node& node, hid_t parent, const std::string& name, const std::vector<int64_t>* rows, const std::vector<int64_t>* cols,
                         std::vector<std::string>& notes, Progress& progress) {
    const std::string encoding = node.attributeText("encoding-type");
    const bool sparse = node.isGroup() && (encoding == "csr_matrix" || encoding == "csc_matrix" || node.hasAttribute("h5sparse_format"));
    if (!rows && !cols) {
        if (!sparse) return hdf5::copyObject(node, parent, name, progress);
        const Handle group = openCopy(node, parent, name);
        for (const std::string& member : node.children()) {
            TXFM_TRY(const Node child, node.child(member));
            TXFM_CHECK(hdf5::copyObject(child, group, member, progress));
        }
        return {};
    }
    if (node.isDataset()) return hdf5::copySelected(node, parent, name, rows, cols, progress);
    if (sparse) return copySparse(node, parent, name, rows, cols, notes, progress);
    if (encoding == "categorical") return copyMembers(node, parent, name, rows, {"categories"}, notes, progress);
    if (encoding.starts_with("nullable-")) return copyMembers(node, parent, name, rows, {}, notes, progress);
    if (encoding == "dataframe" && isModernFrame(node)) return copyMembers(node, parent, name, rows, {}, notes, progress);
    notes.push_back(node.path() + " was left out: the encoding '" + (encoding.empty() ? "unknown" : encoding) + "' cannot be cut to the kept part.");
    return {};
}

Result<void> copyMissingColumns(const Node& table, hid_t parent, const std::string& name, Positions rows, std::vector<std::string>& notes,
                                Progress& progress) {
    const Node copy(hdf5::openOrCreateGroup(parent, name), table.file(), "/" + name);
    TXFM_TRY(const TableShape has, tableShape(copy));
    TXFM_TRY(const TableShape wanted, tableShape(table));
    std::vector<std::string> order = has.columns;
    for (const std::string& column : wanted.columns) {
        if (copy.has(column)) continue;
        TXFM_TRY(const Node child, table.child(column));
        TXFM_CHECK(copyElement(child, copy.id(), column, rows, nullptr, notes, progress));
        if (copy.has(column)) order.push_back(column);
    }
    if (order.size() > has.columns.size()) hdf5::writeAttribute(copy.id(), "column-order", order);
    return {};
}

Result<void> copySlots(const Node& root, hid_t file, const KeptPart& part, const std::string& countsIn, bool genesFit,
                       std::vector<std::string>& notes, Progress& progress) {
    const Positions cells = part.cells ? &*part.cells : nullptr, genes = part.genes ? &*part.genes : nullptr;
    TXFM_CHECK(copyMapping(root, file, "obsm", cells, nullptr, notes, progress));
    TXFM_CHECK(copyMapping(root, file, "obsp", cells, cells, notes, progress));
    TXFM_CHECK(copyMapping(root, file, "uns", nullptr, nullptr, notes, progress));
    if (genesFit) {
        TXFM_CHECK(copyMapping(root, file, "layers", cells, genes, notes, progress));
        TXFM_CHECK(copyMapping(root, file, "varm", genes, nullptr, notes, progress));
        TXFM_CHECK(copyMapping(root, file, "varp", genes, genes, notes, progress));
    } else {
        notes.push_back("X, layers, varm and varp were left out: the counts come from raw.X, which has other genes.");
    }
    if (countsIn == "raw.X")
        notes.push_back("raw was left out: X holds its counts now.");
    else
        TXFM_CHECK(copyRaw(root, file, cells, notes, progress));
    if (countsIn == "X" || !genesFit || !root.has("X")) return {};
    TXFM_TRY(const Node former, root.child("X"));
    if (former.attributeText("encoding-type") == "null") return {};
    const Handle layers = openMapping(file, "layers");
    if (H5Lexists(layers, "original_X", H5P_DEFAULT) > 0) {
        notes.push_back("X holds the counts of " + countsIn + " now; what X held before was left out, since the file has a layers['original_X'] already.");
        return {};
    }
    TXFM_CHECK(copyElement(former, layers, "original_X", cells, genes, notes, progress));
    notes.push_back("X holds the counts of " + countsIn + " now; what X held before is in layers['original_X'].");
    return {};
}

}  // namespace txfm::io::anndata
