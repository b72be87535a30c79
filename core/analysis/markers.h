// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::analysis {

enum class MarkerTest { Wilcoxon, TTest };

/// Cells of one comparison; both lists ascending and disjoint.
struct Comparison {
    std::string group;
    std::vector<int64_t> in, out;
};

/// One gene of one comparison (interface contract §4, "markers").
struct Marker {
    int64_t gene = 0;
    double score = 0;           ///< z of the rank sum, or Welch's t; positive = higher inside
    double log2FoldChange = 0;  ///< of the means exponentiated back (scanpy's formula, + 1e-9)
    double pValue = 1, pAdjusted = 1;  ///< two-sided; Benjamini-Hochberg over the genes
    double pctIn = 0, pctOut = 0;      ///< share of cells with a count, 0..1
};

struct MarkerOptions {
    MarkerTest test = MarkerTest::Wilcoxon;
    bool tieCorrection = false;  ///< scanpy's default; ties then only widen the p values
    double target = 1e4;
};

/// Tests every gene of every comparison on ln(1 + target · c / l); markers sorted by falling score. Streams over the counts in
/// blocks of genes, so that about 50 million non-zeros are held at once. Errors: BadInput for a comparison with an empty side;
/// Cancelled.
Result<std::vector<std::vector<Marker>>> findMarkers(const CountSource& counts, const std::vector<Comparison>& comparisons,
                                                     const MarkerOptions& options, Progress& progress);

/// Two-sided p of Student's t with `freedom` degrees.
double studentTwoSided(double t, double freedom);

}  // namespace txfm::analysis
