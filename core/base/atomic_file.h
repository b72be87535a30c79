// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace txfm {

/// A file that appears whole or not at all: written to a temporary name beside the target, synced,
/// then renamed over it. Without commit() nothing is left behind.
class AtomicFile {
public:
    /// Chooses the temporary name; fails (ErrorCode::Failed) when the folder is missing or not writable.
    static Result<AtomicFile> create(const std::filesystem::path& target);
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    ~AtomicFile();

    /// Where to write; the caller opens and closes it before commit().
    const std::filesystem::path& temporaryPath() const { return m_temporary; }
    /// fsync + rename + fsync of the folder.
    Result<void> commit();

private:
    AtomicFile(std::filesystem::path target, std::filesystem::path temporary);
    std::filesystem::path m_target, m_temporary;
};

/// Writes `content` atomically.
Result<void> writeFileAtomically(const std::filesystem::path& target, std::string_view content);

/// Whole content of a file that is at most `limit` bytes; ErrorCode::BadInput otherwise.
Result<std::string> readWholeFile(const std::filesystem::path& path, size_t limit = size_t{1} << 30);

}  // namespace txfm
