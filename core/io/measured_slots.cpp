// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/measured_slots.h"

#include <algorithm>
#include <cmath>

namespace txfm::io {
namespace {

constexpr const char* kMask = "txfm_measured";
constexpr const char* kSet = "txfm_measured_set";

}  // namespace

void addMeasuredSlots(const Dataset& dataset, H5adAdditions& additions) {
    if (dataset.measured.empty()) return;
    DenseMatrix mask(dataset.genes(), static_cast<int64_t>(dataset.measured.size()));
    for (int64_t set = 0; set < mask.cols; ++set)
        for (int64_t gene = 0; gene < mask.rows; ++gene)
            mask(gene, set) = dataset.measured[static_cast<size_t>(set)][static_cast<size_t>(gene)] ? 1.0f : 0.0f;
    additions.varm[kMask] = std::move(mask);
    additions.obs.push_back(Column{kSet, std::vector<int64_t>(dataset.sourceOfCell.begin(), dataset.sourceOfCell.end()), {}});
}

void takeMeasuredSlots(Dataset& dataset) {
    const auto mask = dataset.varm.find(kMask);
    const Column* sets = dataset.obs.find(kSet);
    if (mask == dataset.varm.end() || !sets) return;
    const DenseMatrix& flags = mask->second;
    std::vector<int32_t> sourceOfCell;
    for (size_t cell = 0; cell < dataset.obs.rows(); ++cell) {
        const double set = sets->number(cell);
        if (!(set >= 0 && set < static_cast<double>(flags.cols) && set == std::floor(set))) break;
        sourceOfCell.push_back(static_cast<int32_t>(set));
    }
    if (sourceOfCell.size() != dataset.obs.rows() || flags.rows != dataset.genes()) {
        dataset.provenance.notes.push_back(std::string("varm['") + kMask + "'] and obs['" + kSet +
                                           "'] do not fit each other; every gene counts as measured in every cell.");
        return;
    }
    for (int64_t set = 0; set < flags.cols; ++set) {
        std::vector<uint8_t> measured(static_cast<size_t>(flags.rows));
        for (int64_t gene = 0; gene < flags.rows; ++gene) measured[static_cast<size_t>(gene)] = flags(gene, set) != 0;
        dataset.measured.push_back(std::move(measured));
    }
    dataset.sourceOfCell = std::move(sourceOfCell);
    dataset.varm.erase(mask);
    std::erase_if(dataset.obs.columns, [](const Column& column) { return column.name == kSet; });
    dataset.provenance.notes.push_back("The file holds " + std::to_string(dataset.measured.size()) +
                                       " merged samples with different genes; a gene that a sample lacks counts as not measured there, not as zero.");
}

}  // namespace txfm::io
