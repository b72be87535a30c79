// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/qc.h"

#include <algorithm>

#include "core/analysis/doublets.h"
#include "core/base/quoted.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "core/preprocess/obs_filter.h"
#include "core/workflow/forecast.h"
#include "core/workflow/options/data_options.h"
#include "core/workflow/representation.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

template <class T>
std::vector<T> pick(const std::vector<T>& values, const std::vector<int64_t>& rows) {
    std::vector<T> out;
    out.reserve(rows.size());
    for (const int64_t row : rows) out.push_back(values[row]);
    return out;
}

class Qc final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }

    Result<nlohmann::json> run(const RunContext& context, Progress& progress) override {
        TXFM_CHECK(checkOutput(m_options.in, m_options.out));
        StageClock clock;
        clock.start("read");
        io::ReadOptions read;
        read.keepInMemory = false;
        read.countsIn = m_options.countsIn;
        read.allowNormalised = true;
        read.readArrays = false;  // they go from file to file
        TXFM_TRY(Dataset dataset, io::openDataset(m_options.in, read, progress));
        if (dataset.provenance.valueKind != ValueKind::Counts)
            progress.message(MessageLevel::Warning, "The values of " + txfm::quoted(m_options.in) + " look like " + toString(dataset.provenance.valueKind) +
                                                        "; quality metrics mean something on counts only.");
        clock.start("qc");
        announce(dataset, {.passes = m_options.minCells >= 0 ? 2 : 1, .writesCounts = true}, progress);
        TXFM_TRY(const QcMetrics metrics, computeQc(dataset, progress));
        TXFM_TRY(QcSelection keep, applyQcFilters(dataset, metrics, filters(), progress));
        TXFM_CHECK(applyExpression(dataset, metrics, keep));
        TXFM_TRY(const std::vector<double> doublets, scoreDoublets(dataset, context.seed, keep, progress));
        if (keep.cells.empty() || keep.genes.empty())
            return failed("The filters leave no " + std::string(keep.cells.empty() ? "cell" : "gene") + " of " + txfm::quoted(m_options.in) + ".",
                          "Choose milder thresholds.");
        TXFM_TRY(const Dataset kept, subset(dataset, keep.cells, keep.genes, progress));
        clock.start("write");
        io::H5adAdditions results = additions(metrics, keep);
        if (!doublets.empty()) results.obs.push_back(Column{"doublet_score", doublets, {}});
        io::anndata::KeptPart part;
        if (kept.cells() < dataset.cells()) part.cells = keep.cells;
        if (kept.genes() < dataset.genes()) part.genes = keep.genes;
        TXFM_TRY(const std::vector<std::string> notes, io::rewriteH5ad(m_options.out, kept, part, results, progress));
        for (const std::string& note : notes) progress.message(MessageLevel::Info, note);
        nlohmann::json result{{"n_cells_before", dataset.cells()}, {"n_genes_before", dataset.genes()}, {"n_cells", kept.cells()},
                              {"n_genes", kept.genes()}, {"cells_removed", dataset.cells() - kept.cells()},
                              {"genes_removed", dataset.genes() - kept.genes()}, {"mitochondrial_genes", metrics.mitochondrialGenes}, {"notes", notes},
                              {"files", {m_options.out}}};
        clock.finish(result);
        return result;
    }

    std::string describe(const nlohmann::json& result) const override {
        return "Kept " + result["n_cells"].dump() + " of " + result["n_cells_before"].dump() + " cells and " + result["n_genes"].dump() + " of " +
               result["n_genes_before"].dump() + " genes; wrote " + m_options.out + ".\n";
    }

private:
    QcFilters filters() const {
        QcFilters f;
        f.minGenes = m_options.minGenes;
        f.minCells = m_options.minCells;
        f.maxMtPercent = m_options.maxMt;
        f.minCounts = m_options.minCounts;
        f.maxCounts = m_options.maxCounts;
        f.madMultiple = m_options.mad;
        return f;
    }

    /// Narrows the selection to the cells for which --where holds; the expression sees obs and the metrics.
    Result<void> applyExpression(const Dataset& dataset, const QcMetrics& metrics, QcSelection& keep) const {
        if (m_options.where.empty()) return {};
        Table obs = dataset.obs;
        obs.set(Column{"total_counts", metrics.totalCounts, {}});
        obs.set(Column{"n_genes_by_counts", metrics.genesByCounts, {}});
        obs.set(Column{"pct_counts_mt", metrics.pctCountsMt, {}});
        obs.set(Column{"pct_counts_ribo", metrics.pctCountsRibo, {}});
        TXFM_TRY(const std::vector<int64_t> wanted, selectRows(obs, m_options.where, m_options.in));
        std::erase_if(keep.cells, [&](int64_t cell) { return !std::ranges::binary_search(wanted, cell); });
        return {};
    }

    /// Scores of the kept cells (empty when not asked for); cells above the limit leave the selection. Empty droplets
    /// and dying cells would mislead the neighbours, so the scores are computed after the other filters.
    Result<std::vector<double>> scoreDoublets(const Dataset& dataset, uint64_t seed, QcSelection& keep, Progress& progress) const {
        if ((!m_options.doublets && m_options.maxDoublet < 0) || keep.cells.empty() || keep.genes.empty()) return std::vector<double>{};
        TXFM_TRY(const Dataset kept, subset(dataset, keep.cells, keep.genes, progress));
        analysis::DoubletOptions options;
        options.seed = seed;
        TXFM_TRY(const std::vector<double> scores, analysis::doubletScores(*kept.counts, options, progress));
        if (m_options.maxDoublet < 0) return scores;
        QcSelection singlets{{}, keep.genes};
        std::vector<double> left;
        for (size_t i = 0; i < scores.size(); ++i) {
            if (scores[i] > m_options.maxDoublet) continue;
            singlets.cells.push_back(keep.cells[i]);
            left.push_back(scores[i]);
        }
        keep = std::move(singlets);
        return left;
    }

    static io::H5adAdditions additions(const QcMetrics& metrics, const QcSelection& keep) {
        io::H5adAdditions out;
        out.obs.push_back(Column{"total_counts", pick(metrics.totalCounts, keep.cells), {}});
        out.obs.push_back(Column{"n_genes_by_counts", pick(metrics.genesByCounts, keep.cells), {}});
        out.obs.push_back(Column{"pct_counts_mt", pick(metrics.pctCountsMt, keep.cells), {}});
        out.obs.push_back(Column{"pct_counts_ribo", pick(metrics.pctCountsRibo, keep.cells), {}});
        out.var.push_back(Column{"n_cells_by_counts", pick(metrics.cellsByCounts, keep.genes), {}});
        out.var.push_back(Column{"total_counts", pick(metrics.geneTotalCounts, keep.genes), {}});
        return out;
    }

    QcOptions m_options;
};

}  // namespace

std::unique_ptr<Workflow> makeQc() { return std::make_unique<Qc>(); }

}  // namespace txfm::workflow
