// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/model_input.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "core/base/paths.h"
#include "core/base/quoted.h"
#include "core/io/reader.h"
#include "core/preprocess/unlogged_counts.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;

std::vector<std::shared_ptr<const model::MeasuredGenes>> measuredGenes(const Dataset& dataset, const GeneMatch& match) {
    if (dataset.measured.empty()) return {std::make_shared<const model::MeasuredGenes>(match.measured)};
    std::vector<std::shared_ptr<const model::MeasuredGenes>> sets;
    for (const auto& flags : dataset.measured) {
        std::vector<uint8_t> measured(match.measured.size(), 0);
        for (size_t gene = 0; gene < flags.size(); ++gene)
            if (flags[gene] && match.target[gene] >= 0) measured[static_cast<size_t>(match.target[gene])] = 1;
        sets.push_back(std::make_shared<const model::MeasuredGenes>(std::move(measured)));
    }
    return sets;
}

}  // namespace

const model::MeasuredGenes& ModelInput::measuredIn(int64_t cell) const {
    const size_t source = dataset.sourceOfCell.empty() ? 0 : static_cast<size_t>(dataset.sourceOfCell[static_cast<size_t>(cell)]);
    return *measured[measured.size() == 1 ? 0 : source];
}

std::string ModelInput::modelName() const {
    return directory.config().name.empty() ? directory.folder().filename().string() : directory.config().name;
}

Result<ModelInput> openModelInput(const std::string& model, const std::string& data, const DataChoices& choices,
                                  StageClock& clock, Progress& progress) {
    clock.start("read");
    TXFM_TRY(io::ModelDirectory directory, io::ModelDirectory::open(model.empty() ? defaultModelFolder() : fs::path(model)));
    io::ReadOptions options;
    options.allowNormalised = choices.allowNormalised;
    options.countsIn = choices.countsIn;
    TXFM_TRY(Dataset dataset, io::openDataset(data, options, progress));
    if (dataset.cells() == 0) return badInput(txfm::quoted(data) + " holds no cell.", "Use a file with at least one cell.");
    std::vector<std::string> warnings;
    TXFM_TRY(const auto counts, countsForModel(dataset, data, choices.allowNormalised, warnings, progress));
    clock.start("match");
    TXFM_TRY(GeneMatch match, matchGenes(dataset.var, directory.vocabulary(), data, choices.mapping));
    TXFM_CHECK(addCountShares(match, *counts, progress));
    char share[16];
    std::snprintf(share, sizeof share, "%.1f", 100 * match.droppedShare);
    progress.message(MessageLevel::Info, std::to_string(match.vocabularyCovered) + " of " +
                                             std::to_string(directory.vocabulary().size()) +
                                             " genes of the model are measured; " + std::to_string(match.dropped) + " of " +
                                             std::to_string(dataset.genes()) + " genes of the file (" + share +
                                             " % of its counts) are outside its vocabulary.");
    auto measured = measuredGenes(dataset, match);
    auto projected = projectToVocabulary(counts, match, directory.vocabulary().size());
    return ModelInput{std::move(directory), std::move(dataset), std::move(match),
                      std::move(projected), std::move(measured), std::move(warnings)};
}

Result<SampleBlock> readSamples(const ModelInput& input, int64_t begin, int64_t end) {
    SampleBlock block;
    TXFM_TRY(block.rows, input.counts->readRows(begin, end));
    if (input.directory.config().libraryScope == "all_profiled") {
        TXFM_TRY(const CsrMatrix all, input.dataset.counts->readRows(begin, end));
        for (int64_t row = 0; row < all.rows; ++row) {
            const auto values = all.rowValues(row);
            block.profiledTotals.push_back(std::accumulate(values.begin(), values.end(), 0.0));
        }
    }
    for (int64_t row = 0; row < block.rows.rows; ++row)
        block.samples.push_back({block.rows.rowIndices(row), block.rows.rowValues(row), &input.measuredIn(begin + row),
                                 block.profiledTotals.empty() ? -1.0 : block.profiledTotals[static_cast<size_t>(row)]});
    return block;
}

Result<void> checkOutputDiffers(const std::string& out, const std::string& data) {
    std::error_code error;
    if (fs::exists(out, error) && fs::equivalent(out, data, error))
        return usageError("--out is the input file " + txfm::quoted(data) + ".", "Choose another name for the result.");
    return {};
}

}  // namespace txfm::workflow
