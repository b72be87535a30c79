// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/sysinfo.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <system_error>

#include "core/base/memory.h"
#include "core/base/parallel.h"
#include "core/base/readable.h"
#include "core/io/dataset_copy.h"
#include "core/io/hdf5_trial.h"
#include "core/io/packed_cache.h"
#include "core/io/packed_store.h"
#include "core/io/reader.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMostForCounts = int64_t{3} << 29;  // 1.5 GiB
/// Counts in memory take at most this many times their file (gzip at its best); smaller files are not worth a look
/// at their headers first.
constexpr int64_t kMostGrowth = 256;

/// Free memory in bytes: what is available, else what is unused, else the limit itself.
int64_t freeMemory() {
    if (const auto available = availableMemory()) return static_cast<int64_t>(*available);
    struct sysinfo info {};
    return ::sysinfo(&info) == 0 ? static_cast<int64_t>(info.freeram) * info.mem_unit : kMostForCounts;
}

/// Bytes of the counts in memory: index and value of each non-zero, a pointer for each row.
int64_t sizeInMemory(const FileInfo& info) {
    constexpr double kShareStored = 0.15;  // of a dense matrix of counts, which does not say
    const double values = info.nonZeros >= 0 ? static_cast<double>(info.nonZeros)
                                             : kShareStored * static_cast<double>(info.cells) * static_cast<double>(info.genes);
    return static_cast<int64_t>(8 * values) + 8 * info.cells;
}

void announcePacking(double bytes, Progress& progress) {
    constexpr double kSecondsPerByte = 6e-9;  // of the counts in memory, on one core of a server of 2024
    progress.message(MessageLevel::Info, "The counts would take " + readableBytes(bytes) + " of memory, so a packed copy of about " +
                                             readableBytes(bytes * 3 / 8) + " is made in the cache folder in about " +
                                             readableDuration(bytes * kSecondsPerByte / threadCount()) + "; the next time it is opened at once.");
}

struct Placement {
    bool pack = false;                ///< too large for memory
    int64_t bytes = 0;                ///< in memory
    std::shared_ptr<const CountSource> packed;  ///< the current copy, if there is one
};

Placement choosePlacement(const Reader& reader, const fs::path& path, const ReadOptions& options) {
    Placement placement;
    std::error_code ec;
    if (!reader.leavesInFile() || !fs::is_regular_file(path, ec)) return placement;
    if (static_cast<int64_t>(fs::file_size(path, ec)) < memoryForCounts() / kMostGrowth) return placement;
    const Result<FileInfo> info = reader.info(path, options);
    if (!info) return placement;  // opening says what is wrong
    placement.bytes = sizeInMemory(*info);
    placement.pack = options.keepInMemory && placement.bytes > memoryForCounts();
    if (!placement.pack && options.keepInMemory) return placement;
    const Result<std::string> identity = packedIdentity(path, info->countsIn);
    if (!identity) return placement;
    if (auto store = PackedStore::open(packedStorePath(path, info->countsIn), *identity); store.ok()) placement.packed = std::move(*store);
    return placement;
}

}  // namespace

int64_t memoryForCounts() {
    if (const char* text = std::getenv("TXFM_MEMORY_FOR_COUNTS"); text && *text) {
        char* end = nullptr;
        const long long mib = std::strtoll(text, &end, 10);
        if (*end == '\0' && mib >= 0 && mib < (1LL << 40)) return static_cast<int64_t>(mib) << 20;
    }
    return std::min(kMostForCounts, freeMemory() / 3);
}

Result<Dataset> openDataset(const fs::path& path, const ReadOptions& options, Progress& progress) {
    for (const std::string& warning : ReaderRegistry::instance().takeWarnings()) progress.message(MessageLevel::Warning, warning);
    removeAbandonedCopies();
    if (hasPackedStore(path)) hdf5::rememberPassed(path);
    TXFM_TRY(const Reader* reader, ReaderRegistry::instance().find(path, &progress.token()));
    if (!reader->leavesInFile())
        if (auto copy = openDatasetCopy(*reader, path, options)) return std::move(*copy);
    const Placement placement = choosePlacement(*reader, path, options);
    ReadOptions chosen = options;
    chosen.packed = placement.packed;
    chosen.keepInMemory = options.keepInMemory && !placement.pack && !placement.packed;
    if (placement.pack && !placement.packed)
        announcePacking(static_cast<double>(placement.bytes), progress);
    TXFM_TRY(Dataset dataset, reader->open(path, chosen, progress));
    if (dataset.counts->inMemory() || !options.keepInMemory || placement.packed) return dataset;
    if (!placement.pack) {
        // The format cannot be read by cells; what its reader gathered on disk is too slow for random rows.
        announcePacking(8.0 * static_cast<double>(dataset.counts->nonZeros()), progress);
        TXFM_CHECK(makeDatasetCopy(*reader, path, options, dataset, progress));
        return dataset;
    }
    TXFM_TRY(dataset.counts, openOrMakePackedStore(path, dataset.provenance.countsIn, *dataset.counts, progress));
    return dataset;
}

}  // namespace txfm::io
