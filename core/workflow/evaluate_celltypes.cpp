// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>

#include "core/analysis/communities.h"
#include "core/base/random.h"
#include "core/evaluation/cluster_agreement.h"
#include "core/evaluation/pc_regression.h"
#include "core/evaluation/probes.h"
#include "core/evaluation/silhouette.h"
#include "core/workflow/options/analysis_options.h"
#include "core/workflow/representation.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

constexpr int64_t kPrincipalComponents = 50;
constexpr int64_t kFolds = 4;

using Scores = std::map<std::string, double>;

/// The cells of one evaluation with their codes.
struct Labelled {
    DenseMatrix values;
    DenseMatrix expression;  ///< principal components of the expression; empty without batches
    std::vector<int32_t> labels, batches;
};

class EvaluateCellTypes final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }
    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override;
    std::string describe(const nlohmann::json& result) const override;

private:
    Result<Labelled> load(StageClock& clock, Progress& progress) const;
    Result<Scores> evaluate(const Labelled& set, uint64_t seed, StageClock& clock, Progress& progress) const;

    CellTypeOptions m_options;
};

Result<Categorical> codesOf(const Dataset& dataset, const std::string& name) {
    const Column* column = dataset.obs.find(name);
    if (column == nullptr) {
        std::string columns;
        for (const Column& c : dataset.obs.columns) columns += (columns.empty() ? "" : ", ") + c.name;
        return badInput(dataset.provenance.path + " has no column obs['" + name + "'].", "It has: " + columns + ".");
    }
    return column->toCategorical();
}

DenseMatrix rowsOf(const DenseMatrix& data, const std::vector<int64_t>& rows) {
    DenseMatrix out(static_cast<int64_t>(rows.size()), data.cols);
    for (size_t i = 0; i < rows.size(); ++i) std::copy_n(data.row(rows[i]), data.cols, out.row(static_cast<int64_t>(i)));
    return out;
}

Labelled select(const Labelled& all, const std::vector<int64_t>& rows) {
    Labelled part;
    part.values = rowsOf(all.values, rows);
    if (all.expression.rows > 0) part.expression = rowsOf(all.expression, rows);
    for (const int64_t row : rows) {
        part.labels.push_back(all.labels[static_cast<size_t>(row)]);
        part.batches.push_back(all.batches[static_cast<size_t>(row)]);
    }
    return part;
}

bool severalIn(const std::vector<int32_t>& codes) {
    return std::ranges::any_of(codes, [&](int32_t code) { return code != codes.front(); });
}

Result<Labelled> EvaluateCellTypes::load(StageClock& clock, Progress& progress) const {
    clock.start("read");
    TXFM_TRY(const Dataset dataset, openForAnalysis(m_options.data, m_options.countsIn, progress));
    TXFM_TRY(const Categorical labels, codesOf(dataset, m_options.label));
    Categorical batches;
    batches.codes.assign(labels.codes.size(), 0);
    if (!m_options.batch.empty()) {
        TXFM_TRY(batches, codesOf(dataset, m_options.batch));
    }
    io::H5adAdditions unused;
    TXFM_TRY(Representation rep, loadRepresentation(dataset, m_options.rep, kPrincipalComponents, clock, progress, unused));
    Labelled all;
    if (!m_options.batch.empty()) {
        TXFM_TRY(Representation expression, loadRepresentation(dataset, "X", kPrincipalComponents, clock, progress, unused));
        all.expression = std::move(expression.values);
    }
    all.values = std::move(rep.values);
    all.labels = labels.codes;
    all.batches = batches.codes;
    std::vector<int64_t> known;
    for (size_t i = 0; i < all.labels.size(); ++i) {
        if (all.labels[i] >= 0 && all.batches[i] >= 0) known.push_back(static_cast<int64_t>(i));
    }
    if (const auto missing = all.labels.size() - known.size(); missing > 0)
        progress.message(MessageLevel::Warning, std::to_string(missing) + " cells without a label or batch are left out.");
    all = select(all, known);
    if (all.labels.empty() || !severalIn(all.labels))
        return badInput("obs['" + m_options.label + "'] of " + m_options.data + " has fewer than two labels.", "Choose a column with cell types.");
    return all;
}

/// The best agreement over the resolutions 0.2, 0.4 … 2.0 of Louvain on the unweighted graph (spec §7.1).
Result<Scores> clusterScores(const Labelled& set, CsrMatrix graph, uint64_t seed, Progress& progress) {
    std::ranges::fill(graph.values, 1.0f);
    Scores best = {{"nmi", 0.0}, {"ari", 0.0}};
    for (int step = 1; step <= 10; ++step) {
        TXFM_TRY(const analysis::Communities found,
                 analysis::findCommunities(graph, analysis::CommunityMethod::Louvain, 0.2 * step, seed, progress));
        const double nmi = evaluation::normalisedMutualInformation(found.membership, set.labels);
        if (nmi > best["nmi"]) best = {{"nmi", nmi}, {"ari", evaluation::adjustedRandIndex(found.membership, set.labels)}};
    }
    return best;
}

