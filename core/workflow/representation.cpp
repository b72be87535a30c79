// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/representation.h"

#include <cmath>
#include <cstdio>
#include <utility>

#include "core/analysis/pca.h"
#include "core/base/atomic_file.h"
#include "core/io/reader.h"
#include "core/io/sha256.h"
#include "core/preprocess/hvg.h"
#include "core/preprocess/unlogged_counts.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kVariableGenes = 2000;
constexpr double kTarget = 1e4;
constexpr const char* kHashKey = "rep_sha256";

Error noSuchRepresentation(const Dataset& dataset, const std::string& rep) {
    std::string keys;
    for (const auto& [key, matrix] : dataset.obsm) keys += (keys.empty() ? "" : ", ") + key;
    return badInput(dataset.provenance.path + " has no representation obsm['" + rep + "'].",
                    keys.empty() ? "It has none at all: run 'txfm embed' first, or use --rep X."
                                 : "It has " + keys + "; X stands for log-normalised expression.");
}

/// ln(1 + 10^4 c/l) of the most variable genes [cells × genes]; a view where the counts are not in memory.
Result<std::shared_ptr<const CountSource>> variableGenes(const Dataset& dataset, StageClock& clock, Progress& progress) {
    clock.start("hvg");
    std::shared_ptr<const CountSource> counts = dataset.counts;
    const ValueKind kind = dataset.provenance.valueKind;
    if (kind == ValueKind::Scaled || kind == ValueKind::Unknown)
        return badInput(dataset.provenance.path + " holds neither counts nor normalised counts in " + dataset.provenance.countsIn + ".",
                        "Choose an embedding with --rep, or give the file with its counts.");
    if (kind == ValueKind::Log1pNormalised) {
        progress.message(MessageLevel::Warning, dataset.provenance.path + " holds logarithms instead of counts; their exponentials are used instead.");
        counts = unlogged(std::move(counts));
    } else if (kind == ValueKind::Normalised) {
        progress.message(MessageLevel::Warning, dataset.provenance.path + " holds normalised values instead of counts; they are scaled to 10,000 again.");
    }
    TXFM_TRY(const GeneMoments moments, geneMoments(*counts, kTarget, progress));
    const HvgResult hvg = highlyVariableGenes(moments, kVariableGenes);
    if (hvg.selected.empty())
        return badInput(dataset.provenance.path + " has no gene that varies between cells.", "Check that the file holds counts of several different cells.");
    clock.start("normalise");
    if (!dataset.counts->inMemory()) return logNormalisedView(counts, hvg.selected, moments.cellTotals, kTarget);
    TXFM_TRY(CsrMatrix values, logNormalised(*counts, hvg.selected, moments.cellTotals, kTarget, progress));
    return std::shared_ptr<const CountSource>(std::make_shared<MemoryCounts>(std::move(values)));
}

/// Tells representations of the same name apart: cells that were embedded anew have other neighbours.
std::string hashOf(const DenseMatrix& values) {
    return io::sha256({reinterpret_cast<const char*>(values.values.data()), values.values.size() * sizeof(float)});
}

Result<std::optional<CsrMatrix>> storedGraph(const Dataset& dataset, const Representation& rep, int64_t neighbors) {
    if (dataset.provenance.format != "h5ad") return std::optional<CsrMatrix>{};
    TXFM_TRY(const nlohmann::json about, io::readUns(dataset.provenance.path, "txfm_neighbors"));
    const auto params = about.is_object() ? about.value("params", nlohmann::json::object()) : nlohmann::json::object();
    const auto text = [&](const char* name) { return params.contains(name) && params[name].is_string() ? params[name].get<std::string>() : std::string(); };
    bool same = text("use_rep") == rep.usedKey && params.contains("n_neighbors") && params["n_neighbors"].is_number() &&
                params["n_neighbors"].get<double>() == static_cast<double>(neighbors);
    // Graphs of other programs and of older versions carry no hash.
    if (same && params.contains(kHashKey)) same = text(kHashKey) == hashOf(rep.values);
    if (!same) return std::optional<CsrMatrix>{};
    TXFM_TRY(std::optional<CsrMatrix> weights, io::readObsp(dataset.provenance.path, "txfm_connectivities"));
    if (!weights || weights->rows != dataset.cells() || weights->cols != dataset.cells()) return std::optional<CsrMatrix>{};
    return weights;
}

