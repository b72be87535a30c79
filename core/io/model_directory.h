// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/io/model_config.h"
#include "core/io/safetensors.h"

namespace txfm::io {

/// Vocabulary of a model: row i of genes.tsv = index i of codebook and decoder.
struct Vocabulary {
    std::vector<std::string> symbols;
    std::vector<std::string> ensemblIds;  ///< same length; "" where unknown
    int64_t size() const { return static_cast<int64_t>(symbols.size()); }
};

/// A model directory on disk, opened and checked without LibTorch. Weights stay mapped.
class ModelDirectory {
public:
    /// BadInput naming the file and key at fault: missing files, config nonsense, tensors of another
    /// shape, vocabulary of another length.
    static Result<ModelDirectory> open(const std::filesystem::path& folder);

    const std::filesystem::path& folder() const { return m_folder; }
    const ModelConfig& config() const { return m_config; }
    const Vocabulary& vocabulary() const { return m_vocabulary; }
    const SafetensorsFile& weights() const { return m_weights; }
    /// Text of model_card.md, "" when absent.
    const std::string& card() const { return m_card; }
    /// Hex SHA-256 of model.safetensors (computed on first call).
    Result<std::string> sha256() const;
    /// Gene vectors: codebook [G × d-1 or d] or decoder head [G × d].
    Result<std::vector<float>> geneVectors(bool decoder, int64_t* width) const;

private:
    ModelDirectory(SafetensorsFile weights) : m_weights(std::move(weights)) {}
    std::filesystem::path m_folder;
    ModelConfig m_config;
    Vocabulary m_vocabulary;
    SafetensorsFile m_weights;
    std::string m_card;
    mutable std::string m_sha256;
};

Result<Vocabulary> readVocabulary(const std::filesystem::path& genesTsv);
std::string vocabularyToTsv(const Vocabulary& vocabulary);

/// Writes config.json, genes.tsv, weights and optional card into a working sub-folder and swaps the
/// files in so that the directory always holds no model or a whole one.
Result<void> writeModelDirectory(const std::filesystem::path& folder, const ModelConfig& config,
                                 const Vocabulary& vocabulary, const std::vector<TensorToWrite>& tensors,
                                 const std::string& card, const CancelToken* cancel = nullptr);

}  // namespace txfm::io
