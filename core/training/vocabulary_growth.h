// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/model/txfm_model.h"
#include "core/training/corpus.h"

namespace txfm::training {

/// The vocabulary with the genes of the data sets that it does not hold appended, sorted by symbol.
Result<io::Vocabulary> appendGenes(const io::Vocabulary& vocabulary, const std::vector<Dataset>& sets);

/// A model over a longer vocabulary: known genes keep their weights. `newGenes` = mean: rows of appended genes in
/// codebook and decoder are the mean of the known rows; neighbours: the mean of the ten known genes whose log
/// expression in the corpus has the highest cosine with theirs (the mean where a gene has no count).
/// Fails where samples on disk cannot be read.
Result<std::shared_ptr<model::TxfmModel>> growModel(const model::TxfmModel& model, const io::ModelConfig& grown,
                                                    const Corpus& corpus, const std::string& newGenes);

}  // namespace txfm::training
