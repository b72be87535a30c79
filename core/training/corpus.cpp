// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/corpus.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "core/base/random.h"
#include "core/io/reader.h"
#include "core/io/sha256.h"
#include "core/preprocess/gene_matching.h"
#include "core/training/seeds.h"

namespace txfm::training {
namespace {

/// Data sets below this size give no validation sample unless the fraction itself rounds to one.
constexpr int64_t kSmallestSplitSet = 10;

/// Sums of the rows of the file, before genes outside the vocabulary are left out.
Result<std::vector<double>> rowTotals(const CountSource& counts, Progress& progress) {
    constexpr int64_t kRowsPerBlock = 4096;
    std::vector<double> totals;
    for (int64_t begin = 0; begin < counts.cells(); begin += kRowsPerBlock) {
        if (progress.cancelled()) return cancelledError();
        TXFM_TRY(const CsrMatrix block, counts.readRows(begin, std::min(begin + kRowsPerBlock, counts.cells())));
        for (int64_t row = 0; row < block.rows; ++row) {
            const auto values = block.rowValues(row);
            totals.push_back(std::accumulate(values.begin(), values.end(), 0.0));
        }
    }
    return totals;
}

CsrMatrix selectRows(const CsrMatrix& matrix, const std::vector<int64_t>& rows) {
    CsrMatrix out;
    out.rows = static_cast<int64_t>(rows.size());
    out.cols = matrix.cols;
    for (int64_t row : rows) {
        const auto indices = matrix.rowIndices(row);
        const auto values = matrix.rowValues(row);
        out.indices.insert(out.indices.end(), indices.begin(), indices.end());
        out.values.insert(out.values.end(), values.begin(), values.end());
        out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
    }
    return out;
}

/// Measured flags of the vocabulary for source `d` of a merged file.
std::vector<uint8_t> measuredOfSource(const GeneMatch& match, const std::vector<uint8_t>& fileMask) {
    std::vector<uint8_t> flags(match.measured.size(), 0);
    for (size_t gene = 0; gene < match.target.size(); ++gene)
        if (match.target[gene] >= 0 && fileMask[gene]) flags[static_cast<size_t>(match.target[gene])] = 1;
    return flags;
}

void split(CorpusSet& set, double fraction, uint64_t seed, uint32_t index) {
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < set.counts.rows; ++row) {
        const auto values = set.counts.rowValues(row);
        const bool empty = std::none_of(values.begin(), values.end(), [](float v) { return v > 0; });
        if (empty) {
            ++set.emptyCells;
        } else {
            rows.push_back(row);
        }
    }
    const auto n = static_cast<int64_t>(rows.size());
    auto held = static_cast<int64_t>(std::llround(fraction * static_cast<double>(n)));
    if (fraction > 0 && held == 0 && n >= kSmallestSplitSet) held = 1;
    held = std::min(held, std::max<int64_t>(n - 1, 0));
    std::vector<int64_t> shuffled = rows;
    RandomStream random(domainSeed(seed, SeedDomain::Split), index);
    for (int64_t i = 0; i < held; ++i)
        std::swap(shuffled[i], shuffled[i + static_cast<int64_t>(random.below(static_cast<uint64_t>(n - i)))]);
    set.validation.assign(shuffled.begin(), shuffled.begin() + held);
    set.train.assign(shuffled.begin() + held, shuffled.end());
    std::ranges::sort(set.validation);
    std::ranges::sort(set.train);
}

}  // namespace

model::SampleCounts CorpusSet::sample(int64_t row) const {
    return {counts.rowIndices(row), counts.rowValues(row), measured.get(),
            profiledTotals.empty() ? -1.0 : profiledTotals[static_cast<size_t>(row)]};
}

Result<std::vector<Dataset>> openDatasets(const std::vector<std::string>& paths, bool allowNormalised,
                                          Progress& progress) {
    if (paths.empty()) return usageError("No data set was given.", "Name one or more count files after --data.");
    StageProgress stage(progress, "read", static_cast<double>(paths.size()), "files");
    io::ReadOptions options;
    options.allowNormalised = allowNormalised;
    std::vector<Dataset> sets;
    for (const std::string& path : paths) {
        if (progress.cancelled()) return cancelledError();
        TXFM_TRY(Dataset set, io::openDataset(path, options, progress));
        if (set.provenance.valueKind != ValueKind::Counts)
            progress.message(MessageLevel::Warning, "'" + path + "' holds " + toString(set.provenance.valueKind) +
                                                        " values, not counts; they were converted back as far as possible.");
        if (set.cells() == 0) return badInput("'" + path + "' holds no cell.", "Leave it out of --data.");
        sets.push_back(std::move(set));
        stage.advance(1);
    }
    return sets;
}

