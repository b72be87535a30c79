// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/transposed_columns.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/io/grouped_rows.h"
#include "core/io/packed_rows.h"
#include "core/io/streamed_counts.h"

namespace txfm::io {
namespace {

using hdf5::Node;

constexpr int64_t kSegment = int64_t{4} << 20;
/// Values of a group when it is turned: 16 bytes each, so a quarter of a GiB.
constexpr int64_t kGroupValues = int64_t{16} << 20;
constexpr size_t kBufferBytes = size_t{256} << 10;

/// Before each packed run of cells that share a gene and a group.
struct RunHeader {
    uint32_t gene, count, bytes;
};

bool isCount(float value) { return value >= 0 && value <= 3e38f && value == std::floor(value); }

}  // namespace

TransposedColumns::TransposedColumns(Node data, Node indices, std::vector<int64_t> pointers, int64_t cells, int64_t genes,
                                     bool requireCounts, std::filesystem::path scratch, CancelToken token)
    : m_data(std::move(data)), m_indices(std::move(indices)), m_pointers(std::move(pointers)), m_cells(cells), m_genes(genes),
      m_stored(m_pointers.back()), m_cellsPerGroup(std::clamp<int64_t>(kGroupValues / std::max<int64_t>(1, m_stored / std::max<int64_t>(1, cells)), 64, kNarrowColumns)),
      m_requireCounts(requireCounts), m_folder(std::move(scratch)), m_token(std::move(token)),
      m_groups(static_cast<size_t>((cells + m_cellsPerGroup - 1) / m_cellsPerGroup)) {}

Result<void> TransposedColumns::prepare(Progress& progress) const {
    const std::lock_guard guard(m_mutex);
    if (m_scratch) return {};
    TXFM_TRY(ScratchFile scratch, ScratchFile::create(m_folder, static_cast<uint64_t>(m_stored) * 4));
    for (std::vector<Extent>& group : m_groups) group.clear();
    TXFM_CHECK(sortIntoGroups(scratch, progress));
    m_scratch.emplace(std::move(scratch));
    return {};
}

Result<void> TransposedColumns::sortIntoGroups(ScratchFile& scratch, Progress& progress) const {
    StageProgress stage(progress, "read", static_cast<double>(m_stored), "values");
    std::vector<std::vector<uint8_t>> buffers(m_groups.size());
    const auto flush = [&](size_t group) -> Result<void> {
        TXFM_TRY(const uint64_t at, scratch.append(buffers[group].data(), buffers[group].size()));
        m_groups[group].push_back({at, buffers[group].size()});
        buffers[group].clear();
        return {};
    };
    std::vector<int32_t> cellOf(static_cast<size_t>(std::min(kSegment, m_stored)));
    std::vector<float> values(cellOf.size());
    int64_t gene = 0;
    for (int64_t begin = 0; begin < m_stored; begin += kSegment) {
        if (progress.cancelled()) return cancelledError();
        const int64_t count = std::min(kSegment, m_stored - begin);
        TXFM_CHECK(m_indices.readRange(begin, count, cellOf.data()));
        TXFM_CHECK(m_data.readRange(begin, count, values.data()));
        for (int64_t i = 0; i < count; ++i) {
            if (cellOf[i] < 0 || cellOf[i] >= m_cells)
                return badInput(m_indices.where() + " has a row index outside 0 to " + std::to_string(m_cells - 1) + "; the file is damaged.",
                                "Download or export the file again.");
            if (!std::isfinite(values[i]) || (m_requireCounts && !isCount(values[i])))
                return badInput(m_data.where() + " holds the value " + std::to_string(values[i]) + " for cell " + std::to_string(cellOf[i] + 1) +
                                ", which is not a count.");
        }
        for (int64_t i = 0; i < count;) {
            while (m_pointers[gene + 1] <= begin + i) ++gene;
            const int64_t geneEnd = std::min(count, m_pointers[gene + 1] - begin);
            const auto group = static_cast<size_t>(cellOf[i] / m_cellsPerGroup);
            const auto first = static_cast<int32_t>(static_cast<int64_t>(group) * m_cellsPerGroup);
            int64_t runEnd = i;
            for (; runEnd < geneEnd && cellOf[runEnd] >= first && cellOf[runEnd] < first + m_cellsPerGroup; ++runEnd) cellOf[runEnd] -= first;
            const auto length = static_cast<size_t>(runEnd - i);
            std::vector<uint8_t>& buffer = buffers[group];
            const size_t at = buffer.size();
            buffer.resize(at + sizeof(RunHeader));
            packRow({cellOf.data() + i, length}, {values.data() + i, length}, false, buffer);
            const RunHeader header{static_cast<uint32_t>(gene), static_cast<uint32_t>(length), static_cast<uint32_t>(buffer.size() - at - sizeof(RunHeader))};
            std::memcpy(buffer.data() + at, &header, sizeof header);
            if (buffer.size() >= kBufferBytes) TXFM_CHECK(flush(group));
            i = runEnd;
        }
        stage.set(static_cast<double>(begin + count));
    }
    for (size_t group = 0; group < buffers.size(); ++group) TXFM_CHECK(flush(group));
    return {};
}

/// Brings a group into m_rows. Genes ascend in its bytes, so filling the rows in their order leaves them sorted.
Result<void> TransposedColumns::turn(int64_t group) const {
    if (m_turned == group) return {};
    m_turned = -1;
    m_rows = {};
    const int64_t cells = std::min(m_cellsPerGroup, m_cells - group * m_cellsPerGroup);
    std::vector<RunHeader> runs;
    std::vector<int32_t> cellOf;
    std::vector<float> values;
    std::vector<int64_t> next(static_cast<size_t>(cells) + 1, 0);
    std::vector<uint8_t> bytes;
    for (const Extent& extent : m_groups[static_cast<size_t>(group)]) {
        bytes.clear();
        TXFM_CHECK(m_scratch->read(extent.at, extent.size, bytes));
        for (size_t at = 0; at < bytes.size();) {
            RunHeader run;
            std::memcpy(&run, bytes.data() + at, sizeof run);
            at += sizeof run;
            const size_t held = cellOf.size();
            cellOf.resize(held + run.count);
            values.resize(held + run.count);
            if (!unpackRow({bytes.data() + at, run.bytes}, run.count, false, cells, cellOf.data() + held, values.data() + held))
                return failed("The intermediate results on disk have changed.", "Start the command again.");
            at += run.bytes;
            for (size_t i = held; i < cellOf.size(); ++i) ++next[static_cast<size_t>(cellOf[i]) + 1];
            runs.push_back(run);
        }
    }
    std::partial_sum(next.begin(), next.end(), next.begin());
    const std::vector<int64_t> first = next;
    m_rows.rows = cells;
    m_rows.cols = m_genes;
    m_rows.indptr.assign(static_cast<size_t>(cells) + 1, 0);
    m_rows.indices.resize(cellOf.size());
    m_rows.values.resize(cellOf.size());
    size_t at = 0;
    for (const RunHeader& run : runs) {
        for (uint32_t i = 0; i < run.count; ++i, ++at) {
            if (values[at] == 0) continue;
            const auto cell = static_cast<size_t>(cellOf[at]);
            const auto gene = static_cast<int32_t>(run.gene);
            int64_t& to = next[cell];
            if (to > first[cell] && m_rows.indices[static_cast<size_t>(to) - 1] == gene) {
                m_rows.values[static_cast<size_t>(to) - 1] += values[at];
            } else {
                m_rows.indices[static_cast<size_t>(to)] = gene;
                m_rows.values[static_cast<size_t>(to++)] = values[at];
            }
        }
    }
    int64_t kept = 0;
    for (int64_t cell = 0; cell < cells; ++cell) {
        for (int64_t from = first[static_cast<size_t>(cell)]; from < next[static_cast<size_t>(cell)]; ++from, ++kept) {
            m_rows.indices[static_cast<size_t>(kept)] = m_rows.indices[static_cast<size_t>(from)];
            m_rows.values[static_cast<size_t>(kept)] = m_rows.values[static_cast<size_t>(from)];
        }
        m_rows.indptr[static_cast<size_t>(cell) + 1] = kept;
    }
    m_rows.indices.resize(static_cast<size_t>(kept));
    m_rows.values.resize(static_cast<size_t>(kept));
    m_turned = group;
    return {};
}

Result<CsrMatrix> TransposedColumns::readRows(int64_t begin, int64_t end) const {
    Progress silent(m_token);
    TXFM_CHECK(prepare(silent));
    const std::lock_guard guard(m_mutex);
    return readGroupedRows(begin, end, m_cells, m_genes, m_cellsPerGroup, [&](int64_t group) -> Result<const CsrMatrix*> {
        TXFM_CHECK(turn(group));
        return &m_rows;
    });
}

Result<CsrMatrix> TransposedColumns::readRowsAt(const std::vector<int64_t>& rows) const { return gatherRows(*this, rows); }

}  // namespace txfm::io
