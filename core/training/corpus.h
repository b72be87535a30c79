// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/model_config.h"
#include "core/io/model_directory.h"
#include "core/model/sample.h"

namespace txfm::training {

/// One data set seen through the vocabulary [cells × G], counts in memory.
struct CorpusSet {
    std::string name;    ///< file name, with the source where a merged file holds several
    std::string path;
    std::string sha256;  ///< of the file; "" for folders
    CsrMatrix counts;
    std::shared_ptr<const model::MeasuredGenes> measured;
    std::vector<double> profiledTotals;   ///< per cell; only for library_scope = all_profiled
    std::vector<int64_t> train, validation;  ///< rows; cells without any count are in neither
    int64_t emptyCells = 0;
    nlohmann::json match;                 ///< gene matching report

    model::SampleCounts sample(int64_t row) const;
};

/// How samples of several data sets are mixed.
struct CorpusOptions {
    double validationFraction = 0.01;  ///< held out at random within each data set (spec §4.3)
    uint64_t seed = 0;
    bool allowNormalised = false;
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
    std::vector<CorpusSet> m_sets;
    std::vector<double> m_geneFrequency, m_measuredIn;
    int64_t m_trainSamples = 0, m_validationSamples = 0;
};

/// Opens count files one after the other with progress; BadInput names the file at fault.
Result<std::vector<Dataset>> openDatasets(const std::vector<std::string>& paths, bool allowNormalised,
                                          Progress& progress);

}  // namespace txfm::training