Result<Corpus> Corpus::build(std::vector<Dataset> sets, const std::vector<std::string>& paths,
                             const io::Vocabulary& vocabulary, const io::ModelConfig& config,
                             const CorpusOptions& options, Progress& progress) {
    Corpus corpus;
    StageProgress stage(progress, "match", static_cast<double>(sets.size()), "files");
    for (size_t i = 0; i < sets.size(); ++i) {
        if (progress.cancelled()) return cancelledError();
        Dataset& file = sets[i];
        TXFM_TRY(const GeneMatch match, matchGenes(file.var, vocabulary, paths[i]));
        std::vector<double> totals;
        if (config.libraryScope == "all_profiled") {
            TXFM_TRY(totals, rowTotals(*file.counts, progress));
        }
        const auto projected = projectToVocabulary(file.counts, match, vocabulary.size());
        TXFM_TRY(CsrMatrix counts, projected->readRows(0, projected->cells()));
        std::string hash;
        if (std::filesystem::is_regular_file(paths[i])) {
            TXFM_TRY(hash, io::sha256OfFile(paths[i]));
        }
        const size_t sources = std::max<size_t>(file.measured.size(), 1);
        for (size_t source = 0; source < sources; ++source) {
            CorpusSet set;
            set.name = std::filesystem::path(paths[i]).filename().string();
            set.path = paths[i];
            set.sha256 = hash;
            set.match = match.toJson();
            if (file.measured.empty()) {
                set.counts = std::move(counts);
                set.profiledTotals = totals;
                set.measured = std::make_shared<const model::MeasuredGenes>(match.measured);
            } else {
                std::vector<int64_t> rows;
                for (int64_t row = 0; row < counts.rows; ++row)
                    if (file.sourceOfCell[static_cast<size_t>(row)] == static_cast<int32_t>(source)) rows.push_back(row);
                if (rows.empty()) continue;
                set.name += "#" + std::to_string(source + 1);
                set.counts = selectRows(counts, rows);
                for (int64_t row : rows)
                    if (!totals.empty()) set.profiledTotals.push_back(totals[static_cast<size_t>(row)]);
                set.measured =
                    std::make_shared<const model::MeasuredGenes>(measuredOfSource(match, file.measured[source]));
            }
            split(set, options.validationFraction, options.seed, static_cast<uint32_t>(corpus.m_sets.size()));
            if (set.emptyCells > 0)
                progress.message(MessageLevel::Warning,
                                 "'" + set.path + "': " + std::to_string(set.emptyCells) +
                                     " cells have no count in the vocabulary and are left out.");
            corpus.m_sets.push_back(std::move(set));
        }
        file = Dataset{};  // the source is no longer needed; its memory is
        stage.advance(1);
    }
    corpus.m_geneFrequency.assign(static_cast<size_t>(vocabulary.size()), 0);
    corpus.m_measuredIn.assign(static_cast<size_t>(vocabulary.size()), 0);
    for (const CorpusSet& set : corpus.m_sets) {
        corpus.m_trainSamples += static_cast<int64_t>(set.train.size());
        corpus.m_validationSamples += static_cast<int64_t>(set.validation.size());
        for (int64_t row : set.train) {
            const auto indices = set.counts.rowIndices(row);
            const auto values = set.counts.rowValues(row);
            for (size_t j = 0; j < indices.size(); ++j) corpus.m_geneFrequency[indices[j]] += values[j] > 0;
        }
        for (int32_t gene : set.measured->genes) corpus.m_measuredIn[gene] += static_cast<double>(set.train.size());
    }
    if (corpus.m_trainSamples == 0)
        return badInput("'" + paths.front() + "' has no cell with a count in the vocabulary.",
                        "Check that the file holds raw human counts.");
    return corpus;
}

nlohmann::json Corpus::facts() const {
    auto list = nlohmann::json::array();
    for (const CorpusSet& set : m_sets)
        list.push_back({{"name", set.name},
                        {"cells", set.counts.rows},
                        {"train", set.train.size()},
                        {"validation", set.validation.size()},
                        {"empty_cells", set.emptyCells},
                        {"genes", set.measured->count()},
                        {"sha256", set.sha256}});
    return list;
}

}  // namespace txfm::training
