// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/analysis/gene_relations.h"
#include "core/io/model_directory.h"
#include "core/workflow/options/analysis_options.h"

namespace txfm::workflow {

/// A model opened for its gene vectors alone, without LibTorch.
struct GeneModel {
    std::string folder;
    io::Vocabulary vocabulary;  ///< of the rows below; repeated symbols keep their first row (spec §6)
    std::vector<float> values;  ///< [genes × width]
    int64_t width = 0;
    int64_t genes() const { return vocabulary.size(); }
};

/// `model` "" = the bundled one; `source` codebook or decoder.
Result<GeneModel> openGeneModel(const std::string& model, const std::string& source, Progress& progress);

/// Row of a symbol, alias or Ensembl id; BadInput naming gene and model otherwise.
Result<int64_t> findGene(const GeneModel& model, const std::string& name);

/// Several genes; a single name that is a readable file is read as a list (first column). Unknown names are reported as
/// a warning; BadInput when none is left.
Result<std::vector<int64_t>> findGenes(const GeneModel& model, const std::vector<std::string>& names, Progress& progress);

}  // namespace txfm::workflow
