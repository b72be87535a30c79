// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace txfm {
namespace fs = std::filesystem;
namespace {

Error cannotWrite(const fs::path& target, const std::string& why) {
    return failed("Cannot write '" + target.string() + "': " + why + ".",
                  "Choose a folder that exists, is writable and has enough free space.");
}

Result<void> syncPath(const fs::path& path, int flags, const fs::path& target) {
    const int fd = ::open(path.c_str(), flags);
    if (fd < 0) return cannotWrite(target, std::strerror(errno));
    const int status = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    // Some file systems cannot sync a folder; the rename itself is still atomic there.
    if (status != 0 && error != EINVAL) return cannotWrite(target, std::strerror(error));
    return {};
}

fs::path folderOf(const fs::path& target) {
    return target.parent_path().empty() ? fs::path(".") : target.parent_path();
}

}  // namespace

AtomicFile::AtomicFile(fs::path target, fs::path temporary)
    : m_target(std::move(target)), m_temporary(std::move(temporary)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : m_target(std::move(other.m_target)), m_temporary(std::exchange(other.m_temporary, {})) {}

AtomicFile::~AtomicFile() {
    std::error_code ignored;  // a leftover temporary file is harmless and cannot be reported here
    if (!m_temporary.empty()) fs::remove(m_temporary, ignored);
}

Result<AtomicFile> AtomicFile::create(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    std::error_code ec;
    if (fs::is_directory(target, ec)) return cannotWrite(target, "it is a folder");
    const fs::path folder = folderOf(target);
    if (!fs::is_directory(folder, ec)) return cannotWrite(target, "the folder '" + folder.string() + "' does not exist");
    if (::access(folder.c_str(), W_OK) != 0) return cannotWrite(target, std::strerror(errno));
    fs::path temporary = folder / ("." + target.filename().string() + ".tmp-" + std::to_string(::getpid()) + "-" +
                                   std::to_string(counter++));
    return AtomicFile(target, std::move(temporary));
}

Result<void> AtomicFile::commit() {
    TXFM_CHECK(syncPath(m_temporary, O_RDONLY, m_target));
    if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) return cannotWrite(m_target, std::strerror(errno));
    m_temporary.clear();
    return syncPath(folderOf(m_target), O_RDONLY | O_DIRECTORY, m_target);
}

Result<void> writeFileAtomically(const fs::path& target, std::string_view content) {
    TXFM_TRY(AtomicFile file, AtomicFile::create(target));
    const int fd = ::open(file.temporaryPath().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return cannotWrite(target, std::strerror(errno));
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const Error error = cannotWrite(target, std::strerror(errno));
            ::close(fd);
            return error;
        }
        content.remove_prefix(written);
    }
    if (::close(fd) != 0) return cannotWrite(target, std::strerror(errno));
    return file.commit();
}

Result<std::string> readWholeFile(const fs::path& path, size_t limit) {
    std::error_code ec;
    const auto size = fs::file_size(path, ec);
    if (ec) return badInput("Cannot read '" + path.string() + "': " + ec.message() + ".");
    if (size > limit) return badInput("'" + path.string() + "' is larger than expected for such a file.");
    std::string content(size, '\0');
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return badInput("Cannot read '" + path.string() + "': " + std::strerror(errno) + ".");
    size_t have = 0;
    while (have < content.size()) {
        const ssize_t got = ::read(fd, content.data() + have, content.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const Error error = badInput("Cannot read '" + path.string() + "': " + std::strerror(errno) + ".");
            ::close(fd);
            return error;
        }
        if (got == 0) break;
        have += got;
    }
    ::close(fd);
    content.resize(have);
    return content;
}

}  // namespace txfm
