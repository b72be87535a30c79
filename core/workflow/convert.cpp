// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>

#include "core/io/h5ad_writer.h"
#include "core/io/merge.h"
#include "core/io/reader.h"
#include "core/workflow/options/data_options.h"
#include "core/workflow/representation.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

class Convert final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }

    Result<nlohmann::json> run(const RunContext&, Progress& progress) override {
        TXFM_CHECK(checkOutput(m_options.in, m_options.out));
        StageClock clock;
        clock.start("read");
        TXFM_TRY(const Dataset dataset, readAll(progress));
        for (const std::string& note : dataset.provenance.notes) progress.message(MessageLevel::Info, note);
        clock.start("write");
        TXFM_CHECK(io::writeH5ad(m_options.out, dataset, {}, progress));
        nlohmann::json result{{"n_cells", dataset.cells()}, {"n_genes", dataset.genes()}, {"format", dataset.provenance.format},
                              {"counts_in", dataset.provenance.countsIn}, {"values", toString(dataset.provenance.valueKind)},
                              {"nnz", dataset.counts->nonZeros()}, {"notes", dataset.provenance.notes}, {"files", {m_options.out}}};
        clock.finish(result);
        return result;
    }

    std::string describe(const nlohmann::json& result) const override {
        return "Wrote " + m_options.out + ": " + result["n_cells"].dump() + " cells x " + result["n_genes"].dump() + " genes (from " +
               result["format"].get<std::string>() + ", " + result["counts_in"].get<std::string>() + ").\n";
    }

private:
    Result<Dataset> readAll(Progress& progress) const {
        io::ReadOptions options;
        options.countsIn = m_options.countsIn;
        options.genome = m_options.genome;
        options.keepInMemory = !m_options.merge.empty();
        TXFM_TRY(Dataset first, io::openDataset(m_options.in, options, progress));
        if (m_options.merge.empty()) return first;
        const auto name = [](const std::string& path) { return std::filesystem::path(path).stem().string(); };
        std::vector<io::NamedDataset> parts;
        parts.push_back({name(m_options.in), std::move(first)});
        for (const std::string& file : m_options.merge) {
            TXFM_CHECK(checkOutput(file, m_options.out));
            TXFM_TRY(Dataset next, io::openDataset(file, options, progress));
            parts.push_back({name(file), std::move(next)});
        }
        return io::mergeDatasets(std::move(parts), progress);
    }

    ConvertOptions m_options;
};

}  // namespace

std::unique_ptr<Workflow> makeConvert() { return std::make_unique<Convert>(); }

}  // namespace txfm::workflow
