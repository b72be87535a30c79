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
        {"pretrain", "Self-supervised pretraining over one or more data sets", makePretrain},
        {"finetune", "Continue training a model on your own data", makeFinetune},
        {"project", "Maps (PCA, UMAP, t-SNE) and the neighbour graph of a representation", makeProject},
        {"cluster", "Clusters of cells on the neighbour graph (Leiden, Louvain)", makeCluster},
    };
    return entries;
}

const WorkflowEntry* findWorkflow(const std::string& name) {
    const auto found = std::ranges::find(workflows(), name, &WorkflowEntry::name);
    return found == workflows().end() ? nullptr : &*found;
}

}  // namespace txfm::workflow
