// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/h5ad/count_candidates.h"

#include "core/io/count_loader.h"

namespace txfm::io {
namespace {

using hdf5::Node;

Result<CountCandidate> describe(std::string name, std::string option, Node matrix, Node var) {
    TXFM_TRY(const anndata::MatrixHeader header, anndata::readMatrixHeader(matrix));
    Node values = Node::copyOf(matrix);
    if (header.layout != anndata::MatrixLayout::Dense) {
        TXFM_TRY(values, matrix.child("data"));
    }
    TXFM_TRY(const std::vector<float> sample, sampleValues(values));
    return CountCandidate{std::move(name), std::move(option), std::move(matrix), std::move(var), header, classifyValues(sample)};
}

}  // namespace

Result<std::vector<CountCandidate>> findCandidates(const Node& root, const std::string& wanted) {
    TXFM_TRY(const Node var, root.child("var"));
    std::vector<CountCandidate> found;
    const auto add = [&](std::string name, std::string option, const Node& group, const std::string& member, const Node& genes) -> Result<void> {
        TXFM_TRY(Node matrix, group.child(member));
        if (matrix.attributeText("encoding-type") == "null") return {};
        TXFM_TRY(CountCandidate candidate, describe(std::move(name), std::move(option), std::move(matrix), Node::copyOf(genes)));
        found.push_back(std::move(candidate));
        return {};
    };
    if (root.has("layers") && (wanted.empty() || wanted.starts_with("layers/"))) {
        TXFM_TRY(const Node layers, root.child("layers"));
        const std::string layer = wanted.empty() ? "counts" : wanted.substr(7);
        if (layers.has(layer)) TXFM_CHECK(add("layers['" + layer + "']", "layers/" + layer, layers, layer, var));
    }
    if (wanted.empty() || wanted == "raw.X") {
        if (root.has("raw")) {
            TXFM_TRY(const Node raw, root.child("raw"));
            if (raw.has("X") && raw.has("var")) {
                TXFM_TRY(const Node rawVar, raw.child("var"));
                TXFM_CHECK(add("raw.X", "raw.X", raw, "X", rawVar));
            }
        } else if (root.has("raw.X") && root.has("raw.var")) {  // before 0.7
            TXFM_TRY(const Node rawVar, root.child("raw.var"));
            TXFM_CHECK(add("raw.X", "raw.X", root, "raw.X", rawVar));
        }
    }
    if (root.has("X") && (wanted.empty() || wanted == "X")) TXFM_CHECK(add("X", "X", root, "X", var));
    if (found.empty())
        return badInput("'" + root.file() + "' has no matrix " + (wanted.empty() ? "X, raw.X or layers['counts']" : "'" + wanted + "'") + ".",
                        wanted.empty() ? "Export the file with its counts." : "Name X, raw.X or layers/NAME of this file.");
    return found;
}

Result<std::vector<CountCandidate>> findMatrices(const Node& root) {
    std::vector<std::string> options{"X", "raw.X"};
    if (root.has("layers")) {
        TXFM_TRY(const Node layers, root.child("layers"));
        for (const std::string& layer : layers.children()) options.push_back("layers/" + layer);
    }
    std::vector<CountCandidate> matrices;
    for (const std::string& option : options) {
        auto found = findCandidates(root, option);
        if (found && !found->empty()) matrices.push_back(std::move(found->front()));
    }
    return matrices;
}

}  // namespace txfm::io
