// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/count_collector.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <numeric>

#include "core/io/count_builder.h"
#include "core/io/grouped_rows.h"
#include "core/io/packed_cache.h"
#include "core/io/packed_rows.h"
#include "core/io/reader.h"
#include "core/io/streamed_counts.h"

namespace txfm::io {
namespace {

constexpr size_t kSegmentEntries = size_t{16} << 20;
/// Entries in memory cost 12 bytes, up to twice that while their list grows, and their matrix 8 more while it is built.
constexpr int64_t kBytesPerEntry = 32;
constexpr int64_t kBytesPerValue = 8;  ///< of the finished matrix
constexpr int32_t kCellsPerGroup = 1024;
/// ln(1 + 10^7): no log1p of values that were scaled to a target of at most ten million exceeds it.
constexpr float kLargestLog1p = 16.2f;

/// Before each packed run: values of one cell within one segment.
struct RunHeader {
    uint32_t cell, count, bytes;
};

}  // namespace

ValueKind ValueRange::kind() const {
    if (nonFiniteCell >= 0) return ValueKind::Unknown;
    if (negative) return ValueKind::Scaled;
    if (whole) return ValueKind::Counts;
    return largest <= kLargestLog1p ? ValueKind::Log1pNormalised : ValueKind::Normalised;
}

ValueKind classifyValues(std::span<const float> values) {
    ValueRange range;
    for (const float value : values) range.add(value, 0);
    return range.kind();
}

/// Rows of a collection in its scratch file. Reading in ascending order is fast, random rows are not.
class CollectedRows final : public CountSource {
public:
    CollectedRows(ScratchFile scratch, std::vector<std::vector<CountCollector::Extent>> groups, int64_t cells, int64_t genes, int64_t stored)
        : m_scratch(std::move(scratch)), m_groups(std::move(groups)), m_cells(cells), m_genes(genes), m_stored(stored) {}
    int64_t cells() const override { return m_cells; }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override { return m_stored; }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override { return gatherRows(*this, rows); }
    Result<CsrMatrix> readAll(const CancelToken& token) const {
        CsrMatrix all;
        all.rows = m_cells;
        all.cols = m_genes;
        all.indptr.reserve(static_cast<size_t>(m_cells) + 1);
        all.indices.reserve(static_cast<size_t>(m_stored));
        all.values.reserve(static_cast<size_t>(m_stored));
        for (int64_t group = 0; group * kCellsPerGroup < m_cells; ++group) {
            if (token.cancelled()) return cancelledError();
            TXFM_CHECK(load(group));
            const int64_t before = all.nnz();
            for (int64_t row = 0; row < m_rows.rows; ++row) all.indptr.push_back(before + m_rows.indptr[row + 1]);
            all.indices.insert(all.indices.end(), m_rows.indices.begin(), m_rows.indices.end());
            all.values.insert(all.values.end(), m_rows.values.begin(), m_rows.values.end());
        }
        return all;
    }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override {
        const std::lock_guard guard(m_mutex);
        return readGroupedRows(begin, end, m_cells, m_genes, kCellsPerGroup, [&](int64_t group) -> Result<const CsrMatrix*> {
            TXFM_CHECK(load(group));
            return &m_rows;
        });
    }

private:
    /// Brings a group of cells into m_rows.
    Result<void> load(int64_t group) const {
        if (m_loaded == group) return {};
        m_loaded = -1;
        const int64_t cells = std::min<int64_t>(kCellsPerGroup, m_cells - group * kCellsPerGroup);
        std::vector<CountEntry> entries;
        std::vector<uint8_t> bytes;
        std::vector<int32_t> genes;
        std::vector<float> values;
        if (group < static_cast<int64_t>(m_groups.size())) {
            for (const CountCollector::Extent& extent : m_groups[static_cast<size_t>(group)]) {
                bytes.clear();
                TXFM_CHECK(m_scratch.read(extent.at, extent.size, bytes));
                for (size_t at = 0; at < bytes.size();) {
                    RunHeader run;
                    std::memcpy(&run, bytes.data() + at, sizeof run);
                    at += sizeof run;
                    genes.resize(run.count);
                    values.resize(run.count);
                    if (!unpackRow({bytes.data() + at, run.bytes}, run.count, true, m_genes, genes.data(), values.data()))
                        return failed("The intermediate results on disk have changed.", "Start the command again.");
                    at += run.bytes;
                    for (uint32_t i = 0; i < run.count; ++i) entries.push_back({static_cast<int32_t>(run.cell), genes[i], values[i]});
                }
            }
        }
        m_rows = buildCsr(cells, m_genes, entries);
        m_loaded = group;
        return {};
    }

