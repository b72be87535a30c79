// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/packed_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <system_error>

#include "core/base/atomic_file.h"
#include "core/base/large_pages.h"
#include "core/base/parallel.h"
#include "core/base/quoted.h"
#include "core/base/readable.h"
#include "core/io/packed_cache.h"
#include "core/io/packed_rows.h"
#include "core/io/sha256.h"
#include "core/io/streamed_counts.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

constexpr char kMagic[8] = {'T', 'X', 'F', 'M', 'P', 'K', '0', '1'};
constexpr size_t kHeaderBytes = 4096;
constexpr int64_t kBlockValues = int64_t{8} << 20;

struct Header {
    char magic[8];
    int64_t cells, genes, nonZeros;
    uint64_t rowsEnd;  ///< end of the rows = begin of the offsets
    uint64_t identityLength;
    char identity[kHeaderBytes - 48];
};
static_assert(sizeof(Header) == kHeaderBytes);

Error unusable(const fs::path& file, const std::string& why) {
    return badInput("The packed copy " + quoted(file) + " cannot be used: " + why + ".",
                    "Remove it; it is made again when it is needed.");
}

Error cannotWrite(const fs::path& file) {
    return failed("Cannot write the packed copy " + quoted(file) + ": " + std::strerror(errno) + ".",
                  "Free some disk space, or let XDG_CACHE_HOME name a folder on a larger disk.");
}

/// A stream that remembers its first failure. Its lock shows that the file is still being written (removeAbandonedCopies).
class Output {
public:
    explicit Output(const fs::path& path) : m_stream(std::fopen(path.c_str(), "wbe")) {
        m_good = m_stream != nullptr;
        if (m_good) ::flock(::fileno(m_stream), LOCK_EX | LOCK_NB);
    }
    ~Output() {
        if (m_stream) std::fclose(m_stream);
    }
    void write(const void* data, size_t size) {
        m_good = m_good && (size == 0 || std::fwrite(data, 1, size, m_stream) == size);
    }
    void rewind() { m_good = m_good && std::fseek(m_stream, 0, SEEK_SET) == 0; }
    bool good() const { return m_good; }
    bool close() { return std::fclose(std::exchange(m_stream, nullptr)) == 0 && m_good; }

private:
    FILE* m_stream;
    bool m_good;
};

/// Fills `bytes` from that place of a file; false when it ends before or cannot be read.
bool readAt(int descriptor, uint64_t from, std::span<uint8_t> bytes) {
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t got = ::pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(from + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += static_cast<size_t>(got);
    }
    return true;
}

template <class T>
std::span<uint8_t> bytesOf(LargeVector<T>& numbers) {
    return {reinterpret_cast<uint8_t*>(numbers.data()), numbers.size() * sizeof(T)};
}

/// Bytes of a store, about; 0 where the counts do not tell.
uint64_t sizeOfStore(const CountSource& counts) {
    if (counts.nonZeros() < 0) return 0;
    return static_cast<uint64_t>(counts.nonZeros()) * 33 / 10 + 12 * static_cast<uint64_t>(counts.cells()) + kHeaderBytes;
}

Result<void> checkSpace(const fs::path& file, const CountSource& counts) {
    struct statvfs disk {};
    if (counts.nonZeros() < 0 || ::statvfs(file.parent_path().c_str(), &disk) != 0) return {};
    if (sizeOfStore(counts) > uint64_t{disk.f_bavail} * disk.f_frsize) {
        errno = ENOSPC;
        return cannotWrite(file);
    }
    return {};
}

}  // namespace

Result<void> writePackedStore(const fs::path& file, const CountSource& counts, const std::string& identity, Progress& progress) {
    Header header{};
    if (identity.size() > sizeof header.identity) return failed("The path of the source of " + quoted(file) + " is too long.");
    std::error_code ec;
    fs::create_directories(file.parent_path(), ec);
    TXFM_CHECK(checkSpace(file, counts));
    TXFM_TRY(AtomicFile target, AtomicFile::create(file));
    Output out(target.temporaryPath());
    if (!out.good()) return cannotWrite(file);
    const bool wide = counts.genes() > kNarrowColumns;
    std::vector<uint64_t> offsets{kHeaderBytes};
    std::vector<uint32_t> lengths;
    std::vector<uint8_t> packed;
    out.write(&header, sizeof header);  // its place; the content follows when the rest is written
    StageProgress stage(progress, "pack", static_cast<double>(counts.cells()), "cells");
    int64_t nonZeros = 0;
    int64_t step = std::clamp<int64_t>(kBlockValues / std::max<int64_t>(1, counts.genes()), 1, 4096);
    for (int64_t row = 0; row < counts.cells();) {
        if (progress.cancelled()) return cancelledError();
        const int64_t end = std::min(row + step, counts.cells());
        TXFM_TRY(const CsrMatrix block, counts.readRows(row, end));
        packed.clear();
        const uint64_t base = offsets.back();
        for (int64_t i = 0; i < block.rows; ++i) {
            packRow(block.rowIndices(i), block.rowValues(i), wide, packed);
            offsets.push_back(base + packed.size());
            lengths.push_back(static_cast<uint32_t>(block.rowIndices(i).size()));
        }
        out.write(packed.data(), packed.size());
        if (!out.good()) return cannotWrite(file);
        nonZeros += block.nnz();
        row = end;
        step = std::clamp<int64_t>(kBlockValues / std::max<int64_t>(1, nonZeros / row), 1, int64_t{1} << 16);
        stage.set(static_cast<double>(row));
    }
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    header.cells = counts.cells();
    header.genes = counts.genes();
    header.nonZeros = nonZeros;
    header.rowsEnd = (offsets.back() + 7) / 8 * 8;  // the offsets are read as aligned numbers
    header.identityLength = identity.size();
    std::memcpy(header.identity, identity.data(), identity.size());
    const uint64_t zero = 0;
    out.write(&zero, header.rowsEnd - offsets.back());
    out.write(offsets.data(), offsets.size() * sizeof(uint64_t));
    out.write(lengths.data(), lengths.size() * sizeof(uint32_t));
    out.rewind();
    out.write(&header, sizeof header);
    if (!out.close()) return cannotWrite(file);
    return target.commit();
}

