// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/packed_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <system_error>

#include "core/base/paths.h"
#include "core/io/packed_store.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

constexpr const char* kEnding = ".txfmpack";
constexpr const char* kTablesEnding = ".h5ad";
constexpr uint64_t kShareOfDisk = 5;

/// Free and total bytes of the disk below a folder that may not be there yet.
struct Disk {
    uint64_t free = UINT64_MAX, all = UINT64_MAX;
};
Disk diskOf(fs::path folder) {
    std::error_code ec;
    while (!fs::exists(folder, ec) && folder.has_relative_path()) folder = folder.parent_path();
    struct statvfs disk {};
    if (::statvfs(folder.c_str(), &disk) != 0) return {};
    return {uint64_t{disk.f_bavail} * disk.f_frsize, uint64_t{disk.f_blocks} * disk.f_frsize};
}

/// Time of the last opening, which PackedStore::open notes.
std::pair<int64_t, int64_t> lastOpened(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {status.st_atim.tv_sec, status.st_atim.tv_nsec};
}

/// The process that writes a file of that name (AtomicFile: ".NAME.tmp-PROCESS-NUMBER"); 0 for other names.
pid_t writerOf(const std::string& name) {
    constexpr std::string_view kMark = ".tmp-";
    const size_t mark = name.rfind(kMark);
    if (!name.starts_with('.') || mark == std::string::npos) return 0;
    pid_t process = 0;
    const char* const begin = name.data() + mark + kMark.size();
    const auto [end, error] = std::from_chars(begin, name.data() + name.size(), process);
    return error == std::errc{} && *end == '-' ? process : 0;
}

/// Whether a file has not grown for a minute.
bool isAtRest(const fs::path& file) {
    constexpr time_t kSeconds = 60;
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && std::time(nullptr) - status.st_mtim.tv_sec >= kSeconds;
}

/// Whether nobody writes this file any more.
bool isHalfWritten(const fs::path& file) {
    const pid_t writer = writerOf(file.filename().string());
    if (writer <= 0 || ::kill(writer, 0) == 0 || errno != ESRCH || !isAtRest(file)) return false;
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool unlocked = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    ::close(descriptor);
    return unlocked;
}

/// Removes a copy that no process has open.
bool removeUnused(const fs::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool unused = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;  // stores hold a shared lock
    const bool removed = unused && removePackedStore(file);
    ::close(descriptor);
    return removed;
}

}  // namespace

fs::path packedFolder() { return cacheFolder() / "packed"; }

fs::path tablesBeside(const fs::path& store) { return fs::path(store).replace_extension(kTablesEnding); }

std::vector<PackedStoreInfo> listPackedStores() {
    std::vector<PackedStoreInfo> stores;
    std::error_code ec, missing;
    for (fs::directory_iterator it(packedFolder(), ec), end; !ec && it != end; it.increment(ec)) {
        if (it->path().extension() != kEnding) continue;
        const std::string identity = PackedStore::identityOf(it->path());
        const uintmax_t bytes = it->file_size(missing), tables = fs::file_size(tablesBeside(it->path()), missing);
        stores.push_back({it->path(), identity.substr(0, identity.find('\n')),
                          (bytes == UINTMAX_MAX ? 0 : bytes) + (tables == UINTMAX_MAX ? 0 : tables)});
    }
    std::ranges::sort(stores, {}, &PackedStoreInfo::source);
    return stores;
}

bool hasPackedStore(const fs::path& source) {
    const auto state = packedIdentity(source, "");
    if (!state) return false;
    const size_t path = state->find('\n');
    const std::string begin = state->substr(0, path + 1), end = state->substr(path + 1);  // with the matrix between them
    const std::vector<PackedStoreInfo> stores = listPackedStores();
    return std::ranges::any_of(stores, [&](const PackedStoreInfo& store) {
        const std::string identity = PackedStore::identityOf(store.file);
        return identity.starts_with(begin) && identity.ends_with(end);
    });
}

bool removePackedStore(const fs::path& file) {
    std::error_code ec, ignored;
    fs::remove(tablesBeside(file), ignored);
    return fs::remove(file, ec) && !ec;
}

void removeAbandonedCopies() {
    std::error_code ec, ignored;
    std::vector<fs::path> files;
    for (fs::directory_iterator it(packedFolder(), ec), end; !ec && it != end; it.increment(ec)) files.push_back(it->path());
    std::erase_if(files, [&](const fs::path& file) { return isHalfWritten(file) && fs::remove(file, ignored); });
    // Tables are written before their store: without it, and without one on the way, they belong to nothing.
    for (const fs::path& tables : files) {
        if (tables.extension() != kTablesEnding) continue;
        const std::string store = fs::path(tables).replace_extension(kEnding).filename().string();
        const bool needed = std::ranges::any_of(files, [&](const fs::path& file) {
            const std::string name = file.filename().string();
            return name == store || name.starts_with("." + store);
        });
        if (!needed && isAtRest(tables)) fs::remove(tables, ignored);
    }
}

uint64_t packedStoreLimit() {
    if (const char* text = std::getenv("TXFM_PACKED_LIMIT"); text && *text) {
        char* end = nullptr;
        const long long mib = std::strtoll(text, &end, 10);
        if (*end == '\0' && mib >= 0 && mib < (1LL << 40)) return static_cast<uint64_t>(mib) << 20;
    }
    return diskOf(packedFolder()).all / kShareOfDisk;
}

std::vector<PackedStoreInfo> makeRoomForPackedStore(uint64_t bytes) {
    std::vector<PackedStoreInfo> stores = listPackedStores(), removed;
    std::ranges::sort(stores, {}, [](const PackedStoreInfo& store) { return lastOpened(store.file); });
    const uint64_t limit = packedStoreLimit();
    uint64_t taken = 0, free = diskOf(packedFolder()).free;
    for (const PackedStoreInfo& store : stores) taken += store.bytes;
    for (PackedStoreInfo& store : stores) {
        if (taken + bytes <= limit && bytes <= free) break;
        if (!removeUnused(store.file)) continue;
        taken -= store.bytes;
        free += store.bytes;
        removed.push_back(std::move(store));
    }
    return removed;
}

}  // namespace txfm::io
