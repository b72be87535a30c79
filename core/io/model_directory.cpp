// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/model_directory.h"

#include <unistd.h>

#include "core/base/atomic_file.h"
#include "core/base/quoted.h"
#include "core/io/sha256.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxConfigBytes = size_t{64} << 20;
constexpr const char* kConfig = "config.json";
constexpr const char* kGenes = "genes.tsv";
constexpr const char* kWeights = "model.safetensors";
constexpr const char* kCard = "model_card.md";

Result<ModelConfig> readConfig(const fs::path& path) {
    TXFM_TRY(const std::string text, readWholeFile(path, kMaxConfigBytes));
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return badInput(quoted(path) + " is not valid JSON.");
    return ModelConfig::fromJson(json, path.string());
}

/// Weights that config.json does not know would be left out silently: half of a deeper model, for one.
Result<void> checkTensors(const ModelConfig& config, const SafetensorsFile& weights) {
    const std::string hint = "Put the config.json and the weights of one and the same model into the folder, or export the model again.";
    const auto shapes = tensorShapes(config);
    for (const auto& [name, shape] : shapes) {
        const auto it = weights.tensors().find(name);
        if (it == weights.tensors().end())
            return badInput(quoted(weights.path()) + " lacks the tensor '" + name + "' that its config.json calls for.", hint);
        if (it->second.shape != shape)
            return badInput("Tensor '" + name + "' in " + quoted(weights.path()) + " has the shape " +
                                Json(it->second.shape).dump() + ", its config.json calls for " + Json(shape).dump() + ".",
                            hint);
        const std::string& type = it->second.dtype;
        if (type != "F32" && type != "BF16" && type != "F16" && type != "F64")
            return badInput("Tensor '" + name + "' in " + quoted(weights.path()) + " has the type " + type +
                                ", which is not a floating-point type.",
                            "Export the model with F32 or BF16 weights.");
    }
    for (const auto& [name, tensor] : weights.tensors())
        if (!shapes.contains(name))
            return badInput(quoted(weights.path()) + " holds the tensor '" + name.substr(0, 100) +
                                "', for which its config.json has no use.",
                            hint);
    return {};
}

/// True when a model in the folder has the same tensors and genes: then each file may be replaced by
/// itself and the directory stays consistent in between.
bool sameShape(const fs::path& folder, const ModelConfig& config, const std::string& genes) {
    const Result<ModelConfig> old = readConfig(folder / kConfig);
    if (!old || tensorShapes(*old) != tensorShapes(config)) return false;
    const Result<std::string> oldGenes = readWholeFile(folder / kGenes);
    return oldGenes.ok() && *oldGenes == genes;
}

}  // namespace

Result<Vocabulary> readVocabulary(const fs::path& genesTsv) {
    TXFM_TRY(const std::string text, readWholeFile(genesTsv));
    Vocabulary vocabulary;
    bool header = true;
    for (size_t begin = 0; begin < text.size();) {
        size_t end = text.find('\n', begin);
        if (end == std::string::npos) end = text.size();
        std::string line = text.substr(begin, end - begin);
        begin = end + 1;
        if (!line.empty() && line.back() == '\r') line.pop_back();
        const size_t tab = line.find('\t');
        std::string symbol = line.substr(0, tab);
        std::string id = tab == std::string::npos ? std::string() : line.substr(tab + 1);
        if (const size_t more = id.find('\t'); more != std::string::npos) id.resize(more);
        if (header) {
            header = false;
            if (symbol != "symbol" || (tab != std::string::npos && id != "ensembl_id"))
                return badInput(quoted(genesTsv) + " does not begin with the header 'symbol<tab>ensembl_id'.");
            continue;
        }
        if (symbol.empty() && id.empty())
            return badInput(quoted(genesTsv) + " has an empty line where gene " +
                            std::to_string(vocabulary.size() + 1) + " should be.");
        vocabulary.symbols.push_back(std::move(symbol));
        vocabulary.ensemblIds.push_back(std::move(id));
    }
    if (vocabulary.symbols.empty()) return badInput(quoted(genesTsv) + " lists no genes.");
    return vocabulary;
}

