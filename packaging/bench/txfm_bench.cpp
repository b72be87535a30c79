// SPDX-License-Identifier: GPL-3.0-or-later
// Our side of the measurements of bench.py: txfm-bench WHAT FILE THREADS REPEATS [FOLDER]
// Times one step on a count file and prints {"seconds": [..], "cpu_seconds": [..], ...}; what comes before the step is
// not timed. With FOLDER, inputs and results of the step are written there for the other side to check.
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/analysis/communities.h"
#include "core/analysis/neighbor_graph.h"
#include "core/analysis/pca.h"
#include "core/analysis/umap.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/io/packed_store.h"
#include "core/io/reader.h"
#include "core/preprocess/hvg.h"
#include "packaging/bench/array_files.h"

namespace txfm::bench {
namespace {

constexpr double kTarget = 1e4;
constexpr int64_t kGenes = 2000, kComponents = 50, kNeighbors = 15;

template <class T>
T required(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

double cpuSeconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Runs a step `repeats` times.
class Watch {
public:
    explicit Watch(int repeats) : m_repeats(repeats) {}
    void measure(const std::function<void()>& step) {
        for (int i = 0; i < m_repeats; ++i) {
            const auto start = std::chrono::steady_clock::now();
            const double cpu = cpuSeconds();
            step();
            report["cpu_seconds"].push_back(cpuSeconds() - cpu);
            report["seconds"].push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
    }
    nlohmann::json report;

private:
    int m_repeats;
};

struct Run {
    std::string file;
    Watch watch;
    ArrayFolder out;
    Progress progress;

    Dataset open() { return required(io::openDataset(file, {}, progress)); }
    CsrMatrix variableGenes() {
        const Dataset data = open();
        const GeneMoments moments = required(geneMoments(*data.counts, kTarget, progress));
        const HvgResult hvg = highlyVariableGenes(moments, kGenes);
        return required(logNormalised(*data.counts, hvg.selected, moments.cellTotals, kTarget, progress));
    }
    DenseMatrix components() { return required(analysis::principalComponents(variableGenes(), kComponents, progress)).scores; }
    analysis::NeighborGraph graph(const DenseMatrix& scores) {
        return analysis::fuzzyGraph(required(analysis::nearestNeighbors(scores, kNeighbors - 1, progress)));
    }
};

void load(Run& run) {
    Dataset data;
    run.watch.measure([&] {
        data = {};
        data = run.open();
    });
    run.out.write("counts", *data.counts->inMemory());
}

void preprocess(Run& run) {
    const Dataset data = run.open();
    GeneMoments moments;
    HvgResult hvg;
    CsrMatrix values;
    run.watch.measure([&] {
        moments = required(geneMoments(*data.counts, kTarget, run.progress));
        hvg = highlyVariableGenes(moments, kGenes);
        values = required(logNormalised(*data.counts, hvg.selected, moments.cellTotals, kTarget, run.progress));
    });
    run.out.write("mean", moments.mean);
    run.out.write("variance", moments.variance);
    run.out.write("dispersions_norm", hvg.dispersionsNorm);
    run.out.write("selected", hvg.selected);
    run.out.write("values", values);
}

void randomRows(Run& run) {
    constexpr int64_t kRows = 100'000, kBatch = 512;
    const Dataset data = run.open();
    const auto store = required(io::openOrMakePackedStore(run.file, data.provenance.countsIn, *data.counts, run.progress));
    std::vector<int64_t> rows;
    RandomStream random(1);
    for (int64_t i = 0; i < kRows; ++i) rows.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(data.cells()))));
    std::vector<double> sums;
    run.watch.measure([&] {
        sums.clear();
        for (int64_t begin = 0; begin < kRows; begin += kBatch) {
            const CsrMatrix batch = required(store->readRowsAt({rows.begin() + begin, rows.begin() + std::min(begin + kBatch, kRows)}));
            for (int64_t i = 0; i < batch.rows; ++i) {
                double sum = 0;
                for (size_t k = 0; k < batch.rowIndices(i).size(); ++k) sum += static_cast<double>(batch.rowValues(i)[k]) * (batch.rowIndices(i)[k] + 1);
                sums.push_back(sum);
            }
        }
    });
    run.watch.report["rows"] = kRows;
    run.out.write("rows", rows);
    run.out.write("sums", sums);
}

void pca(Run& run) {
    const CsrMatrix values = run.variableGenes();
    analysis::Pca result;
    run.watch.measure([&] { result = required(analysis::principalComponents(values, kComponents, run.progress)); });
    run.out.write("values", values);
    run.out.write("components", result.components);
    run.out.write("variance", result.variance);
}

void knn(Run& run) {
    const DenseMatrix scores = run.components();
    analysis::Neighbors found;
    run.watch.measure([&] { found = required(analysis::nearestNeighbors(scores, kNeighbors, run.progress)); });
    run.out.write("scores", scores);
    run.out.write("indices", found.indices, found.k);
}

void knnApproximate(Run& run) {
    const DenseMatrix scores = run.components();
    analysis::Neighbors found;
    double recall = 0;
    run.watch.measure([&] { found = required(analysis::approximateNeighbors(scores, kNeighbors, recall, run.progress)); });
    run.watch.report["own_recall"] = recall;
    run.out.write("scores", scores);
    run.out.write("indices", found.indices, found.k);
}

void umap(Run& run) {
    const DenseMatrix scores = run.components();
    DenseMatrix layout;
    run.watch.measure([&] {
        const analysis::NeighborGraph graph = run.graph(scores);
        analysis::UmapOptions options;
        options.minDist = 0.1;  // umap-learn's default
        layout = required(analysis::umapLayout(graph.connectivities, scores, options, run.progress));
    });
    run.out.write("scores", scores);
    run.out.write("layout", layout);
}

void leiden(Run& run) {
    const analysis::NeighborGraph graph = run.graph(run.components());
    analysis::Communities found;
    run.watch.measure([&] {
        found = required(analysis::findCommunities(graph.connectivities, analysis::CommunityMethod::Leiden, 1.0, 0, run.progress));
    });
    run.watch.report["modularity"] = found.modularity;
    run.out.write("graph", graph.connectivities);
    run.out.write("membership", found.membership);
}

const std::map<std::string, void (*)(Run&)> kSteps = {{"load", load}, {"preprocess", preprocess}, {"random_rows", randomRows},
                                                      {"pca", pca},   {"knn", knn},               {"knn_approximate", knnApproximate},
                                                      {"umap", umap}, {"leiden", leiden}};

}  // namespace
}  // namespace txfm::bench

int main(int argc, char** argv) {
    using namespace txfm;
    if (argc < 5 || !bench::kSteps.contains(argv[1])) {
        std::cerr << "usage: txfm-bench WHAT FILE THREADS REPEATS [FOLDER]\nWHAT is one of";
        for (const auto& [name, step] : bench::kSteps) std::cerr << " " << name;
        std::cerr << "\n";
        return 2;
    }
    try {
        setThreadCount(std::atoi(argv[3]));
        bench::Run run{argv[2], bench::Watch(std::max(1, std::atoi(argv[4]))), bench::ArrayFolder(argc > 5 ? argv[5] : ""), {}};
        bench::kSteps.at(argv[1])(run);
        std::cout << run.watch.report.dump() << "\n";
        return 0;
    } catch (const std::exception& exception) {
        std::cerr << exception.what() << "\n";
        return 1;
    }
}
