// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/scratch_file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "core/base/quoted.h"
#include "core/base/readable.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

Error diskError(const fs::path& folder) {
    return failed("Cannot keep intermediate results in " + quoted(folder) + ": " + std::strerror(errno) + ".",
                  "Free some disk space, or let XDG_CACHE_HOME name a folder on a larger disk.");
}

}  // namespace

Result<void> checkFreeSpace(const fs::path& folder, uint64_t bytes) {
    struct statvfs disk {};
    if (::statvfs(folder.c_str(), &disk) != 0) return {};  // writing will tell
    const uint64_t have = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (bytes <= have) return {};
    return failed("The folder " + quoted(folder) + " needs " + readableBytes(static_cast<double>(bytes)) + " of free space, but has " + readableBytes(static_cast<double>(have)) + ".",
                  "Free some disk space, or let XDG_CACHE_HOME name a folder on a larger disk.");
}

Result<ScratchFile> ScratchFile::create(const fs::path& folder, uint64_t bytes) {
    std::error_code ec;
    fs::create_directories(folder, ec);
    TXFM_CHECK(checkFreeSpace(folder, bytes));
    int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) {  // not every file system has nameless files
        std::string name = (folder / ".scratch-XXXXXX").string();
        descriptor = ::mkostemp(name.data(), O_CLOEXEC);
        if (descriptor < 0) return diskError(folder);
        ::unlink(name.c_str());
    }
    return ScratchFile(descriptor, folder);
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1)), m_folder(std::move(other.m_folder)), m_size(other.m_size) {}

ScratchFile::~ScratchFile() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

Result<uint64_t> ScratchFile::append(const void* data, size_t size) {
    const uint64_t at = m_size;
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (size_t done = 0; done < size;) {
        const ssize_t put = ::pwrite(m_descriptor, bytes + done, size - done, static_cast<off_t>(at + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return diskError(m_folder);
        done += static_cast<size_t>(put);
    }
    m_size += size;
    return at;
}

Result<void> ScratchFile::read(uint64_t at, size_t size, std::vector<uint8_t>& out) const {
    const size_t begin = out.size();
    out.resize(begin + size);
    for (size_t done = 0; done < size;) {
        const ssize_t got = ::pread(m_descriptor, out.data() + begin + done, size - done, static_cast<off_t>(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return diskError(m_folder);
        done += static_cast<size_t>(got);
    }
    return {};
}

}  // namespace txfm::io
