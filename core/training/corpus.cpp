// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/corpus.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "core/io/reader.h"
#include "core/io/sha256.h"
#include "core/preprocess/gene_mapping.h"
#include "core/preprocess/gene_matching.h"
#include "core/preprocess/unlogged_counts.h"

namespace txfm::training {
namespace {

constexpr size_t kCellsPerRead = 256;

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

/// Counts that fit into memory are projected once; those that stay on disk whenever rows are read.
Result<std::shared_ptr<const CountSource>> project(const Dataset& file, const GeneMatch& match, int64_t genes) {
    const auto projected = projectToVocabulary(file.counts, match, genes);
    const int64_t values = file.counts->nonZeros();
    const bool fits = values >= 0 && 8 * (values + file.cells()) <= io::memoryForCounts();
    if (!file.counts->inMemory() && file.counts->concurrentReads() && !fits) return projected;
    TXFM_TRY(CsrMatrix counts, projected->readRows(0, projected->cells()));
    return std::shared_ptr<const CountSource>(std::make_shared<MemoryCounts>(std::move(counts)));
}

/// Measured flags of the vocabulary for source `d` of a merged file.
std::vector<uint8_t> measuredOfSource(const GeneMatch& match, const std::vector<uint8_t>& fileMask) {
    std::vector<uint8_t> flags(match.measured.size(), 0);
    for (size_t gene = 0; gene < match.target.size(); ++gene)
        if (match.target[gene] >= 0 && fileMask[gene]) flags[static_cast<size_t>(match.target[gene])] = 1;
    return flags;
}

}  // namespace

Result<SampleRows> CorpusSet::read(std::span<const int64_t> wanted) const {
    SampleRows out;
    const CsrMatrix* matrix = counts->inMemory();
    std::vector<int64_t> rows;
    for (int64_t cell : wanted) rows.push_back(fileRows.empty() ? cell : fileRows[static_cast<size_t>(cell)]);
    if (!matrix) {
        TXFM_TRY(out.owned, counts->readRowsAt(rows));
        std::iota(rows.begin(), rows.end(), int64_t{0});
    }
    for (size_t i = 0; i < rows.size(); ++i) {
        const CsrMatrix& from = matrix ? *matrix : out.owned;
        out.samples.push_back({from.rowIndices(rows[i]), from.rowValues(rows[i]), measured.get(),
                               profiledTotals.empty() ? -1.0 : profiledTotals[static_cast<size_t>(wanted[i])]});
    }
    return out;
}

Result<void> CorpusSet::forEach(std::span<const int64_t> wanted,
                                const std::function<void(size_t, const model::SampleCounts&)>& body,
                                const Progress* progress) const {
    for (size_t begin = 0; begin < wanted.size(); begin += kCellsPerRead) {
        if (progress && progress->cancelled()) return cancelledError();
        const size_t count = std::min(kCellsPerRead, wanted.size() - begin);
        TXFM_TRY(const SampleRows block, read(wanted.subspan(begin, count)));
        for (size_t i = 0; i < count; ++i) body(begin + i, block.samples[i]);
    }
    return {};
}

Result<std::vector<Dataset>> openDatasets(const std::vector<std::string>& paths, const OpenChoices& choices, Progress& progress) {
    if (paths.empty()) return usageError("No data set was given.", "Name one or more count files after --data.");
    StageProgress stage(progress, "read", static_cast<double>(paths.size()), "files");
    io::ReadOptions options;
    options.countsIn = choices.countsIn;
    options.allowNormalised = choices.allowNormalised;
    GeneMapping mapping;
    if (!choices.mapping.empty()) {
        TXFM_TRY(mapping, GeneMapping::read(choices.mapping));
    }
    std::vector<Dataset> sets;
    std::vector<std::string> warnings;
    bool used = false;
    Result<void> unused;
    for (const std::string& path : paths) {
        if (progress.cancelled()) return cancelledError();
        TXFM_TRY(Dataset set, io::openDataset(path, options, progress));
        TXFM_TRY(set.counts, countsForModel(set, path, choices.allowNormalised, warnings, progress));
        if (!choices.mapping.empty()) {
            const auto names = mapping.checkUsed(set.var, choices.mapping, path);
            used |= names.ok();  // one data set that needs the table is enough
            if (!names) unused = names;
            applyGeneMapping(mapping, set.var);
        }
        if (set.cells() == 0) return badInput("'" + path + "' holds no cell.", "Leave it out of --data.");
        sets.push_back(std::move(set));
        stage.advance(1);
    }
    if (!used) TXFM_CHECK(unused);
    return sets;
}

Result<void> Corpus::add(CorpusSet set, const io::ModelConfig& config, const CorpusOptions& options,
                         const Column* batches, Progress& progress) {
    std::vector<int64_t> all(static_cast<size_t>(set.cells)), rows;
    std::iota(all.begin(), all.end(), int64_t{0});
    const auto count = [&](const model::SampleCounts& sample, double by) {
        for (size_t j = 0; j < sample.genes.size(); ++j)
            if (sample.counts[j] > 0) m_geneFrequency[static_cast<size_t>(sample.genes[j])] += by;
    };
    TXFM_CHECK(set.forEach(all, [&](size_t i, const model::SampleCounts& sample) {
        set.libraries.push_back(model::librarySize(sample, config));
        const bool empty = std::ranges::none_of(sample.counts, [](float v) { return v > 0; });
        if (empty) {
            ++set.emptyCells;
        } else {
            rows.push_back(all[i]);
            count(sample, 1);
        }
    }, &progress));
    ValidationSplit split = splitSamples(rows, options.validationFraction, options.seed,
                                         static_cast<uint32_t>(m_sets.size()), batches, set.fileRows);
    set.train = std::move(split.train);
    set.validation = std::move(split.validation);
    set.validationColumn = std::move(split.column);
    set.validationBatches = std::move(split.batches);
    TXFM_CHECK(set.forEach(set.validation, [&](size_t, const model::SampleCounts& sample) { count(sample, -1); }));
    for (int32_t gene : set.measured->genes) m_measuredIn[static_cast<size_t>(gene)] += static_cast<double>(set.train.size());
    m_trainSamples += static_cast<int64_t>(set.train.size());
    m_validationSamples += static_cast<int64_t>(set.validation.size());
    if (set.emptyCells > 0)
        progress.message(MessageLevel::Warning, "'" + set.path + "': " + std::to_string(set.emptyCells) +
                                                    " cells have no count in the vocabulary and are left out.");
    if (!set.validationBatches.empty())
        progress.message(MessageLevel::Info, "'" + set.path + "': " + std::to_string(set.validationBatches.size()) +
                                                 " whole values of obs column '" + set.validationColumn + "' (" +
                                                 std::to_string(set.validation.size()) + " cells) are held out for the validation loss.");
    m_sets.push_back(std::move(set));
    return {};
}

Result<Corpus> Corpus::build(std::vector<Dataset> sets, const std::vector<std::string>& paths,
                             const io::Vocabulary& vocabulary, const io::ModelConfig& config,
                             const CorpusOptions& options, Progress& progress) {
    Corpus corpus;
    corpus.m_geneFrequency.assign(static_cast<size_t>(vocabulary.size()), 0);
    corpus.m_measuredIn.assign(static_cast<size_t>(vocabulary.size()), 0);
    StageProgress stage(progress, "match", static_cast<double>(sets.size()), "files");
    for (size_t i = 0; i < sets.size(); ++i) {
        if (progress.cancelled()) return cancelledError();
        Dataset& file = sets[i];
        TXFM_TRY(const GeneMatch match, matchGenes(file.var, vocabulary, paths[i]));
        TXFM_TRY(const Column* batches, batchColumn(file.obs, options.validationBatches, paths[i]));
        std::vector<double> totals;
        if (config.libraryScope == "all_profiled") {
            TXFM_TRY(totals, rowTotals(*file.counts, progress));
        }
        CorpusSet whole;
        whole.name = std::filesystem::path(paths[i]).filename().string();
        whole.path = paths[i];
        whole.match = match.toJson();
        whole.cells = file.cells();
        TXFM_TRY(whole.counts, project(file, match, vocabulary.size()));
        file.counts = whole.counts;  // the counts of other genes are no longer needed; their memory is
        if (std::filesystem::is_regular_file(paths[i])) {
            TXFM_TRY(whole.sha256, io::sha256OfFile(paths[i]));
        }
        for (size_t source = 0; source < std::max<size_t>(file.measured.size(), 1); ++source) {
            CorpusSet set = whole;
            if (file.measured.empty()) {
                set.profiledTotals = totals;
                set.measured = std::make_shared<const model::MeasuredGenes>(match.measured);
            } else {
                for (int64_t row = 0; row < file.cells(); ++row)
                    if (file.sourceOfCell[static_cast<size_t>(row)] == static_cast<int32_t>(source)) set.fileRows.push_back(row);
                if (set.fileRows.empty()) continue;
                set.name += "#" + std::to_string(source + 1);
                set.cells = static_cast<int64_t>(set.fileRows.size());
                for (int64_t row : set.fileRows)
                    if (!totals.empty()) set.profiledTotals.push_back(totals[static_cast<size_t>(row)]);
                set.measured =
                    std::make_shared<const model::MeasuredGenes>(measuredOfSource(match, file.measured[source]));
            }
            TXFM_CHECK(corpus.add(std::move(set), config, options, batches, progress));
        }
        file = Dataset{};
        stage.advance(1);
    }
    if (corpus.m_trainSamples == 0)
        return badInput("'" + paths.front() + "' has no cell with a count in the vocabulary.",
                        "Check that the file holds raw human counts.");
    return corpus;
}

nlohmann::json Corpus::facts() const {
    auto list = nlohmann::json::array();
    for (const CorpusSet& set : m_sets) {
        list.push_back({{"name", set.name},
                        {"cells", set.cells},
                        {"train", set.train.size()},
                        {"validation", set.validation.size()},
                        {"empty_cells", set.emptyCells},
                        {"genes", set.measured->count()},
                        {"sha256", set.sha256}});
        if (set.validationBatches.empty()) continue;
        list.back()["validation_column"] = set.validationColumn;
        list.back()["validation_batches"] = set.validationBatches;
    }
    return list;
}

}  // namespace txfm::training
