// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/analysis/gene_pairs.h"
#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::analysis {

/// Relationship recall (spec §6): which share of known pairs has a cosine in the upper tail of random pairs.
struct RecallOptions {
    double upper = 0.95;        ///< recalled when a share >= upper of the null lies below
    bool twoSided = false;      ///< also when a share <= 1 − upper of the null lies at or below
    bool fullNull = false;      ///< all pairs of the universe instead of samples
    int64_t iterations = 3;     ///< samples of the null
    int64_t nullGenes = 5000;   ///< genes drawn with replacement on each side of a sample
    uint64_t seed = 42;
    std::vector<int64_t> universe;  ///< genes that the null is drawn from; empty = all
};

struct RecallResult {
    std::vector<double> recall;     ///< per database, mean over the iterations; NaN without pairs
    std::vector<double> deviation;  ///< sample standard deviation, 0 for one iteration
    double upperThreshold = 0, lowerThreshold = 0;  ///< mean over the iterations
    int64_t nullSize = 0;           ///< pairs in one null
};

/// Cosines at exact order statistics of the null: a pair is recalled iff cos > sorted[⌈upper·N⌉−1] (or < sorted[⌊(1−upper)·N⌋]).
struct NullThresholds {
    float upper = 0, lower = 0;
    int64_t size = 0;
};

/// Thresholds of the cosines between rows `left` and rows `right` of unit vectors, identical genes left out. The matrix
/// is never stored: one pass fills a histogram, a second collects the two bins in question.
Result<NullThresholds> sampledThresholds(const DenseMatrix& unit, const std::vector<int64_t>& left, const std::vector<int64_t>& right,
                                         double upper, Progress& progress);
/// The same over all unordered pairs of `genes`.
Result<NullThresholds> fullThresholds(const DenseMatrix& unit, const std::vector<int64_t>& genes, double upper, Progress& progress);

/// `unit`: rows of length 1 (GeneVectors::unit).
Result<RecallResult> relationshipRecall(const DenseMatrix& unit, const std::vector<GenePairDatabase>& databases,
                                        const RecallOptions& options, Progress& progress);

}  // namespace txfm::analysis
