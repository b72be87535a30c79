// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/forecast.h"

#include <algorithm>
#include <filesystem>
#include <string>

#include "core/analysis/neighbors.h"
#include "core/base/parallel.h"
#include "core/base/readable.h"

namespace txfm::workflow {
namespace {

constexpr double kWorthTelling = 10;  // seconds
// Processor time, measured on 200,000 cells with 149 million values (packaging/bench).
constexpr double kPerValueRead = 8e-9, kPerValueUnpacked = 25e-9, kPerValueWritten = 50e-9;
constexpr double kPerProduct = 2e-11;         // multiply-add of the neighbour search
constexpr double kListRows = 40'000;          // rows that an approximate search compares each row with
constexpr double kPerEdgeAndEpoch = 50e-9;    // of the layout, which runs on one thread
constexpr double kPerEdgeClustered = 4e-6;    // on one thread
constexpr double kEdgesPerCell = 22;
constexpr double kBytesPerValueOnDisk = 2.5;
constexpr double kFixedMemory = 200e6;

double storedValues(const Dataset& dataset) {
    const int64_t known = dataset.counts->nonZeros();
    return known >= 0 ? static_cast<double>(known) : 0.15 * static_cast<double>(dataset.cells()) * static_cast<double>(dataset.genes());
}

}  // namespace

Forecast forecast(const Dataset& dataset, const PlannedWork& work) {
    const double values = storedValues(dataset), cells = static_cast<double>(dataset.cells()), threads = std::max(1, threadCount());
    const bool inMemory = dataset.counts->inMemory() != nullptr;
    Forecast out;
    out.memoryBytes = kFixedMemory + (inMemory ? 8 * values : 200e6) + 300 * cells;
    out.seconds = values * work.passes * (inMemory ? kPerValueRead : kPerValueUnpacked) / threads;
    if (work.writesCounts) {
        out.seconds += values * (kPerValueUnpacked + kPerValueWritten) / threads;
        out.diskBytes += kBytesPerValueOnDisk * values;
    }
    if (work.copiesFile) {
        std::error_code ec;
        const auto size = std::filesystem::file_size(dataset.provenance.path, ec);
        out.diskBytes += ec ? 0 : static_cast<double>(size);
    }
    if (work.neighborWidth > 0) {
        const double compared = dataset.cells() > analysis::kExactNeighbors ? kListRows : cells;
        out.seconds += cells * compared * static_cast<double>(work.neighborWidth) * kPerProduct / threads;
        out.memoryBytes += cells * (8.0 * static_cast<double>(work.neighborWidth) + 24 * kEdgesPerCell);
        out.diskBytes += 12 * kEdgesPerCell * cells;
    }
    out.seconds += cells * kEdgesPerCell * (static_cast<double>(work.mapEpochs) * kPerEdgeAndEpoch + (work.clusters ? kPerEdgeClustered : 0));
    if (work.mapEpochs > 0) out.memoryBytes += cells * (16 * kEdgesPerCell + 320);
    if (work.clusters) out.memoryBytes += cells * 60 * kEdgesPerCell;
    return out;
}

void announce(const Dataset& dataset, const PlannedWork& work, Progress& progress) {
    const Forecast expected = forecast(dataset, work);
    if (expected.seconds < kWorthTelling) return;
    progress.message(MessageLevel::Info, "This takes about " + readableDuration(expected.seconds) + ", " + readableBytes(expected.memoryBytes) +
                                             " of memory and " + readableBytes(expected.diskBytes) + " on disk for " +
                                             std::to_string(dataset.cells()) + " cells.");
}

}  // namespace txfm::workflow
