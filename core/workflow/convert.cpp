// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>
#include <numeric>

#include "core/base/quoted.h"
#include "core/io/exports.h"
#include "core/io/h5ad_writer.h"
#include "core/io/reader.h"
#include "core/preprocess/join_datasets.h"
#include "core/preprocess/obs_filter.h"
#include "core/preprocess/qc.h"
#include "core/workflow/forecast.h"
#include "core/workflow/options/data_options.h"
#include "core/workflow/representation.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace {

using io::ExportFormat;

class Convert final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }

    Result<nlohmann::json> run(const RunContext&, Progress& progress) override {
        TXFM_TRY(const ExportFormat format, io::exportFormatOf(m_options.out));
        TXFM_CHECK(checkCombination(format));
        TXFM_CHECK(checkTarget(format));
        StageClock clock;
        clock.start("read");
        io::anndata::KeptPart part;
        TXFM_TRY(Dataset dataset, readAll(format == ExportFormat::H5ad && m_options.merge.empty(), part, progress));
        const bool counts = dataset.provenance.valueKind == ValueKind::Counts;
        for (const std::string& note : dataset.provenance.notes) progress.message(counts ? MessageLevel::Info : MessageLevel::Warning, note);
        clock.start("write");
        announce(dataset, {.writesCounts = true}, progress);
        TXFM_CHECK(write(format, dataset, part, progress));
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
    Result<void> checkCombination(ExportFormat format) const {
        if (format == ExportFormat::Npy && m_options.obsm.empty())
            return usageError("A .npy file holds one array, but --obsm names none.", "Add for instance --obsm X_txfm, or write .h5ad.");
        if (!m_options.obsm.empty() && format != ExportFormat::Npy && format != ExportFormat::Table)
            return usageError("Option --obsm writes one array, which is no " + m_options.out + ".", "Use an output name that ends in .npy, .csv or .tsv.");
        return {};
    }

    Result<void> checkTarget(ExportFormat format) const {
        if (format != ExportFormat::TenxFolder) return checkOutput(m_options.in, m_options.out);
        std::error_code ec;
        if (std::filesystem::exists(m_options.out, ec) && std::filesystem::equivalent(m_options.in, m_options.out, ec))
            return usageError("The output is the input folder " + txfm::quoted(m_options.in) + ".", "Inputs are never changed: give another name.");
        return {};
    }

    /// `copiesArrays`: the arrays beside the counts go from file to file and are not needed in memory.
    Result<Dataset> readAll(bool copiesArrays, io::anndata::KeptPart& part, Progress& progress) const {
        io::ReadOptions options;
        options.countsIn = m_options.countsIn;
        options.genome = m_options.genome;
        options.allowNormalised = true;  // values are written as they are
        options.readArrays = !copiesArrays;
        options.keepInMemory = false;
        TXFM_TRY(Dataset all, io::openDataset(m_options.in, options, progress));
        if (!copiesArrays) TXFM_CHECK(io::readLargeArrays(all));
        if (!m_options.merge.empty()) {
            TXFM_TRY(all, merged(std::move(all), options, progress));
        }
        if (m_options.where.empty()) return all;
        TXFM_TRY(const std::vector<int64_t> cells, selectRows(all.obs, m_options.where, m_options.in));
        if (cells.empty()) return failed("No cell of " + txfm::quoted(m_options.in) + " satisfies --where.", "Check the expression and the values of the column.");
        std::vector<int64_t> genes(static_cast<size_t>(all.genes()));
        std::iota(genes.begin(), genes.end(), int64_t{0});
        part.cells = cells;
        return subset(all, cells, genes, progress);
    }

    Result<Dataset> merged(Dataset first, const io::ReadOptions& options, Progress& progress) const {
        const auto name = [](const std::string& path) { return std::filesystem::path(path).stem().string(); };
        std::vector<io::NamedDataset> parts;
        parts.push_back({name(m_options.in), std::move(first)});
        for (const std::string& file : m_options.merge) {
            TXFM_CHECK(checkOutput(file, m_options.out));
            TXFM_TRY(Dataset next, io::openDataset(file, options, progress));
            parts.push_back({name(file), std::move(next)});
        }
        return joinDatasets(std::move(parts), progress);
    }

    Result<void> write(ExportFormat format, Dataset& dataset, const io::anndata::KeptPart& part, Progress& progress) const {
        if (!m_options.obsm.empty()) return writeArray(format, dataset);
        if (!m_options.merge.empty() && format == ExportFormat::H5ad) return io::writeH5ad(m_options.out, dataset, {}, progress);
        switch (format) {
            case ExportFormat::Loom: return io::writeLoom(m_options.out, dataset, progress);
            case ExportFormat::TenxFolder: return io::writeTenxFolder(m_options.out, dataset, progress);
            case ExportFormat::Table: return io::writeCountTable(m_options.out, dataset, progress);
            default: break;
        }
        TXFM_TRY(const std::vector<std::string> notes, io::rewriteH5ad(m_options.out, dataset, part, {}, progress));
        for (const std::string& note : notes) progress.message(MessageLevel::Info, note);
        dataset.provenance.notes.insert(dataset.provenance.notes.end(), notes.begin(), notes.end());
        return {};
    }

    Result<void> writeArray(ExportFormat format, const Dataset& dataset) const {
        const auto found = dataset.obsm.find(m_options.obsm);
        if (found == dataset.obsm.end()) {
            std::string known;
            for (const auto& [key, matrix] : dataset.obsm) known += (known.empty() ? "" : ", ") + key;
            return badInput(txfm::quoted(m_options.in) + " has no array '" + m_options.obsm + "' in obsm; it has " + (known.empty() ? "none" : known) + ".");
        }
        if (format == ExportFormat::Npy) return io::writeNpy(m_options.out, found->second);
        return io::writeMatrixTable(m_options.out, m_options.obsm, found->second, dataset.obs.index);
    }

    ConvertOptions m_options;
};

}  // namespace

std::unique_ptr<Workflow> makeConvert() { return std::make_unique<Convert>(); }

}  // namespace txfm::workflow
