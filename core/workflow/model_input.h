// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "core/io/model_directory.h"
#include "core/model/sample.h"
#include "core/preprocess/gene_matching.h"
#include "core/workflow/options/data_choices.h"
#include "core/workflow/stage_clock.h"

namespace txfm::workflow {

/// A count file seen through a model's vocabulary, ready for the encoder. Immutable.
struct ModelInput {
    io::ModelDirectory directory;
    Dataset dataset;
    GeneMatch match;
    std::shared_ptr<const CountSource> counts;  ///< [cells × G]
    /// Measured vocabulary genes of each source data set of a merged file; one entry otherwise.
    std::vector<std::shared_ptr<const model::MeasuredGenes>> measured;
    std::vector<std::string> warnings;          ///< repeated in uns['txfm']

    const model::MeasuredGenes& measuredIn(int64_t cell) const;
    std::string modelName() const;
};

/// A block of rows with the views that the encoder takes; keep it while they are used.
struct SampleBlock {
    CsrMatrix rows;
    std::vector<double> profiledTotals;  ///< only for library_scope = all_profiled
    std::vector<model::SampleCounts> samples;
};

/// Opens model ("" = the bundled one) and data, matches genes (stages "read" and "match" of the clock) and reports what
/// was dropped. Normalised values are an error (BadInput) unless allowed; logs are then undone, with a warning.
Result<ModelInput> openModelInput(const std::string& model, const std::string& data, const DataChoices& choices,
                                  StageClock& clock, Progress& progress);

Result<SampleBlock> readSamples(const ModelInput& input, int64_t begin, int64_t end);

/// Usage error when `out` names the input file.
Result<void> checkOutputDiffers(const std::string& out, const std::string& data);

}  // namespace txfm::workflow
