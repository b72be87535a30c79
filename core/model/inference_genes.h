// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/sample.h"

namespace txfm::model {

/// Which genes of a cell the encoder sees (spec §1.4, interface contract §4 "Embedding").
struct InferenceGenes {
    enum class Mode { All, Expressed, Top, Random } mode = Mode::All;
    int64_t count = 0;  ///< K of top:K and random:K
    int64_t views = 1;  ///< random: number of draws whose CLS vectors are averaged

    /// all | expressed | top:K | random:K[:VIEWS]; Usage error naming `where` for anything else.
    static Result<InferenceGenes> parse(const std::string& text, const std::string& where = "--inference-genes");
    std::string toString() const;
    int64_t viewCount() const { return mode == Mode::Random ? views : 1; }
};

/// Vocabulary indices shown for one cell in one view, ascending. top: the K largest counts, ties by index, zeros fill
/// up by index; random: uniform draws keyed by (seed, cell, view); expressed: the non-zero genes (none: CLS alone).
std::vector<int32_t> shownGenes(const SampleCounts& sample, const InferenceGenes& genes, uint64_t seed, uint32_t cell,
                                uint32_t view);

}  // namespace txfm::model