Result<std::shared_ptr<const PackedStore>> PackedStore::open(const fs::path& file, const std::string& identity) {
    const std::shared_ptr<PackedStore> store(new PackedStore);
    store->m_file = file;
    store->m_descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (store->m_descriptor < 0) return unusable(file, std::strerror(errno));
    ::flock(store->m_descriptor, LOCK_SH | LOCK_NB);  // on file systems without locks an open copy may lose its name
    const timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    ::futimens(store->m_descriptor, now);  // the time of the last opening
    struct stat status {};
    Header header{};
    if (::fstat(store->m_descriptor, &status) != 0 || ::pread(store->m_descriptor, &header, sizeof header, 0) != sizeof header)
        return unusable(file, "it is too short");
    const auto size = static_cast<uint64_t>(status.st_size);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.identityLength > sizeof header.identity)
        return unusable(file, "it has another format");
    if (std::string_view(header.identity, header.identityLength) != identity) return unusable(file, "its source has changed");
    constexpr int64_t kMax = INT32_MAX;
    const bool sane = header.cells >= 0 && header.cells <= kMax && header.genes >= 0 && header.genes <= kMax &&
                      header.rowsEnd >= kHeaderBytes && header.rowsEnd % 8 == 0 && header.rowsEnd <= size &&
                      size - header.rowsEnd == static_cast<uint64_t>(header.cells) * 12 + 8;
    if (!sane) return unusable(file, "it is damaged");
    // Nothing is mapped: a file that shrinks or a disk that fails would end the program, and rows would count as its memory.
    const auto cells = static_cast<size_t>(header.cells);
    resizeLarge(store->m_offsets, cells + 1);
    resizeLarge(store->m_lengths, cells);
    if (!readAt(store->m_descriptor, header.rowsEnd, bytesOf(store->m_offsets)) ||
        !readAt(store->m_descriptor, header.rowsEnd + 8 * (cells + 1), bytesOf(store->m_lengths)))
        return unusable(file, "it is damaged");
    store->m_cells = header.cells;
    store->m_genes = header.genes;
    store->m_nonZeros = header.nonZeros;
    store->m_rowsEnd = header.rowsEnd;
    store->m_wide = header.genes > kNarrowColumns;
    uint64_t previous = kHeaderBytes;
    bool rising = store->m_offsets[0] == kHeaderBytes;
    for (int64_t row = 0; row <= header.cells; ++row) {
        rising &= store->m_offsets[row] >= previous;
        previous = store->m_offsets[row];
    }
    if (!rising || previous > header.rowsEnd) return unusable(file, "it is damaged");
    return std::shared_ptr<const PackedStore>(store);
}

PackedStore::~PackedStore() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

/// Bytes [from, to) of the file; false when they cannot be read.
bool PackedStore::fetch(uint64_t from, uint64_t to, std::vector<uint8_t>& bytes) const {
    try {
        bytes.resize(to - from);
    } catch (const std::bad_alloc&) {
        return false;  // only a damaged file has rows as large as that
    }
    return readAt(m_descriptor, from, bytes);
}