/// Exact neighbours up to a size at which that takes minutes.
Result<analysis::NeighborGraph> makeGraph(const DenseMatrix& values, int64_t neighbors, Progress& progress) {
    if (values.rows <= analysis::kExactNeighbors) {
        TXFM_TRY(const analysis::Neighbors found, analysis::nearestNeighbors(values, neighbors - 1, progress));
        return analysis::fuzzyGraph(found);
    }
    double recall = 0;
    TXFM_TRY(const analysis::Neighbors found, analysis::approximateNeighbors(values, neighbors - 1, recall, progress));
    char text[128];
    std::snprintf(text, sizeof text, "So many cells are searched approximately: %.2f %% of the nearest neighbours were found.", 100 * recall);
    progress.message(MessageLevel::Info, text);
    return analysis::fuzzyGraph(found);
}

}  // namespace

Result<void> checkOutput(const fs::path& in, const fs::path& out) {
    std::error_code code;
    if (fs::weakly_canonical(in, code) == fs::weakly_canonical(out, code) || (fs::exists(out, code) && fs::equivalent(in, out, code)))
        return usageError("--out names the input file " + in.string() + ".", "Inputs are never changed: give another name.");
    TXFM_TRY(const AtomicFile probe, AtomicFile::create(out));
    return {};
}

Result<Dataset> openForAnalysis(const std::string& path, const std::string& countsIn, Progress& progress, bool counts) {
    io::ReadOptions options;
    options.countsIn = countsIn;
    options.allowNormalised = true;
    options.keepInMemory = counts;
    options.countsLater = !counts;
    TXFM_TRY(Dataset dataset, io::openDataset(path, options, progress));
    if (dataset.cells() < 2) return badInput(path + " holds " + std::to_string(dataset.cells()) + " cells; at least two are needed.");
    return dataset;
}

Result<Representation> loadRepresentation(const Dataset& dataset, const std::string& rep, int64_t components, StageClock& clock,
                                          Progress& progress, io::H5adAdditions& additions) {
    Representation out;
    if (rep != "X") {
        const auto found = dataset.obsm.find(rep);
        if (found != dataset.obsm.end()) {
            out.values = found->second;
        } else if (dataset.provenance.format == "h5ad" && io::hasObsm(dataset.provenance.path, rep)) {
            // Large arrays are left in the file when the counts are.
            TXFM_TRY(out.values, io::readObsm(dataset.provenance.path, rep));
        } else {
            return noSuchRepresentation(dataset, rep);
        }
        if (out.values.rows != dataset.cells() || out.values.cols < 1)
            return badInput(dataset.provenance.path + ": obsm['" + rep + "'] is not a table with one row per cell.");
        out.usedKey = rep;
        out.prefix = "X_txfm_";
        return out;
    }
    TXFM_TRY(const auto genes, variableGenes(dataset, clock, progress));
    clock.start("pca");
    TXFM_TRY(analysis::Pca pca, analysis::principalComponents(*genes, components, progress));
    out.usedKey = "X_pca";
    out.prefix = "X_";
    out.pcaUns = {{"variance", pca.variance}, {"variance_ratio", pca.varianceRatio}};
    additions.obsm["X_pca"] = pca.scores;
    additions.uns["pca"] = out.pcaUns;
    out.values = std::move(pca.scores);
    return out;
}

Result<std::shared_ptr<const CsrMatrix>> loadOrMakeGraph(const Dataset& dataset, const Representation& rep, int64_t neighbors, uint64_t seed,
                                                bool reuse, StageClock& clock, Progress& progress, io::H5adAdditions& additions) {
    if (reuse) {
        TXFM_TRY(std::optional<CsrMatrix> stored, storedGraph(dataset, rep, neighbors));
        if (stored) return std::make_shared<const CsrMatrix>(std::move(*stored));
    }
    clock.start("knn");
    TXFM_TRY(analysis::NeighborGraph graph, makeGraph(rep.values, neighbors, progress));
    const auto connectivities = std::make_shared<const CsrMatrix>(std::move(graph.connectivities));
    additions.obsp["txfm_distances"] = std::make_shared<const CsrMatrix>(std::move(graph.distances));
    additions.obsp["txfm_connectivities"] = connectivities;
    additions.uns["txfm_neighbors"] = {{"connectivities_key", "txfm_connectivities"},
                                       {"distances_key", "txfm_distances"},
                                       {"params",
                                        {{"n_neighbors", neighbors},
                                         {"method", "umap"},
                                         {"metric", "euclidean"},
                                         {"random_state", seed},
                                         {"use_rep", rep.usedKey},
                                         {kHashKey, hashOf(rep.values)}}}};
    return connectivities;
}

}  // namespace txfm::workflow
