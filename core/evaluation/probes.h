// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::evaluation {

/// Rows to fit on and rows to judge by.
struct Split {
    std::vector<int64_t> train, test;
};

/// Group folds: batches are dealt to `folds` folds, the largest first to the smallest fold, each batch tested once; fewer
/// batches than folds = a fold per batch. With one batch: one random split, a quarter of the cells of each label for the test
/// (spec §7.3).
std::vector<Split> probeSplits(const std::vector<int32_t>& labels, const std::vector<int32_t>& batches, int64_t folds, uint64_t seed);

struct ProbeScore {
    double accuracy = 0;
    double macroF1 = 0;  ///< mean over the labels among truth or prediction
};

/// Majority vote of the k nearest training rows, Euclidean; ties go to the smaller label (as in scikit-learn).
Result<std::vector<int32_t>> knnPredict(const DenseMatrix& data, const std::vector<int32_t>& labels, const Split& split, int64_t k,
                                        Progress& progress);

/// Multinomial logistic regression on columns standardised over the training rows: minimises Σ cross entropy + |W|²/2 (the
/// objective of scikit-learn's LogisticRegression with C = 1) by L-BFGS. Labels absent from the training rows are never predicted.
Result<std::vector<int32_t>> linearPredict(const DenseMatrix& data, const std::vector<int32_t>& labels, const Split& split, Progress& progress);

ProbeScore scorePrediction(const std::vector<int32_t>& truth, const std::vector<int32_t>& predicted);

}  // namespace txfm::evaluation
