// SPDX-License-Identifier: GPL-3.0-or-later
#include <charconv>
#include <cmath>
#include <set>

#include "core/analysis/gene_recall.h"
#include "core/workflow/gene_model.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

class GeneRecall final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    Result<std::vector<int64_t>> componentNumbers() const;
    Result<void> evaluate(const std::string& source, const std::vector<int64_t>& components, uint64_t seed, StageClock& clock,
                          Progress& progress, nlohmann::json& result) const;

    GeneRecallOptions m_options;
};

/// "50", or several in one text: "50,128".
Result<std::vector<int64_t>> GeneRecall::componentNumbers() const {
    std::vector<int64_t> numbers;
    for (const std::string& text : m_options.pca) {
        for (size_t begin = 0; begin <= text.size();) {
            const size_t end = std::min(text.find(',', begin), text.size());
            int64_t number = 0;
            const auto [stop, code] = std::from_chars(text.data() + begin, text.data() + end, number);
            if (code != std::errc() || stop != text.data() + end || number < 1)
                return usageError("Option --pca is '" + text + "' but must hold numbers of components, e.g. --pca 50 128.");
            numbers.push_back(number);
            begin = end + 1;
        }
    }
    return numbers;
}

std::vector<int64_t> annotatedGenes(const analysis::GenePairDatabase& all) {
    std::set<int64_t> genes;
    for (const auto& [a, b] : all.pairs) {
        genes.insert(a);
        genes.insert(b);
    }
    return {genes.begin(), genes.end()};
}

nlohmann::json fraction(double value) { return std::isnan(value) ? nlohmann::json() : nlohmann::json(value); }

Result<void> GeneRecall::evaluate(const std::string& source, const std::vector<int64_t>& components, uint64_t seed, StageClock& clock,
                                  Progress& progress, nlohmann::json& result) const {
    clock.start("read");
    TXFM_TRY(const GeneModel model, openGeneModel(m_options.model, source, progress));
    clock.start("match");
    std::vector<analysis::GenePairDatabase> databases;
    for (const std::string& file : m_options.pairs) {
        TXFM_TRY(auto database, analysis::readGenePairs(file, model.vocabulary.symbols));
        result["pairs"][database.name] = {{"in_file", database.pairsInFile}, {"in_model", database.pairs.size()}};
        databases.push_back(std::move(database));
    }
    databases.push_back(analysis::combined(databases));
    if (databases.back().pairs.empty())
        return badInput("No pair of " + m_options.pairs.front() + " has both genes in the model " + model.folder + ".", "Give pairs of human gene symbols.");
    analysis::RecallOptions options;
    options.upper = m_options.percentile / 100.0;
    options.twoSided = m_options.twoSided;
    options.fullNull = m_options.fullNull;
    options.iterations = m_options.iterations;
    options.nullGenes = m_options.nullGenes;
    options.seed = 42 + seed;
    if (m_options.annotatedOnly) options.universe = annotatedGenes(databases.back());
    nlohmann::json best;
    for (const int64_t n : components) {
        if (n > model.width) {
            progress.message(MessageLevel::Warning, "--pca " + std::to_string(n) + " is left out: the " + source + " has " + std::to_string(model.width) + " dimensions.");
            continue;
        }
        clock.start(n == 0 ? "recall" : "pca");
        TXFM_TRY(const analysis::GeneVectors vectors, analysis::GeneVectors::make(model.values, model.genes(), model.width, n, progress));
        clock.start("recall");
        TXFM_TRY(const analysis::RecallResult recall, analysis::relationshipRecall(vectors.unit(), databases, options, progress));
        const std::string variant = n == 0 ? "raw" : "pca" + std::to_string(n);
        double sum = 0;
        int64_t counted = 0;
        for (size_t d = 0; d < databases.size(); ++d) {
            result[source][variant][databases[d].name] = fraction(recall.recall[d]);
            result["std"][source][variant][databases[d].name] = fraction(recall.deviation[d]);
            if (d + 1 == databases.size() || std::isnan(recall.recall[d])) continue;
            sum += recall.recall[d];
            ++counted;
        }
        result[source][variant]["mean"] = counted > 0 ? nlohmann::json(sum / static_cast<double>(counted)) : nlohmann::json();
        result["null"]["threshold"][source][variant] = recall.upperThreshold;
        result["null"]["pairs"] = recall.nullSize;
        if (best.is_null() || recall.recall.back() > best["all_combined"].get<double>())
            best = {{"variant", variant}, {"all_combined", recall.recall.back()}};
    }
    result["best"][source] = best;
    return {};
}

Result<nlohmann::json> GeneRecall::run(const RunContext& context, Progress& progress) {
    StageClock clock;
    TXFM_TRY(std::vector<int64_t> components, componentNumbers());
    components.insert(components.begin(), 0);
    nlohmann::json result;
    result["null"] = {{"kind", m_options.fullNull ? "all pairs" : "sampled"},
                      {"iterations", m_options.fullNull ? 1 : m_options.iterations},
                      {"genes", m_options.nullGenes},
                      {"percentile", m_options.percentile},
                      {"two_sided", m_options.twoSided},
                      {"expected", (1.0 - m_options.percentile / 100.0) * (m_options.twoSided ? 2.0 : 1.0)}};
    for (const char* source : {"codebook", "decoder"}) TXFM_CHECK(evaluate(source, components, context.seed, clock, progress, result));
    result["files"] = nlohmann::json::array();
    clock.finish(result);
    return result;
}

std::string GeneRecall::describe(const nlohmann::json& result) const {
    std::string out = "Share of known pairs in the upper tail of random pairs (" + result["null"]["expected"].dump().substr(0, 6) + " expected)\n";
    for (const char* source : {"codebook", "decoder"}) {
        for (const auto& [variant, row] : result[source].items()) {
            out += std::string(source) + " " + variant + ":";
            for (const auto& [name, value] : row.items()) out += "  " + name + " " + (value.is_null() ? "-" : value.dump().substr(0, 6));
            out += "\n";
        }
    }
    return out;
}

}  // namespace

std::unique_ptr<Workflow> makeGeneRecall() { return std::make_unique<GeneRecall>(); }

}  // namespace txfm::workflow
