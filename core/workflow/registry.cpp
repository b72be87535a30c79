// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "core/workflow/workflows.h"

namespace txfm::workflow {

const std::vector<WorkflowEntry>& workflows() {
    static const std::vector<WorkflowEntry> entries{
        // name, summary, maker: in the order of the help text
        {"info", "What a count file or a model holds, and how their genes match", makeInfo},
        {"convert", "Any readable format, or several files, to one h5ad", makeConvert},
        {"qc", "Quality metrics under scanpy's names, and filters", makeQc},
        {"init", "A model with random initial weights", makeInit},
        {"pretrain", "Self-supervised pretraining over one or more data sets", makePretrain},
        {"finetune", "Continue training a model on your own data", makeFinetune},
        {"embed", "CLS embeddings of the cells of a file", makeEmbed},
        {"reconstruct", "Expected log1p expression of every vocabulary gene", makeReconstruct},
        {"project", "Maps (PCA, UMAP, t-SNE) and the neighbour graph of a representation", makeProject},
        {"cluster", "Clusters of cells on the neighbour graph (Leiden, Louvain)", makeCluster},
        {"markers", "Genes that differ between groups of cells", makeMarkers},
        {"genes neighbors", "The nearest genes of a gene in a model", makeGeneNeighbors},
        {"genes map", "Cosine heat map of a list of genes, in clustered order", makeGeneMap},
        {"genes pca", "Principal components of a model's gene vectors", makeGenePca},
        {"genes recall", "Share of known gene pairs that a model recovers", makeGeneRecall},
        {"genes enrich", "Gene sets around a gene or at the ends of a component", makeGeneEnrich},
        {"evaluate celltypes", "How well a representation separates cell types and mixes batches", makeEvaluateCellTypes},
        {"evaluate genes", "Share of known gene pairs that a model recovers (genes recall)", makeGeneRecall},
    };
    return entries;
}

const WorkflowEntry* findWorkflow(const std::string& name) {
    const auto found = std::ranges::find(workflows(), name, &WorkflowEntry::name);
    return found == workflows().end() ? nullptr : &*found;
}

}  // namespace txfm::workflow
