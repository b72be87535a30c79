// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/bundle/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/paths.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBlock = 1 << 16;

struct ReadFree {
    void operator()(archive* a) const { archive_read_free(a); }
};
using ArchiveReader = std::unique_ptr<archive, ReadFree>;

Error damaged(const fs::path& path, archive* reader) {
    const char* text = archive_error_string(reader);
    std::string why = text ? text : "unknown error";
    why.resize(std::min(why.size(), why.find('\n')));  // some reasons end with a line break
    if (why.find("ncrypt") != std::string::npos || why.find("assphrase") != std::string::npos)
        return badInput("'" + path.string() + "' is protected by a password.", "Unpack it yourself and open the folder.");
    return badInput("'" + path.string() + "' is a damaged archive (" + why + ").", "Download it again.");
}

/// The entry's place below the folder; empty when its name leads outside.
fs::path safePath(const char* name) {
    if (!name) return {};
    const fs::path normal = fs::path(name).lexically_normal();
    if (normal.empty() || normal.is_absolute() || *normal.begin() == "..") return {};
    return normal;
}

Result<void> writeEntry(const fs::path& archivePath, archive* reader, const fs::path& target, int64_t& budget, Progress& progress) {
    std::error_code ec;
    fs::create_directories(target.parent_path(), ec);
    std::ofstream out(target, std::ios::binary);
    if (!out) return failed("Cannot write '" + target.string() + "' while unpacking '" + archivePath.string() + "'.", "Check the free space of the cache folder.");
    std::string buffer(kBlock, '\0');
    for (;;) {
        if (progress.cancelled()) return cancelledError();
        const la_ssize_t got = archive_read_data(reader, buffer.data(), buffer.size());
        if (got < 0) return damaged(archivePath, reader);
        if (got == 0) break;
        budget -= got;
        if (budget < 0)
            return badInput("'" + archivePath.string() + "' is larger unpacked than the free disk space.", "Unpack it yourself on a larger disk and open the folder.");
        out.write(buffer.data(), got);
    }
    out.close();
    if (!out) return failed("Cannot write '" + target.string() + "' while unpacking '" + archivePath.string() + "'.", "Check the free space of the cache folder.");
    return {};
}

int openFolder(const fs::path& folder) { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

/// Removes the folders of programs that were killed: nobody holds their lock, and they are not so new that it may be missing
/// still. Where locks do not work everything stays.
void removeAbandoned(const fs::path& base) {
    constexpr time_t kSeconds = 60;
    std::error_code ec, ignored;
    std::vector<fs::path> folders;
    for (fs::directory_iterator at(base, ec), end; !ec && at != end; at.increment(ec)) folders.push_back(at->path());
    for (const fs::path& folder : folders) {
        const int descriptor = openFolder(folder);
        if (descriptor < 0) continue;
        struct stat status {};
        const bool old = ::fstat(descriptor, &status) == 0 && std::time(nullptr) - status.st_mtim.tv_sec >= kSeconds;
        if (old && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) fs::remove_all(folder, ignored);
        ::close(descriptor);
    }
}

}  // namespace

TemporaryFolder::TemporaryFolder(fs::path path) : m_path(std::move(path)), m_lock(openFolder(m_path)) {
    if (m_lock >= 0) ::flock(m_lock, LOCK_SH | LOCK_NB);
}

Result<TemporaryFolder> TemporaryFolder::create() {
    std::error_code ec;
    const fs::path base = cacheFolder() / "unpacked";
    fs::create_directories(base, ec);
    removeAbandoned(base);
    std::string pattern = (base / "XXXXXX").string();
    if (ec || !::mkdtemp(pattern.data()))
        return failed("Cannot make a folder for unpacking in '" + base.string() + "'.", "Check its permissions and free space, or set XDG_CACHE_HOME.");
    return TemporaryFolder(pattern);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : m_path(std::exchange(other.m_path, {})), m_lock(std::exchange(other.m_lock, -1)) {}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;  // a leftover in the cache folder does no harm
    if (!m_path.empty()) fs::remove_all(m_path, ignored);
    if (m_lock >= 0) ::close(m_lock);
}

bool looksLikeArchive(const std::string& head) {
    if (head.starts_with("PK\x03\x04")) return true;
    return head.size() > 262 && head.compare(257, 5, "ustar") == 0;
}

Result<void> unpack(const fs::path& path, const fs::path& folder, Progress& progress) {
    ArchiveReader reader(archive_read_new());
    archive_read_support_format_zip(reader.get());
    archive_read_support_format_tar(reader.get());
    archive_read_support_filter_gzip(reader.get());
    if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) return damaged(path, reader.get());
    std::error_code ec;
    const auto space = fs::space(folder, ec);
    int64_t budget = ec ? int64_t{1} << 40 : static_cast<int64_t>(space.available);
    const auto size = fs::file_size(path, ec);
    StageProgress stage(progress, "read", ec ? 0.0 : static_cast<double>(size), "bytes");
    for (;;) {
        archive_entry* entry = nullptr;
        const int status = archive_read_next_header(reader.get(), &entry);
        if (status == ARCHIVE_EOF) return {};
        if (status < ARCHIVE_WARN) return damaged(path, reader.get());
        if (archive_entry_is_encrypted(entry))
            return badInput("'" + path.string() + "' is protected by a password.", "Unpack it yourself and open the folder.");
        stage.set(static_cast<double>(archive_filter_bytes(reader.get(), -1)));
        const fs::path place = safePath(archive_entry_pathname(entry));
        if (archive_entry_filetype(entry) != AE_IFREG || place.empty()) continue;
        TXFM_CHECK(writeEntry(path, reader.get(), folder / place, budget, progress));
    }
}

}  // namespace txfm::readers
