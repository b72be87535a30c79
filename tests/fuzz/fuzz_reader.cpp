// SPDX-License-Identifier: GPL-3.0-or-later
// One reader, linked into the program: the input becomes a file, which is opened as the library opens it. Broken
// promises of an opened data set end the program as a crash does.
#include <cmath>
#include <cstdlib>

#include "core/base/parallel.h"
#include "core/io/hdf5_trial.h"
#include "core/io/reader.h"
#include "tests/fuzz/scratch.h"

extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry);

namespace {

using namespace txfm;
namespace fs = std::filesystem;

/// Opened in one piece larger files take the time that many small ones bring more out of.
constexpr size_t kLargestInput = size_t{256} << 10;

struct Bench {
    fuzz::Scratch scratch;
    io::ReaderRegistry registry;
    fs::path opened;

    Bench() {
        ::setenv("XDG_CACHE_HOME", scratch.folder().c_str(), 1);
        setThreadCount(1);
        txfmRegisterReaders(registry);
        if (*TXFM_FUZZ_BESIDE) fs::copy(TXFM_FUZZ_BESIDE, scratch.folder());
    }
};

void check(bool promise) {
    if (!promise) std::abort();
}

void checkDataset(const Dataset& data) {
    const int64_t cells = data.cells(), genes = data.genes();
    check(cells > 0 && genes > 0);
    check(static_cast<int64_t>(data.obs.rows()) == cells && static_cast<int64_t>(data.var.rows()) == genes);
    const auto block = data.counts->readRows(0, std::min<int64_t>(cells, 256));
    if (!block) return;
    for (int64_t row = 0; row < block->rows; ++row) {
        int32_t last = -1;
        for (const int32_t column : block->rowIndices(row)) {
            check(column > last && column < genes);
            last = column;
        }
        for (const float value : block->rowValues(row)) check(std::isfinite(value));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Bench bench;
    if (size == 0 || size > kLargestInput) return -1;
    const fs::path path = bench.scratch.write(TXFM_FUZZ_FILE, data, size);
    const std::string head(reinterpret_cast<const char*>(data), std::min<size_t>(size, 64 * 1024));
    // As in the registry: the library itself crashes on some damaged HDF5 files, and is asked in a child first.
    if (head.starts_with("\x89HDF") && !io::hdf5::tryInChild(path)) return 0;
    for (const auto& reader : bench.registry.readers()) {
        if (reader->probe(path, head) == 0) continue;
        Progress silent;
        const auto info = reader->info(path, {});
        check(info || !info.error().message.empty());
        for (const bool keepInMemory : {true, false}) {
            io::ReadOptions options;
            options.keepInMemory = keepInMemory;
            options.allowNormalised = !keepInMemory;
            const auto dataset = reader->open(path, options, silent);
            if (dataset)
                checkDataset(*dataset);
            else
                check(!dataset.error().message.empty() && dataset.error().message.find('\n') == std::string::npos);
        }
    }
    return 0;
}
