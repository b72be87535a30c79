// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/dataset_copy.h"

#include <string>
#include <system_error>

#include "core/io/h5ad_writer.h"
#include "core/io/packed_cache.h"
#include "core/io/packed_store.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

/// Key in uns of the tables.
constexpr const char* kOrigin = "txfm_copy";

/// Names what was asked of the reader, as part of the identity.
std::string requestOf(const ReadOptions& options) {
    return "opened " + options.countsIn + (options.genome.empty() ? "" : " of " + options.genome) + (options.allowNormalised ? " normalised" : "");
}

/// Stands for the counts in the tables.
class NoCounts final : public CountSource {
public:
    NoCounts(int64_t cells, int64_t genes) : m_cells(cells), m_genes(genes) {}
    int64_t cells() const override { return m_cells; }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override { return 0; }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override { return empty(end - begin); }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override { return empty(static_cast<int64_t>(rows.size())); }

private:
    CsrMatrix empty(int64_t rows) const {
        CsrMatrix block;
        block.rows = rows;
        block.cols = m_genes;
        block.indptr.assign(static_cast<size_t>(rows) + 1, 0);
        return block;
    }
    int64_t m_cells, m_genes;
};

nlohmann::json toJson(const Provenance& provenance, const std::string& identity) {
    return {{"of", identity},
            {"format", provenance.format},
            {"counts_in", provenance.countsIn},
            {"values", static_cast<int>(provenance.valueKind)},
            {"notes", provenance.notes}};
}

Provenance fromJson(const nlohmann::json& json) {
    Provenance provenance;
    provenance.format = json.at("format");
    provenance.countsIn = json.at("counts_in");
    provenance.valueKind = static_cast<ValueKind>(json.at("values").get<int>());
    provenance.notes = json.at("notes");
    return provenance;
}

Result<void> writeTables(const fs::path& file, const std::string& identity, const Dataset& dataset, Progress& progress) {
    Dataset tables = dataset;
    tables.counts = std::make_shared<NoCounts>(dataset.cells(), dataset.genes());
    H5adAdditions additions;
    // As one text: notes may be empty, and a user's file has any characters.
    additions.uns[kOrigin] = toJson(dataset.provenance, identity).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    std::error_code ec;
    fs::create_directories(file.parent_path(), ec);
    return writeH5ad(file, tables, additions, progress);
}

std::optional<Dataset> readTables(const fs::path& file, const std::string& identity, std::shared_ptr<const CountSource> counts) {
    const auto stored = readUns(file, kOrigin);
    if (!stored || !stored->is_string()) return {};
    const auto origin = nlohmann::json::parse(stored->get<std::string>(), nullptr, false);
    if (!origin.is_object() || origin.value("of", "") != identity) return {};
    ReadOptions options;
    options.allowNormalised = true;
    options.packed = counts;
    Progress silent;
    const auto reader = ReaderRegistry::instance().find(file);
    auto dataset = reader ? (*reader)->open(file, options, silent) : Result<Dataset>(reader.error());
    if (!dataset || dataset->counts != counts) return {};
    try {
        dataset->provenance = fromJson(origin);
    } catch (const nlohmann::json::exception&) {
        return {};
    }
    return std::move(*dataset);
}

}  // namespace

std::optional<Dataset> openDatasetCopy(const Reader& reader, const fs::path& path, const ReadOptions& options) {
    const std::string request = requestOf(options);
    const fs::path file = packedStorePath(path, request);
    std::error_code ec;
    if (!fs::exists(file, ec)) return {};
    const auto identity = packedIdentity(path, request, reader.sources(path));
    if (!identity) return {};
    auto store = PackedStore::open(file, *identity);
    if (!store) return {};
    auto dataset = readTables(tablesBeside(file), *identity, std::move(*store));
    if (dataset) dataset->provenance.path = path.string();
    return dataset;
}

Result<void> makeDatasetCopy(const Reader& reader, const fs::path& path, const ReadOptions& options, Dataset& dataset, Progress& progress) {
    const std::string request = requestOf(options);
    const fs::path file = packedStorePath(path, request), tables = tablesBeside(file);
    TXFM_TRY(const std::string identity, packedIdentity(path, request, reader.sources(path)));
    // Where these options leave something out, the next opening reads the file again.
    const bool whole = options.readArrays && !options.countsLater;
    std::error_code ignored;
    fs::remove(tables, ignored);
    if (whole) TXFM_CHECK(writeTables(tables, identity, dataset, progress));
    auto store = makePackedStore(file, identity, *dataset.counts, progress);
    if (!store) {
        fs::remove(tables, ignored);
        return store.error();
    }
    dataset.counts = std::move(*store);
    return {};
}

}  // namespace txfm::io