std::string vocabularyToTsv(const Vocabulary& vocabulary) {
    std::string text = "symbol\tensembl_id\n";
    for (size_t i = 0; i < vocabulary.symbols.size(); ++i)
        text += vocabulary.symbols[i] + "\t" + vocabulary.ensemblIds[i] + "\n";
    return text;
}

Result<ModelDirectory> ModelDirectory::open(const fs::path& folder) {
    std::error_code ec;
    if (!fs::is_directory(folder, ec)) return badInput("There is no model folder " + quoted(folder) + ".");
    for (const char* name : {kConfig, kGenes, kWeights})
        if (!fs::is_regular_file(folder / name, ec))
            return badInput(quoted(folder) + " is not a model: the file '" + std::string(name) + "' is missing.");
    TXFM_TRY(ModelConfig config, readConfig(folder / kConfig));
    TXFM_TRY(Vocabulary vocabulary, readVocabulary(folder / kGenes));
    if (vocabulary.size() != config.nGenes)
        return badInput(quoted(folder / kGenes) + " lists " + std::to_string(vocabulary.size()) +
                        " genes, but config.json says n_genes = " + std::to_string(config.nGenes) + ".");
    TXFM_TRY(SafetensorsFile weights, SafetensorsFile::open(folder / kWeights));
    TXFM_CHECK(checkTensors(config, weights));
    ModelDirectory model(std::move(weights));
    model.m_folder = folder;
    model.m_config = std::move(config);
    model.m_vocabulary = std::move(vocabulary);
    if (fs::is_regular_file(folder / kCard, ec)) {
        TXFM_TRY(model.m_card, readWholeFile(folder / kCard, kMaxConfigBytes));
    }
    return model;
}

Result<std::string> ModelDirectory::sha256() const {
    if (m_sha256.empty()) {
        TXFM_TRY(m_sha256, sha256OfFile(m_folder / kWeights));
    }
    return m_sha256;
}

Result<std::vector<float>> ModelDirectory::geneVectors(bool decoder, int64_t* width) const {
    if (width) *width = decoder ? m_config.dim : m_config.embeddingWidth();
    return m_weights.readFloat(decoder ? "decoder.head.weight" : "gene_embedding.weight");
}

Result<void> writeModelDirectory(const fs::path& folder, const ModelConfig& config, const Vocabulary& vocabulary,
                                 const std::vector<TensorToWrite>& tensors, const std::string& card, const CancelToken* cancel) {
    std::error_code ec;
    const fs::path work = folder / (".writing-" + std::to_string(::getpid()));
    fs::create_directories(work, ec);
    if (ec)
        return failed("Cannot write the model folder " + quoted(folder) + ": " + ec.message() + ".",
                      "Choose a folder that is writable.");
    struct Cleaner {
        const fs::path& path;
        ~Cleaner() {
            std::error_code ignored;  // a leftover working folder is harmless and cannot be reported here
            fs::remove_all(path, ignored);
        }
    } cleaner{work};
    const std::string genes = vocabularyToTsv(vocabulary);
    TXFM_CHECK(writeSafetensors(work / kWeights, tensors, {{"format", "txfm"}, {"format_version", "1"}}, cancel));
    TXFM_CHECK(writeFileAtomically(work / kGenes, genes));
    TXFM_CHECK(writeFileAtomically(work / kConfig, config.toJson().dump(2) + "\n"));
    if (!card.empty()) TXFM_CHECK(writeFileAtomically(work / kCard, card));

    // A model without config.json is no model: it goes first and comes last when the new one has
    // other tensors or genes, so that nobody reads half of each.
    if (!sameShape(folder, config, genes)) fs::remove(folder / kConfig, ec);
    for (const char* name : {kGenes, kWeights, kCard, kConfig}) {
        if (!fs::exists(work / name)) continue;
        fs::rename(work / name, folder / name, ec);
        if (ec) return failed("Cannot write " + quoted(folder / name) + ": " + ec.message() + ".");
    }
    return {};
}

}  // namespace txfm::io
