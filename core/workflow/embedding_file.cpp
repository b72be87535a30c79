// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/embedding_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/base/quoted.h"

namespace txfm::workflow {
namespace {

namespace fs = std::filesystem;

Error diskError(const fs::path& path) {
    return failed("Cannot write " + txfm::quoted(path) + ": " + std::strerror(errno) + ".",
                  "Check that the folder exists, that you may write to it, and that the disk is not full.");
}

}  // namespace

EmbeddingFile::EmbeddingFile(fs::path path, std::FILE* file, int64_t width, int64_t rows)
    : m_path(std::move(path)), m_file(file), m_width(width), m_rows(rows) {}

EmbeddingFile::EmbeddingFile(EmbeddingFile&& other) noexcept
    : m_path(std::move(other.m_path)), m_file(other.m_file), m_width(other.m_width), m_rows(other.m_rows) {
    other.m_file = nullptr;
}

EmbeddingFile::~EmbeddingFile() {
    if (m_file) std::fclose(m_file);
}

Result<EmbeddingFile> EmbeddingFile::open(const fs::path& path, const std::string& key, int64_t width) {
    const std::string head = key + "\n";
    const auto rowBytes = static_cast<uintmax_t>(width) * sizeof(float);
    errno = 0;
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    std::FILE* file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "r+b");
    if (!file) return diskError(path);
    EmbeddingFile result(path, file, width, 0);
    // Rows of two runs would mix. Where a file system knows no locks, the run goes on without.
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return failed("Cannot write " + txfm::quoted(path) + ": another run is working on the same output.",
                      "Wait until it has ended, or choose another --out.");
    std::string found(head.size(), '\0');
    std::error_code error;
    const uintmax_t size = fs::file_size(path, error);
    if (!error && size >= head.size() && std::fread(found.data(), 1, found.size(), file) == found.size() && found == head)
        result.m_rows = static_cast<int64_t>((size - head.size()) / rowBytes);
    // Anything else, or the part of a row, is of no use.
    const uintmax_t kept = result.m_rows > 0 ? head.size() + static_cast<uintmax_t>(result.m_rows) * rowBytes : 0;
    if (::ftruncate(descriptor, static_cast<off_t>(kept)) != 0 || std::fseek(file, static_cast<long>(kept), SEEK_SET) != 0) return diskError(path);
    if (result.m_rows == 0 && (std::fwrite(head.data(), 1, head.size(), file) != head.size() || std::fflush(file) != 0)) return diskError(path);
    return result;
}

Result<void> EmbeddingFile::append(const float* values, int64_t rows) {
    const auto count = static_cast<size_t>(rows * m_width);
    errno = 0;
    if (std::fwrite(values, sizeof(float), count, m_file) != count || std::fflush(m_file) != 0) return diskError(m_path);
    m_rows += rows;
    return {};
}

Result<DenseMatrix> EmbeddingFile::read(const fs::path& path, int64_t width, int64_t begin, int64_t end) {
    std::ifstream file(path, std::ios::binary);
    std::string key;
    std::getline(file, key);
    DenseMatrix matrix(end - begin, width);
    file.seekg(static_cast<std::streamoff>(key.size() + 1) + begin * width * static_cast<std::streamoff>(sizeof(float)));
    file.read(reinterpret_cast<char*>(matrix.values.data()),
              static_cast<std::streamsize>(matrix.values.size() * sizeof(float)));
    if (!file) return failed("Cannot read the finished cells in " + txfm::quoted(path) + ".", "Start the command again.");
    return matrix;
}

}  // namespace txfm::workflow
