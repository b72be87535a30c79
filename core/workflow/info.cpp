// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>

#include "core/base/atomic_file.h"
#include "core/base/paths.h"
#include "core/io/model_directory.h"
#include "core/io/reader.h"
#include "core/preprocess/gene_matching.h"
#include "core/workflow/options/data_options.h"
#include "core/workflow/stage_clock.h"
#include "core/workflow/workflows.h"

namespace txfm::workflow {
namespace fs = std::filesystem;
namespace {

bool isModelDirectory(const fs::path& path) {
    std::error_code ec;
    return fs::is_directory(path, ec) && (fs::exists(path / "config.json", ec) || fs::exists(path / "model.safetensors", ec));
}

Result<nlohmann::json> describeModel(const fs::path& path) {
    TXFM_TRY(const io::ModelDirectory model, io::ModelDirectory::open(path));
    TXFM_TRY(const std::string hash, model.sha256());
    nlohmann::json result{{"format", "model directory"}, {"name", model.config().name}, {"config", model.config().toJson()},
                          {"parameters", model.config().parameterCount()},
                          {"parameters_paper_equivalent", model.config().paperEquivalentParameterCount()},
                          {"n_genes", model.vocabulary().size()}, {"model_sha256", hash}};
    if (!model.card().empty()) result["model_card"] = model.card();
    return result;
}

nlohmann::json describeFile(const io::FileInfo& info) {
    nlohmann::json result{{"n_cells", info.cells}, {"n_genes", info.genes}, {"format", info.format}, {"counts_in", info.countsIn},
                          {"values", toString(info.valueKind)}, {"obs", info.obsColumns}, {"var", info.varColumns},
                          {"obsm", info.obsmKeys}, {"layers", info.layerKeys}, {"notes", info.notes}};
    if (!info.matrices.empty()) {
        nlohmann::json matrices = nlohmann::json::object();
        for (const auto& [name, values] : info.matrices) matrices[name] = values;
        result["matrices"] = matrices;
    }
    result["nnz"] = info.nonZeros >= 0 ? nlohmann::json(info.nonZeros) : nlohmann::json(nullptr);
    return result;
}

class Info final : public Workflow {
public:
    OptionFields fields() override { return fieldsOf(m_options); }

    Result<nlohmann::json> run(const RunContext&, Progress& progress) override {
        StageClock clock;
        clock.start("read");
        nlohmann::json result;
        if (isModelDirectory(m_options.input)) {
            TXFM_TRY(result, describeModel(m_options.input));
        } else {
            io::ReadOptions options;
            options.countsIn = m_options.countsIn;
            TXFM_TRY(const io::FileInfo info, io::inspect(m_options.input, options));
            result = describeFile(info);
            if (!m_options.model.empty()) {
                clock.start("match");
                TXFM_TRY(result["genes"], matchFile(progress, result));
            }
        }
        if (m_options.model.empty() && (!m_options.report.empty() || !m_options.gene.empty()))
            return usageError("Options --report and --gene need --model.", "Add --model MODEL.");
        clock.finish(result);
        return result;
    }

    std::string describe(const nlohmann::json& result) const override;

private:
    Result<nlohmann::json> matchFile(Progress& progress, nlohmann::json& result) const {
        TXFM_TRY(const io::ModelDirectory model, io::ModelDirectory::open(m_options.model));
        io::ReadOptions options;
        options.keepInMemory = false;
        options.countsIn = m_options.countsIn;
        TXFM_TRY(const Dataset dataset, io::openDataset(m_options.input, options, progress));
        TXFM_TRY(GeneMatch match, matchGenes(dataset.var, model.vocabulary(), m_options.input, m_options.mapping));
        TXFM_CHECK(addCountShares(match, *dataset.counts, progress));
        if (!m_options.report.empty()) {
            TXFM_CHECK(writeFileAtomically(m_options.report, match.toCsv(model.vocabulary())));
            result["files"] = {m_options.report};
        }
        nlohmann::json genes = match.toJson();
        if (!m_options.gene.empty()) {
            TXFM_TRY(const auto table, GeneTable::shared());
            genes["explanation"] = explainGene(m_options.gene, match, model.vocabulary(), *table);
        }
        return genes;
    }

    InfoOptions m_options;
};

std::string list(const nlohmann::json& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name.get<std::string>();
    return text.empty() ? "none" : text;
}

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
    return text;
}

std::string describeMatch(const nlohmann::json& genes) {
    std::string text = "\nGenes against the model\n";
    for (const char* kind : {"matched", "renamed", "duplicated", "dropped"}) {
        if (!genes.contains(kind)) continue;
        text += "  " + std::string(kind) + ": " + genes[kind].dump();
        const std::string share = std::string(kind) + "_share";
        if (genes.contains(share) && genes[share].is_number() && genes[share] >= 0) text += " (" + percent(genes[share]) + " of the counts)";
        text += "\n";
    }
    if (genes.contains("notes")) {
        for (const auto& note : genes["notes"]) text += "  note: " + note.get<std::string>() + "\n";
    }
    if (genes.contains("explanation")) text += "  " + genes["explanation"].get<std::string>() + "\n";
    return text;
}

std::string Info::describe(const nlohmann::json& result) const {
    if (result.contains("parameters")) {
        const auto& config = result["config"];
        return "Model       " + result["name"].get<std::string>() + " (preset " + config.value("preset", "custom") + ")\n" +
               "Genes       " + result["n_genes"].dump() + "\n" + "Parameters  " + result["parameters"].dump() +
               " active, " + result["parameters_paper_equivalent"].dump() + " paper-equivalent\n" + "Width       " + config["dim"].dump() +
               ", " + config["n_blocks"].dump() + " " + config["block"].get<std::string>() + " blocks, " + config["n_heads"].dump() + " heads\n" +
               "SHA-256     " + result["model_sha256"].get<std::string>() + "\n";
    }
    std::string text = "Format      " + result["format"].get<std::string>() + "\nCells       " + result["n_cells"].dump() + "\nGenes       " +
                       result["n_genes"].dump() + "\nNon-zeros   " + (result["nnz"].is_null() ? "unknown" : result["nnz"].dump()) +
                       "\nCounts in   " + result["counts_in"].get<std::string>() + " (" + result["values"].get<std::string>() + ")\nobs         " +
                       list(result["obs"]) + "\nvar         " + list(result["var"]) + "\nobsm        " + list(result["obsm"]) + "\n";
    for (const auto& note : result["notes"]) text += "note        " + note.get<std::string>() + "\n";
    if (result.contains("genes")) text += describeMatch(result["genes"]);
    return text;
}

}  // namespace

std::unique_ptr<Workflow> makeInfo() { return std::make_unique<Info>(); }

}  // namespace txfm::workflow
