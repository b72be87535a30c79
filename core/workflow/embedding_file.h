// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include "core/base/result.h"
#include "core/data/matrix.h"

namespace txfm::workflow {

/// Finished rows of an embedding on disk: one line of JSON that names the work (model, data, options), then float32
/// rows in the order of the cells. A file with another first line is started anew; a torn last row is dropped. Locked
/// while it is open: a second run with the same output fails.
class EmbeddingFile {
public:
    static Result<EmbeddingFile> open(const std::filesystem::path& path, const std::string& key, int64_t width);
    EmbeddingFile(EmbeddingFile&& other) noexcept;
    EmbeddingFile& operator=(EmbeddingFile&&) = delete;
    ~EmbeddingFile();

    int64_t rows() const { return m_rows; }
    /// Appends and flushes rows; Failed when the disk is full.
    Result<void> append(const float* values, int64_t rows);

    static Result<DenseMatrix> read(const std::filesystem::path& path, int64_t width, int64_t begin, int64_t end);

private:
    EmbeddingFile(std::filesystem::path path, std::FILE* file, int64_t width, int64_t rows);
    std::filesystem::path m_path;
    std::FILE* m_file = nullptr;
    int64_t m_width = 0, m_rows = 0;
};

}  // namespace txfm::workflow
