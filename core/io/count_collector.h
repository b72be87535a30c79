// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/count_builder.h"
#include "core/io/scratch_file.h"

namespace txfm::io {

/// What all values of a matrix have in common.
struct ValueRange {
    bool whole = true, negative = false;
    float largest = 0;
    int64_t nonFiniteCell = -1;  ///< a cell with NaN or infinity, -1 = none

    void add(float value, int64_t cell) {
        if (!std::isfinite(value)) {
            nonFiniteCell = cell;
            return;
        }
        negative |= value < 0;
        whole &= value == std::floor(value);
        largest = std::max(largest, value);
    }
    ValueKind kind() const;
};

/// A finished collection.
struct CollectedCounts {
    std::shared_ptr<const CountSource> counts;  ///< rows canonical: columns ascending, no zeros, duplicates summed
    ValueRange range;
    int64_t duplicates = 0;  ///< entries that were given twice; only known for counts in memory
};

/// Takes the values of a count file in any order, for readers whose format cannot be read by cells. Sixteen million of them
/// are held; beyond, they are sorted by groups of neighbouring cells into a scratch file in the cache folder (about four
/// bytes a value). They end as a matrix in memory where memoryForCounts() allows, else rows are read from the scratch file.
/// Peak memory beside that matrix: about 400 MB. Thread: one.
class CountCollector {
public:
    /// `token` ends the sorting of a segment.
    explicit CountCollector(CancelToken token);
    CountCollector(CountCollector&&) = default;

    /// Cell and gene are 0-based and below what finish() is told. Zeros are ignored. False when the scratch file cannot be
    /// written or the work was cancelled: status() says why.
    [[nodiscard]] bool add(int32_t cell, int32_t gene, float value) {
        if (value == 0) return true;
        m_range.add(value, cell);
        m_entries.push_back({cell, gene, value});
        return m_entries.size() < m_limit || makeRoom();
    }
    const Result<void>& status() const { return m_status; }
    Result<CollectedCounts> finish(int64_t cells, int64_t genes);

private:
    bool makeRoom();
    Result<void> spill();

    CancelToken m_token;
    std::vector<CountEntry> m_entries, m_sorted;
    size_t m_limit;
    std::optional<ScratchFile> m_scratch;
    struct Extent {
        uint64_t at;
        size_t size;
    };
    std::vector<std::vector<Extent>> m_groups;
    int64_t m_spilled = 0;
    ValueRange m_range;
    Result<void> m_status;
    friend class CollectedRows;
};

/// checkValues() for a collection: NaN and infinities are BadInput; sets provenance.valueKind, with a note where the values
/// are not counts or entries were given twice.
Result<void> checkValues(const CollectedCounts& counts, const std::filesystem::path& path, Provenance& provenance);

}  // namespace txfm::io
