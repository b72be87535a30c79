// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/vocabulary_growth.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <torch/torch.h>

#include "core/preprocess/gene_matching.h"
#include "core/preprocess/gene_names.h"
#include "core/preprocess/vocabulary_index.h"
#include "core/training/vocabulary_builder.h"

namespace txfm::training {
namespace {

constexpr size_t kNeighbours = 10;
/// Samples that are enough to find genes of similar expression.
constexpr size_t kLargestSampleCount = 20000;

/// Known genes of most similar expression for every appended gene [new][≤ kNeighbours].
Result<std::vector<std::vector<int64_t>>> expressionNeighbours(const Corpus& corpus, const io::ModelConfig& config,
                                                               int64_t known) {
    const int64_t added = config.nGenes - known;
    std::vector<double> products(static_cast<size_t>(added * known), 0), squares(static_cast<size_t>(config.nGenes), 0);
    size_t left = kLargestSampleCount;
    for (const CorpusSet& set : corpus.sets()) {
        const auto rows = std::span(set.train).first(std::min(left, set.train.size()));
        left -= rows.size();
        TXFM_CHECK(set.forEach(rows, [&](size_t index, const model::SampleCounts& sample) {
            const double library = set.libraries[static_cast<size_t>(rows[index])];
            std::vector<float> x(sample.genes.size());
            size_t firstNew = x.size();
            for (size_t i = 0; i < x.size(); ++i) {
                x[i] = model::normalisedValue(sample.counts[i], library, config);
                squares[static_cast<size_t>(sample.genes[i])] += static_cast<double>(x[i]) * x[i];
                if (sample.genes[i] >= known) firstNew = std::min(firstNew, i);
            }
            for (size_t i = firstNew; i < x.size(); ++i) {
                double* line = products.data() + (sample.genes[i] - known) * known;
                for (size_t j = 0; j < firstNew; ++j) line[sample.genes[j]] += static_cast<double>(x[i]) * x[j];
            }
        }));
    }
    std::vector<std::vector<int64_t>> neighbours(static_cast<size_t>(added));
    for (int64_t gene = 0; gene < added; ++gene) {
        std::vector<std::pair<double, int64_t>> ranked;
        for (int64_t other = 0; other < known; ++other) {
            const double product = products[static_cast<size_t>(gene * known + other)];
            if (product > 0) ranked.emplace_back(-product / std::sqrt(squares[static_cast<size_t>(other)]), other);
        }
        const size_t count = std::min(kNeighbours, ranked.size());
        std::partial_sort(ranked.begin(), ranked.begin() + static_cast<int64_t>(count), ranked.end());
        for (size_t i = 0; i < count; ++i) neighbours[static_cast<size_t>(gene)].push_back(ranked[i].second);
    }
    return neighbours;
}

}  // namespace

Result<io::Vocabulary> appendGenes(const io::Vocabulary& vocabulary, const std::vector<Dataset>& sets) {
    TXFM_TRY(const auto table, GeneTable::shared());
    const VocabularyIndex index(vocabulary, *table);
    std::map<std::string, std::string> added;
    for (const Dataset& set : sets) {
        for (const GeneIdentity& gene : identifyGenes(set.var, *table)) {
            const bool known = gene.symbol.empty() || index.find(gene.symbol) >= 0 ||
                               (!gene.ensemblId.empty() && index.findEnsembl(gene.ensemblId) >= 0);
            if (!known) added.emplace(gene.symbol, gene.ensemblId);
        }
    }
    io::Vocabulary grown = vocabulary;
    for (const auto& [symbol, id] : added) {
        grown.symbols.push_back(symbol);
        grown.ensemblIds.push_back(id);
    }
    return grown;
}

Result<std::shared_ptr<model::TxfmModel>> growModel(const model::TxfmModel& model, const io::ModelConfig& grown,
                                                    const Corpus& corpus, const std::string& newGenes) {
    torch::NoGradGuard noGrad;
    const int64_t known = model.config().nGenes, added = grown.nGenes - known;
    auto out = model::TxfmModel::create(grown, 0);
    std::vector<std::vector<int64_t>> neighbours(static_cast<size_t>(added));
    if (newGenes == "neighbours") {
        TXFM_TRY(neighbours, expressionNeighbours(corpus, grown, known));
    }
    for (const auto& [name, tensor] : out->parameters()) {
        const auto before = model.parameter(name).detach();
        auto after = tensor.detach();
        if (before.sizes() == after.sizes()) {
            after.copy_(before);
            continue;
        }
        after.narrow(0, 0, known).copy_(before);
        const auto mean = before.mean(0);
        for (int64_t gene = 0; gene < added; ++gene) {
            const auto& near = neighbours[static_cast<size_t>(gene)];
            after[known + gene].copy_(near.empty() ? mean : before.index_select(0, torch::tensor(near)).mean(0));
        }
    }
    out->weightsChanged();
    return out;
}

}  // namespace txfm::training
