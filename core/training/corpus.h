// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/model_config.h"
#include "core/io/model_directory.h"
#include "core/model/sample.h"
#include "core/training/validation_split.h"

namespace txfm::training {

/// Samples together with the memory that they are views of (nothing where the counts are in memory anyway).
struct SampleRows {
    CsrMatrix owned;
    std::vector<model::SampleCounts> samples;
};

/// One data set seen through the vocabulary [cells × G]. The counts are in memory, or stay in the packed copy on disk
/// that openDataset() makes of a file beyond its bound; every reading function gives the same samples either way and
/// may be called by several threads.
struct CorpusSet {
    std::string name;    ///< file name, with the source where a merged file holds several
    std::string path;
    std::string sha256;  ///< of the file; "" for folders
    std::shared_ptr<const CountSource> counts;  ///< of the whole file
    std::vector<int64_t> fileRows;              ///< row in `counts` of each cell; empty = the same number
    int64_t cells = 0;
    std::shared_ptr<const model::MeasuredGenes> measured;
    std::vector<double> profiledTotals;      ///< per cell; only for library_scope = all_profiled
    std::vector<double> libraries;           ///< library size l_n of each cell (spec §1.1)
    std::vector<int64_t> train, validation;  ///< cells; those without any count are in neither
    std::string validationColumn;            ///< obs column whose values were held out as a whole
    std::vector<std::string> validationBatches;
    int64_t emptyCells = 0;
    nlohmann::json match;                    ///< gene matching report

    /// The cells named, in that order. Fails where the copy on disk cannot be read.
    Result<SampleRows> read(std::span<const int64_t> cells) const;
    /// body(i, sample of cells[i]) in order, reading in blocks. Cancelled when `progress` says so.
    Result<void> forEach(std::span<const int64_t> cells, const std::function<void(size_t, const model::SampleCounts&)>& body,
                         const Progress* progress = nullptr) const;
};

/// How samples of several data sets are mixed.
struct CorpusOptions {
    double validationFraction = 0.01;  ///< held out within each data set (spec §4.3)
    uint64_t seed = 0;
    std::string validationBatches = kSingleCells;  ///< as batchColumn() takes it
};

/// All data sets of a run. Immutable after load; shared by the threads of the batch stream.
class Corpus {
public:
    /// Projects opened data sets to the vocabulary and splits them. `paths` names the files of `sets`.
    /// BadInput when a data set shares no gene with the vocabulary or none has a cell with counts.
    static Result<Corpus> build(std::vector<Dataset> sets, const std::vector<std::string>& paths,
                                const io::Vocabulary& vocabulary, const io::ModelConfig& config,
                                const CorpusOptions& options, Progress& progress);

    const std::vector<CorpusSet>& sets() const { return m_sets; }
    int64_t trainSamples() const { return m_trainSamples; }
    int64_t validationSamples() const { return m_validationSamples; }
    /// n_g: training samples with a non-zero count of each gene (spec §1.3).
    const std::vector<double>& geneFrequency() const { return m_geneFrequency; }
    /// Training samples that measure each gene.
    const std::vector<double>& measuredIn() const { return m_measuredIn; }
    /// Data-set facts for config.json: name, cells, genes, sha256 …
    nlohmann::json facts() const;

private:
    Result<void> add(CorpusSet set, const io::ModelConfig& config, const CorpusOptions& options, const Column* batches,
                     Progress& progress);

    std::vector<CorpusSet> m_sets;
    std::vector<double> m_geneFrequency, m_measuredIn;
    int64_t m_trainSamples = 0, m_validationSamples = 0;
};

/// How count files are opened, the same for all.
struct OpenChoices {
    std::string countsIn;           ///< io::ReadOptions::countsIn
    std::filesystem::path mapping;  ///< a user's gene names (GeneMapping), empty = none
    bool allowNormalised = false;
};

/// Opens count files one after the other with progress; BadInput names the file at fault, also one of normalised values
/// unless they are allowed. Logarithms are then undone, with a warning.
Result<std::vector<Dataset>> openDatasets(const std::vector<std::string>& paths, const OpenChoices& choices, Progress& progress);

}  // namespace txfm::training