Result<void> probeScores(const Labelled& set, int64_t neighbors, uint64_t seed, Progress& progress, Scores& scores) {
    const auto splits = evaluation::probeSplits(set.labels, set.batches, kFolds, seed);
    for (const evaluation::Split& split : splits) {
        std::vector<int32_t> truth;
        for (const int64_t row : split.test) truth.push_back(set.labels[static_cast<size_t>(row)]);
        if (truth.empty() || split.train.empty()) return badInput("Too few cells for the probes.", "Give at least four cells of each label.");
        const auto share = 1.0 / static_cast<double>(splits.size());
        TXFM_TRY(const std::vector<int32_t> byNeighbors, evaluation::knnPredict(set.values, set.labels, split, neighbors, progress));
        TXFM_TRY(const std::vector<int32_t> byLinear, evaluation::linearPredict(set.values, set.labels, split, progress));
        const evaluation::ProbeScore knn = evaluation::scorePrediction(truth, byNeighbors), linear = evaluation::scorePrediction(truth, byLinear);
        scores["knn_accuracy"] += share * knn.accuracy;
        scores["knn_macro_f1"] += share * knn.macroF1;
        scores["linear_probe_accuracy"] += share * linear.accuracy;
        scores["linear_probe_macro_f1"] += share * linear.macroF1;
    }
    return {};
}

Result<Scores> EvaluateCellTypes::evaluate(const Labelled& set, uint64_t seed, StageClock& clock, Progress& progress) const {
    clock.start("knn");
    TXFM_TRY(const analysis::Neighbors near, analysis::nearestNeighbors(set.values, m_options.neighbors - 1, progress));
    clock.start("leiden");
    TXFM_TRY(Scores scores, clusterScores(set, analysis::fuzzyGraph(near).connectivities, seed, progress));
    clock.start("silhouette");
    TXFM_TRY(scores["asw_cell_type"], evaluation::scaledSilhouette(set.values, set.labels, progress));
    scores["asw_batch_scib"] = scores["asw_batch_within"] = scores["pcr_comparison"] = std::nan("");
    if (severalIn(set.batches)) {
        TXFM_TRY(scores["asw_batch_scib"], evaluation::batchSilhouetteScib(set.values, set.labels, set.batches, progress));
        TXFM_TRY(const double within, evaluation::withinBatchSilhouette(set.values, set.labels, set.batches, progress));
        scores["asw_batch_within"] = (within + 1) / 2;
        TXFM_TRY(const double before, evaluation::principalComponentRegression(set.expression, set.batches, kPrincipalComponents, progress));
        TXFM_TRY(const double after, evaluation::principalComponentRegression(set.values, set.batches, kPrincipalComponents, progress));
        scores["pcr_comparison"] = evaluation::regressionComparison(before, after);
    }
    clock.start("probe");
    TXFM_CHECK(probeScores(set, m_options.neighbors, seed, progress, scores));
    return scores;
}

Result<nlohmann::json> EvaluateCellTypes::run(const RunContext& context, Progress& progress) {
    StageClock clock;
    TXFM_TRY(const Labelled all, load(clock, progress));
    const bool sampled = all.values.rows > m_options.cells;
    const int64_t repeats = sampled ? m_options.repeats : 1;
    if (!severalIn(all.batches))
        progress.message(MessageLevel::Info, "One batch: the probes are judged on a random quarter of the cells, batch scores are left out.");
    Scores sums;
    for (int64_t repeat = 0; repeat < repeats; ++repeat) {
        const uint64_t seed = context.seed + static_cast<uint64_t>(repeat);
        std::vector<int64_t> rows(static_cast<size_t>(all.values.rows));
        std::iota(rows.begin(), rows.end(), 0);
        if (sampled) {
            RandomStream random(seed, 0x63656c6c);
            std::shuffle(rows.begin(), rows.end(), random);
            rows.resize(static_cast<size_t>(m_options.cells));
            std::ranges::sort(rows);
        }
        TXFM_TRY(const Scores scores, evaluate(sampled ? select(all, rows) : all, seed, clock, progress));
        for (const auto& [name, value] : scores) sums[name] += value / static_cast<double>(repeats);
    }
    nlohmann::json result = {{"rep", m_options.rep}, {"label", m_options.label}, {"batch", m_options.batch},
                             {"n_cells", all.values.rows}, {"cells_evaluated", sampled ? m_options.cells : all.values.rows},
                             {"repeats", repeats}, {"files", nlohmann::json::array()}};
    for (const auto& [name, value] : sums) result[name] = std::isnan(value) ? nlohmann::json() : nlohmann::json(value);
    clock.finish(result);
    return result;
}

std::string EvaluateCellTypes::describe(const nlohmann::json& result) const {
    std::string out = std::to_string(result["cells_evaluated"].get<int64_t>()) + " of " +
                      std::to_string(result["n_cells"].get<int64_t>()) + " cells, " + m_options.rep + " against " + m_options.label + "\n";
    for (const char* name : {"nmi", "ari", "asw_cell_type", "asw_batch_scib", "asw_batch_within", "pcr_comparison", "knn_accuracy",
                             "linear_probe_accuracy"}) {
        if (!result.contains(name) || result[name].is_null()) continue;
        char line[64];
        std::snprintf(line, sizeof line, "%-22s %.4f\n", name, result[name].get<double>());
        out += line;
    }
    return out;
}

}  // namespace

std::unique_ptr<Workflow> makeEvaluateCellTypes() { return std::make_unique<EvaluateCellTypes>(); }

}  // namespace txfm::workflow
