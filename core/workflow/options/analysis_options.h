// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/workflow/options/option_field.h"

namespace txfm::workflow {

/// `txfm project`: 2-D maps and the neighbour graph (interface contract §3, §4 "Representations").
struct ProjectOptions {
    std::string data;
    std::string out;
    std::string rep = "X_txfm";
    std::string method = "umap";
    int64_t neighbors = 15;   ///< counts the cell itself
    int64_t components = 0;   ///< 0 = 50 for pca, 2 for maps
    double minDist = 0.5;
    double spread = 1.0;
    int64_t epochs = 0;
    double perplexity = 30;
    bool discardGraph = false;  ///< the graph that the file has, perhaps of another representation, stays
    std::string countsIn;  ///< for rep X: "" = found by itself; else X, raw.X or layers/NAME
};
OptionFields fieldsOf(ProjectOptions& options);

/// `txfm cluster`.
struct ClusterOptions {
    std::string data;
    std::string out;
    std::string rep = "X_txfm";
    std::string method = "leiden";
    double resolution = 1.0;
    int64_t neighbors = 15;
    std::string key;  ///< "" = txfm_<method>
    std::string countsIn;
};
OptionFields fieldsOf(ClusterOptions& options);

/// What the `genes` commands share: whose vectors.
struct GeneVectorOptions {
    std::string model;
    std::string source = "codebook";
    int64_t pca = 0;  ///< scores of so many components instead of the vectors; 0 = the centred vectors
};

/// `txfm genes neighbors`.
struct GeneNeighborsOptions : GeneVectorOptions {
    std::string gene;
    int64_t count = 20;
    std::vector<std::string> pairs;
    std::string out;
};
OptionFields fieldsOf(GeneNeighborsOptions& options);

/// `txfm genes map`.
struct GeneMapOptions : GeneVectorOptions {
    std::vector<std::string> genes;  ///< symbols, or one file with a symbol per line
    std::string out;
};
OptionFields fieldsOf(GeneMapOptions& options);

/// `txfm genes pca`.
struct GenePcaOptions : GeneVectorOptions {
    int64_t components = 10;
    std::string out;
    std::string loadings;
};
OptionFields fieldsOf(GenePcaOptions& options);

/// `txfm genes recall`, `txfm evaluate genes` (spec §6).
struct GeneRecallOptions {
    std::string model;
    std::vector<std::string> pairs;
    std::vector<std::string> pca;  ///< numbers of components
    bool fullNull = false;
    bool twoSided = false;
    bool annotatedOnly = false;
    int64_t iterations = 3;
    int64_t nullGenes = 5000;
    double percentile = 95;
};
OptionFields fieldsOf(GeneRecallOptions& options);

/// `txfm genes enrich`.
struct GeneEnrichOptions : GeneVectorOptions {
    std::vector<std::string> sets;  ///< GMT files
    std::string gene;
    int64_t count = 50;
    int64_t component = 0;
    std::string out;
};
OptionFields fieldsOf(GeneEnrichOptions& options);

/// `txfm evaluate celltypes` (spec §7).
struct CellTypeOptions {
    std::string data;
    std::string rep = "X_txfm";
    std::string label;
    std::string batch;         ///< "" = one batch
    int64_t cells = 10000;     ///< larger sets are sampled
    int64_t repeats = 10;      ///< samples of a larger set
    int64_t neighbors = 15;
    std::string countsIn;
};
OptionFields fieldsOf(CellTypeOptions& options);

/// `txfm markers`.
struct MarkerOptions {
    std::string data;
    std::string groupby;
    std::string group;               ///< "" = every group
    std::string reference = "rest";
    std::string method = "wilcoxon";
    std::string out;
    std::string countsIn;
};
OptionFields fieldsOf(MarkerOptions& options);

}  // namespace txfm::workflow
