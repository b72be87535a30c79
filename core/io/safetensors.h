// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::io {

/// A tensor inside a safetensors file. Only F32, BF16, F16, F64, I64 and I32 occur here.
struct TensorInfo {
    std::string dtype;           ///< as in the file, e.g. "F32", "BF16"
    std::vector<int64_t> shape;
    uint64_t begin = 0, end = 0; ///< byte range within the data part
};

/// Memory-mapped safetensors file. open() validates the header completely: offsets inside the file,
/// sizes equal to shape × dtype without overflow, no overlap, header at most 100 MB.
class SafetensorsFile {
public:
    static Result<SafetensorsFile> open(const std::filesystem::path& path);
    SafetensorsFile(SafetensorsFile&&) noexcept;
    SafetensorsFile& operator=(SafetensorsFile&&) noexcept;
    ~SafetensorsFile();

    const std::map<std::string, TensorInfo>& tensors() const { return m_tensors; }
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }
    const std::filesystem::path& path() const { return m_path; }
    /// Raw little-endian bytes of a tensor (valid while this object lives).
    const uint8_t* bytes(const TensorInfo& tensor) const;
    /// Any floating tensor as float32; BadInput when absent or of another shape (pass {} for any shape).
    Result<std::vector<float>> readFloat(const std::string& name, const std::vector<int64_t>& shape = {}) const;

private:
    SafetensorsFile() = default;
    std::filesystem::path m_path;
    std::map<std::string, TensorInfo> m_tensors;
    std::map<std::string, std::string> m_metadata;
    const uint8_t* m_map = nullptr;
    size_t m_size = 0;
    size_t m_dataOffset = 0;
};

/// A tensor to write; `data` points to shape-many elements of dtype (F32, BF16, I64, ...).
struct TensorToWrite {
    std::string name;
    std::string dtype;
    std::vector<int64_t> shape;
    const void* data = nullptr;
};

/// Writes atomically; wide types first, then by name, without gaps, so that every tensor is aligned. Failed when the
/// disk is full, Cancelled; what was at `path` stays.
Result<void> writeSafetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                              const std::map<std::string, std::string>& metadata, const CancelToken* cancel = nullptr);

/// Round-to-nearest-even conversion for BF16 weights.
uint16_t floatToBfloat16(float value);
float bfloat16ToFloat(uint16_t value);

}  // namespace txfm::io
