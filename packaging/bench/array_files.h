// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/data/matrix.h"

namespace txfm::bench {

/// Results for the other side, as NumPy reads them: FOLDER/NAME.npy. Nothing is written where FOLDER is empty.
/// Throws std::runtime_error when the disk is full.
class ArrayFolder {
public:
    explicit ArrayFolder(std::filesystem::path folder) : m_folder(std::move(folder)) {}
    void write(const std::string& name, std::span<const float> values, int64_t columns = 0) const { put(name, "<f4", values.data(), values.size(), 4, columns); }
    void write(const std::string& name, std::span<const double> values) const { put(name, "<f8", values.data(), values.size(), 8, 0); }
    void write(const std::string& name, std::span<const int32_t> values, int64_t columns = 0) const { put(name, "<i4", values.data(), values.size(), 4, columns); }
    void write(const std::string& name, std::span<const int64_t> values) const { put(name, "<i8", values.data(), values.size(), 8, 0); }
    void write(const std::string& name, const DenseMatrix& matrix) const { write(name, matrix.values, matrix.cols); }
    /// NAME_data, NAME_indices, NAME_indptr.
    void write(const std::string& name, const CsrMatrix& matrix) const;

private:
    void put(const std::string& name, const char* type, const void* values, size_t count, size_t size, int64_t columns) const;
    std::filesystem::path m_folder;
};

}  // namespace txfm::bench
