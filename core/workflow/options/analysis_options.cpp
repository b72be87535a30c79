// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/options/analysis_options.h"

#include "core/workflow/options/data_choices.h"

namespace txfm::workflow {
namespace {

using Path = OptionField::Path;

OptionField dataField(std::string& target) {
    return {.flag = "data", .target = &target, .description = "Count file, usually one with an embedding", .required = true, .path = Path::InputFile};
}

OptionField repField(std::string& target) {
    return {.flag = "rep", .target = &target,
            .description = "Representation: a key of obsm such as X_txfm, or X for log-normalised expression of the 2,000 most variable genes",
            .label = "Representation"};
}

OptionField neighborsField(int64_t& target) {
    return {.flag = "neighbors", .target = &target, .description = "Neighbours of each cell, counting the cell itself", .unit = "cells", .min = 2, .max = 1000};
}

OptionFields vectorFields(GeneVectorOptions& o) {
    return {
        {.flag = "model", .target = &o.model, .description = "Model folder; empty = the bundled one", .path = Path::InputModel},
        {.flag = "source", .target = &o.source, .description = "Gene vectors of the encoder (codebook) or of the decoder", .choices = {"codebook", "decoder"}},
        {.flag = "pca", .target = &o.pca, .description = "Use the scores of so many principal components; 0 = the centred vectors themselves",
         .unit = "components", .min = 0, .max = 100000, .advanced = true},
    };
}

OptionFields joined(OptionFields first, OptionFields second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace

OptionFields fieldsOf(ProjectOptions& o) {
    return {
        dataField(o.data),
        {.flag = "out", .target = &o.out, .description = "Result: the data with the map in obsm and the graph in obsp", .required = true, .path = Path::Output},
        repField(o.rep),
        {.flag = "method", .target = &o.method, .description = "Kind of projection", .choices = {"pca", "umap", "tsne"}},
        neighborsField(o.neighbors),
        {.flag = "components", .target = &o.components, .description = "Components to keep; 0 = 50 for pca, 2 for umap and tsne", .min = 0, .max = 1000},
        {.flag = "min-dist", .target = &o.minDist, .description = "UMAP: how close cells may lie", .min = 0, .max = 10, .advanced = true},
        {.flag = "spread", .target = &o.spread, .description = "UMAP: scale of the map", .min = 0.01, .max = 100, .advanced = true},
        {.flag = "epochs", .target = &o.epochs, .description = "UMAP: rounds of the layout; 0 = 500 up to 10,000 cells, else 200", .min = 0, .max = 100000, .advanced = true},
        {.flag = "perplexity", .target = &o.perplexity, .description = "t-SNE: effective number of neighbours", .min = 2, .max = 1000, .advanced = true},
        {.flag = "discard-graph", .target = &o.discardGraph, .description = "Do not store the neighbour graph of this map; one that the data hold stays", .advanced = true},
        countsField(&o.countsIn),
    };
}

OptionFields fieldsOf(ClusterOptions& o) {
    return {
        dataField(o.data),
        {.flag = "out", .target = &o.out, .description = "Result: the data with the clusters in obs", .required = true, .path = Path::Output},
        repField(o.rep),
        {.flag = "method", .target = &o.method, .description = "Clustering method", .choices = {"leiden", "louvain"}},
        {.flag = "resolution", .target = &o.resolution, .description = "Higher values give more clusters", .min = 0.001, .max = 1000},
        neighborsField(o.neighbors),
        {.flag = "key", .target = &o.key, .description = "Column of obs to write; empty = txfm_leiden or txfm_louvain", .advanced = true},
        countsField(&o.countsIn),
    };
}

OptionFields fieldsOf(GeneNeighborsOptions& o) {
    return joined(vectorFields(o), {
        {.flag = "gene", .target = &o.gene, .description = "Gene to ask for: symbol, alias or Ensembl id", .required = true},
        {.flag = "count", .target = &o.count, .description = "Neighbours to list", .unit = "genes", .min = 1, .max = 1e6, .shortFlag = 'k'},
        {.flag = "pairs", .target = &o.pairs, .description = "Files of known gene pairs (two columns); fills the column 'known'", .path = Path::InputFile},
        {.flag = "out", .target = &o.out, .description = "Table to write as CSV; empty = none", .path = Path::Output},
    });
}

OptionFields fieldsOf(GeneMapOptions& o) {
    return joined(vectorFields(o), {
        {.flag = "genes", .target = &o.genes, .description = "Genes of the heat map: symbols, or a file with one symbol per line", .required = true},
        {.flag = "out", .target = &o.out, .description = "Cosine matrix in clustered order, as CSV", .required = true, .path = Path::Output},
    });
}

OptionFields fieldsOf(GenePcaOptions& o) {
    OptionFields fields = vectorFields(o);
    fields.pop_back();  // the components are the result here, not a filter
    return joined(std::move(fields), {
        {.flag = "components", .target = &o.components, .description = "Components to write", .min = 1, .max = 1000},
        {.flag = "out", .target = &o.out, .description = "Table of scores, a line per gene, as CSV", .required = true, .path = Path::Output},
        {.flag = "loadings", .target = &o.loadings, .description = "Table of loadings, a line per dimension, as CSV; empty = none", .advanced = true, .path = Path::Output},
    });
}

OptionFields fieldsOf(GeneRecallOptions& o) {
    return {
        {.flag = "model", .target = &o.model, .description = "Model folder; empty = the bundled one", .path = Path::InputModel},
        {.flag = "pairs", .target = &o.pairs, .description = "Databases of known pairs: CSV files with two columns of gene symbols", .required = true, .path = Path::InputFile},
        {.flag = "pca", .target = &o.pca, .description = "Numbers of principal components to evaluate beside the raw vectors, e.g. 50 128"},
        {.flag = "full-null", .target = &o.fullNull, .description = "Take all pairs of genes as the null instead of a sample", .advanced = true},
        {.flag = "two-sided", .target = &o.twoSided, .description = "Count the lower tail as recalled too", .advanced = true},
        {.flag = "annotated-only", .target = &o.annotatedOnly, .description = "Draw the null from genes that occur in a database only", .advanced = true},
        {.flag = "iterations", .target = &o.iterations, .description = "Samples of the null; results are their mean", .min = 1, .max = 100, .advanced = true},
        {.flag = "null-genes", .target = &o.nullGenes, .description = "Genes on each side of a null sample", .unit = "genes", .min = 10, .max = 50000, .advanced = true},
        {.flag = "percentile", .target = &o.percentile, .description = "A pair is recalled from this percentile of the null on", .unit = "percent", .min = 50, .max = 100, .advanced = true},
    };
}

OptionFields fieldsOf(GeneEnrichOptions& o) {
    return joined(vectorFields(o), {
        {.flag = "sets", .target = &o.sets, .description = "Gene sets in GMT files", .required = true, .path = Path::InputFile},
        {.flag = "gene", .target = &o.gene, .description = "Test the nearest genes of this gene"},
        {.flag = "component", .target = &o.component, .description = "Test the genes at the ends of this principal component (1-based)", .min = 0, .max = 1000},
        {.flag = "count", .target = &o.count, .description = "Genes to test (at each end)", .unit = "genes", .min = 2, .max = 10000, .shortFlag = 'k'},
        {.flag = "out", .target = &o.out, .description = "Table to write as CSV; empty = none", .path = Path::Output},
    });
}

OptionFields fieldsOf(CellTypeOptions& o) {
    return {
        dataField(o.data),
        repField(o.rep),
        {.flag = "label", .target = &o.label, .description = "Column of obs with the cell types", .required = true},
        {.flag = "batch", .target = &o.batch, .description = "Column of obs with the batches; empty = none"},
        {.flag = "cells", .target = &o.cells, .description = "Larger data sets are sampled to so many cells", .unit = "cells", .min = 10, .max = 1e6, .advanced = true},
        {.flag = "repeats", .target = &o.repeats, .description = "Samples of a larger data set; results are their mean", .min = 1, .max = 1000, .advanced = true},
        neighborsField(o.neighbors),
        countsField(&o.countsIn),
    };
}

OptionFields fieldsOf(MarkerOptions& o) {
    return {
        dataField(o.data),
        {.flag = "groupby", .target = &o.groupby, .description = "Column of obs with the groups, e.g. txfm_leiden", .required = true},
        {.flag = "group", .target = &o.group, .description = "Group to test; empty = every group"},
        {.flag = "reference", .target = &o.reference, .description = "Group to compare with; rest = all other cells"},
        {.flag = "method", .target = &o.method, .description = "Statistical test", .choices = {"wilcoxon", "t-test"}},
        {.flag = "out", .target = &o.out, .description = "Table to write as CSV; empty = standard output", .path = Path::Output},
        countsField(&o.countsIn),
    };
}

}  // namespace txfm::workflow
