// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/base/result.h"

namespace txfm::io {

/// Room on disk for an intermediate result. The file has no name from the start, so nothing stays behind
/// however the program ends. Thread: reading from several threads is fine, writing from one.
class ScratchFile {
public:
    /// Failed when the folder cannot be written or has less than `bytes` free.
    static Result<ScratchFile> create(const std::filesystem::path& folder, uint64_t bytes);
    ScratchFile(ScratchFile&& other) noexcept;
    ScratchFile& operator=(ScratchFile&&) = delete;
    ~ScratchFile();

    /// Appends and returns where; Failed when the disk is full.
    Result<uint64_t> append(const void* data, size_t size);
    /// Appends to `out`; Failed when the disk does not give the bytes back.
    Result<void> read(uint64_t at, size_t size, std::vector<uint8_t>& out) const;

private:
    ScratchFile(int descriptor, std::filesystem::path folder) : m_descriptor(descriptor), m_folder(std::move(folder)) {}
    int m_descriptor;
    std::filesystem::path m_folder;
    uint64_t m_size = 0;
};

/// Failed, naming the folder and what is missing, when it has less than `bytes` free.
Result<void> checkFreeSpace(const std::filesystem::path& folder, uint64_t bytes);

}  // namespace txfm::io