    ScratchFile m_scratch;
    std::vector<std::vector<CountCollector::Extent>> m_groups;
    int64_t m_cells, m_genes, m_stored;
    mutable std::mutex m_mutex;
    mutable int64_t m_loaded = -1;  ///< the group in m_rows
    mutable CsrMatrix m_rows;
};

CountCollector::CountCollector(CancelToken token)
    : m_token(std::move(token)),
      m_limit(static_cast<size_t>(std::clamp<int64_t>(memoryForCounts() / kBytesPerEntry, 1024, static_cast<int64_t>(kSegmentEntries)))) {}

bool CountCollector::makeRoom() {
    m_status = [&]() -> Result<void> {
        if (!m_scratch) {
            TXFM_TRY(ScratchFile scratch, ScratchFile::create(packedFolder(), m_entries.size() * 4));
            m_scratch.emplace(std::move(scratch));
        }
        TXFM_CHECK(spill());
        m_entries.clear();
        return {};
    }();
    return m_status.ok();
}

/// Sorts the entries by cell and appends what belongs to each group of cells.
Result<void> CountCollector::spill() {
    const auto byCell = [](const CountEntry& a, const CountEntry& b) { return a.cell < b.cell; };
    if (!std::ranges::is_sorted(m_entries, byCell)) {
        const auto [low, high] = std::ranges::minmax(m_entries, byCell);
        std::vector<size_t> place(static_cast<size_t>(high.cell - low.cell) + 2, 0);
        for (const CountEntry& entry : m_entries) ++place[static_cast<size_t>(entry.cell - low.cell) + 1];
        std::partial_sum(place.begin(), place.end(), place.begin());
        m_sorted.resize(m_entries.size());
        for (const CountEntry& entry : m_entries) m_sorted[place[static_cast<size_t>(entry.cell - low.cell)]++] = entry;
        m_entries.swap(m_sorted);
    }
    const auto first = m_entries.begin(), last = m_entries.end();
    std::vector<uint8_t> bytes;
    std::vector<int32_t> genes;
    std::vector<float> values;
    for (auto at = first; at != last;) {
        if (m_token.cancelled()) return cancelledError();
        const auto group = static_cast<size_t>(at->cell / kCellsPerGroup);
        bytes.clear();
        while (at != last && static_cast<size_t>(at->cell / kCellsPerGroup) == group) {
            const int32_t cell = at->cell;
            genes.clear();
            values.clear();
            for (; at != last && at->cell == cell; ++at) {
                genes.push_back(at->gene);
                values.push_back(at->value);
            }
            const size_t header = bytes.size();
            bytes.resize(header + sizeof(RunHeader));
            packRow(genes, values, true, bytes);
            const RunHeader run{static_cast<uint32_t>(cell % kCellsPerGroup), static_cast<uint32_t>(genes.size()),
                                static_cast<uint32_t>(bytes.size() - header - sizeof(RunHeader))};
            std::memcpy(bytes.data() + header, &run, sizeof run);
        }
        if (m_groups.size() <= group) m_groups.resize(group + 1);
        TXFM_TRY(const uint64_t where, m_scratch->append(bytes.data(), bytes.size()));
        m_groups[group].push_back({where, bytes.size()});
    }
    m_spilled += static_cast<int64_t>(m_entries.size());
    return {};
}

Result<CollectedCounts> CountCollector::finish(int64_t cells, int64_t genes) {
    TXFM_CHECK(m_status);
    CollectedCounts collected;
    collected.range = m_range;
    if (!m_scratch) {
        CsrMatrix matrix = buildCsr(cells, genes, m_entries, &collected.duplicates);
        m_entries = {};
        collected.counts = std::make_shared<MemoryCounts>(std::move(matrix));
        return collected;
    }
    if (!m_entries.empty() && !makeRoom()) return m_status.error();
    m_entries = {};
    m_sorted = {};
    const auto rows = std::make_shared<CollectedRows>(std::move(*m_scratch), std::move(m_groups), cells, genes, m_spilled);
    collected.counts = rows;
    if (kBytesPerValue * m_spilled > memoryForCounts()) return collected;
    TXFM_TRY(CsrMatrix matrix, rows->readAll(m_token));
    collected.duplicates = m_spilled - matrix.nnz();
    collected.counts = std::make_shared<MemoryCounts>(std::move(matrix));
    return collected;
}

Result<void> checkValues(const CollectedCounts& counts, const std::filesystem::path& path, Provenance& provenance) {
    if (counts.range.nonFiniteCell >= 0)
        return badInput("'" + path.string() + "' holds a value that is not a finite number (in cell " + std::to_string(counts.range.nonFiniteCell + 1) + ").",
                        "Export the raw counts again.");
    setValueKind(provenance, counts.range.kind());
    if (counts.duplicates > 0) provenance.notes.push_back(std::to_string(counts.duplicates) + " entries of the matrix were given twice; they are summed.");
    return {};
}

}  // namespace txfm::io