Result<CsrMatrix> PackedStore::decode(int64_t count, const std::vector<int64_t>* rows, int64_t first) const {
    constexpr size_t kRowsPerTask = 64;
    CsrMatrix block;
    block.rows = count;
    block.cols = m_genes;
    block.indptr.resize(static_cast<size_t>(count) + 1);
    const auto source = [&](int64_t i) { return rows ? (*rows)[i] : first + i; };
    for (int64_t i = 0; i < count; ++i) {
        if (source(i) < 0 || source(i) >= m_cells)
            return failed("Cell " + std::to_string(source(i)) + " was asked for, but there are only " + std::to_string(m_cells) + " cells.");
        block.indptr[i + 1] = block.indptr[i] + m_lengths[source(i)];
    }
    // Each non-zero takes three bytes or more, so a damaged length cannot ask for more than the file holds.
    if (!rows && block.indptr.back() > static_cast<int64_t>(m_rowsEnd / 3)) return unusable(m_file, "it is damaged");
    block.indices.resize(static_cast<size_t>(block.indptr.back()));
    block.values.resize(static_cast<size_t>(block.indptr.back()));
    std::atomic<bool> damaged{false};
    parallelFor(static_cast<size_t>(count), kRowsPerTask, [&](size_t begin, size_t end) {
        std::vector<uint8_t> bytes;
        uint64_t held = 0, heldEnd = 0;  // the part of the file in `bytes`
        for (size_t i = begin; i < end && !damaged; ++i) {
            const int64_t row = source(static_cast<int64_t>(i));
            const uint64_t from = m_offsets[row], to = m_offsets[row + 1];
            if (from < held || to > heldEnd) {
                const size_t together = rows ? i + 1 : std::min(end, i + kRowsPerTask);
                held = from;
                heldEnd = m_offsets[source(static_cast<int64_t>(together) - 1) + 1];
                if (!fetch(held, heldEnd, bytes)) {
                    damaged = true;
                    return;
                }
            }
            if (!unpackRow({bytes.data() + (from - held), to - from}, m_lengths[row], m_wide, m_genes,
                           block.indices.data() + block.indptr[i], block.values.data() + block.indptr[i]))
                damaged = true;
        }
    });
    if (damaged) return unusable(m_file, "it is damaged");
    return block;
}

Result<CsrMatrix> PackedStore::readRows(int64_t begin, int64_t end) const {
    TXFM_CHECK(checkRows(begin, end, m_cells));
    return decode(end - begin, nullptr, begin);
}

Result<CsrMatrix> PackedStore::readRowsAt(const std::vector<int64_t>& rows) const {
    return decode(static_cast<int64_t>(rows.size()), &rows, 0);
}

std::string PackedStore::identityOf(const fs::path& file) {
    Header header{};
    FILE* stream = std::fopen(file.c_str(), "rb");
    if (!stream) return {};
    const bool whole = std::fread(&header, 1, sizeof header, stream) == sizeof header;
    std::fclose(stream);
    if (!whole || std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.identityLength > sizeof header.identity) return {};
    return {header.identity, header.identityLength};
}

namespace {

/// Size and time of change.
Result<std::string> stateOf(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return badInput("Cannot read " + quoted(file) + ": " + std::strerror(errno) + ".");
    return std::to_string(status.st_size) + "\n" + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

fs::path plainPath(const fs::path& source) { return fs::absolute(source).lexically_normal(); }

}  // namespace

Result<std::string> packedIdentity(const fs::path& source, const std::string& countsIn) {
    TXFM_TRY(const std::string state, stateOf(source));
    return plainPath(source).string() + "\n" + countsIn + "\n" + state;
}

Result<std::string> packedIdentity(const fs::path& source, const std::string& countsIn, const std::vector<fs::path>& files) {
    std::string states;
    for (const fs::path& file : files) {
        TXFM_TRY(const std::string state, stateOf(file));
        states += plainPath(file).string() + "\n" + state + "\n";
    }
    return plainPath(source).string() + "\n" + countsIn + "\n" + sha256(states);
}

fs::path packedStorePath(const fs::path& source, const std::string& countsIn) {
    const std::string key = plainPath(source).string() + "\n" + countsIn;
    return packedFolder() / (sha256(key).substr(0, 24) + ".txfmpack");
}

Result<std::shared_ptr<const CountSource>> openOrMakePackedStore(const fs::path& source, const std::string& countsIn,
                                                                 const CountSource& counts, Progress& progress) {
    TXFM_TRY(const std::string identity, packedIdentity(source, countsIn));
    const fs::path file = packedStorePath(source, countsIn);
    if (auto store = PackedStore::open(file, identity); store.ok()) return std::shared_ptr<const CountSource>(std::move(*store));
    return makePackedStore(file, identity, counts, progress);
}

Result<std::shared_ptr<const CountSource>> makePackedStore(const fs::path& file, const std::string& identity, const CountSource& counts,
                                                           Progress& progress) {
    const auto makeRoom = [&](uint64_t bytes) {
        for (const PackedStoreInfo& removed : makeRoomForPackedStore(bytes))
            progress.message(MessageLevel::Info, "The packed copy of " + quoted(fs::path(removed.source)) + " (" + readableBytes(static_cast<double>(removed.bytes)) +
                                                     "), not opened for longest, was removed to make room.");
    };
    makeRoom(sizeOfStore(counts));
    TXFM_CHECK(writePackedStore(file, counts, identity, progress));
    TXFM_TRY(auto store, PackedStore::open(file, identity));
    makeRoom(0);
    return std::shared_ptr<const CountSource>(std::move(store));
}

}  // namespace txfm::io
