// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::readers {

/// A folder that is removed with everything in it when this object goes, or by the next one when this program was killed.
class TemporaryFolder {
public:
    static Result<TemporaryFolder> create();
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&&) = delete;
    ~TemporaryFolder();
    const std::filesystem::path& path() const { return m_path; }

private:
    explicit TemporaryFolder(std::filesystem::path path);
    std::filesystem::path m_path;
    int m_lock = -1;  ///< on the folder, for as long as it is in use
};

/// True when the first bytes are those of a zip or tar archive (the head of a .tar.gz is given decompressed).
bool looksLikeArchive(const std::string& head);

/// Unpacks regular files of a zip, tar or tar.gz below `folder`; names that lead outside it, links and devices
/// are left out. BadInput naming the archive: damaged, password-protected, larger unpacked than the free space.
Result<void> unpack(const std::filesystem::path& archive, const std::filesystem::path& folder, Progress& progress);

}  // namespace txfm::readers
