// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace txfm::fuzz {

/// A folder in memory that is removed at the end of the process.
class Scratch {
public:
    Scratch() {
        std::string pattern = "/dev/shm/txfm-fuzz-XXXXXX";
        if (!::mkdtemp(pattern.data())) std::abort();
        m_folder = pattern;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(m_folder, ignored);
    }
    const std::filesystem::path& folder() const { return m_folder; }

    /// Writes the input to a file of this folder.
    std::filesystem::path write(const char* name, const uint8_t* data, size_t size) const {
        const std::filesystem::path path = m_folder / name;
        std::FILE* file = std::fopen(path.c_str(), "wb");
        if (!file || std::fwrite(data, 1, size, file) != size || std::fclose(file) != 0) std::abort();
        return path;
    }

private:
    std::filesystem::path m_folder;
};

}  // namespace txfm::fuzz
