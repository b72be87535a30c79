// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/hdf5_chunks.h"

#include <libdeflate.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include "core/base/parallel.h"
#include "core/io/lzf.h"
#include "core/io/unshuffle.h"

namespace txfm::io::hdf5 {
namespace {

constexpr int64_t kMaxChunkBytes = int64_t{256} << 20;

/// Filters in the order in which they were applied when writing.
struct Pipeline {
    std::vector<H5Z_filter_t> filters;
    int64_t chunkLength = 0;
};

struct PackedChunk {
    std::vector<uint8_t> bytes;
    uint32_t skippedFilters = 0;  ///< bit i: filter i was not applied to this chunk
    int64_t index = 0;
};

bool describe(hid_t dataset, const ElementType& type, Pipeline& pipeline) {
    if (!type.native && !(type.kind == ElementKind::Boolean)) return false;
    const Handle plist(H5Dget_create_plist(dataset));
    hsize_t length = 0;
    if (H5Pget_layout(plist) != H5D_CHUNKED || H5Pget_chunk(plist, 1, &length) != 1) return false;
    pipeline.chunkLength = static_cast<int64_t>(length);
    if (pipeline.chunkLength <= 0 || pipeline.chunkLength > kMaxChunkBytes / static_cast<int64_t>(type.size)) return false;
    pipeline.filters = filtersOf(plist);
    return std::ranges::all_of(pipeline.filters, [](H5Z_filter_t filter) {
        return filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == kLzfFilter;
    });
}

template <class To, class From>
To convert(From value) {
    if constexpr (std::is_same_v<To, uint8_t>) {
        return value != 0;
    } else if constexpr (std::is_floating_point_v<To>) {
        return static_cast<To>(value);
    } else if constexpr (std::is_floating_point_v<From>) {
        // The upper bound of int64_t is not a double; the comparison is with the next one, 2^63.
        const double low = static_cast<double>(std::numeric_limits<To>::min());
        return static_cast<double>(value) >= low && static_cast<double>(value) < -low ? static_cast<To>(value) : To{-1};
    } else {
        return std::in_range<To>(value) ? static_cast<To>(value) : To{-1};
    }
}

template <class To, class From>
void convertAll(const uint8_t* bytes, int64_t count, To* out) {
    if constexpr (std::is_same_v<To, From>) {
        std::memcpy(out, bytes, static_cast<size_t>(count) * sizeof(To));
    } else {
        for (int64_t i = 0; i < count; ++i) {
            From value;
            std::memcpy(&value, bytes + i * sizeof(From), sizeof value);
            out[i] = convert<To>(value);
        }
    }
}

template <class To>
void convertElements(const ElementType& type, const uint8_t* bytes, int64_t count, To* out) {
    if (type.kind == ElementKind::Float) {
        return type.size == 4 ? convertAll<To, float>(bytes, count, out) : convertAll<To, double>(bytes, count, out);
    }
    const bool isSigned = type.kind == ElementKind::Signed;
    switch (type.size) {
        case 1: return isSigned ? convertAll<To, int8_t>(bytes, count, out) : convertAll<To, uint8_t>(bytes, count, out);
        case 2: return isSigned ? convertAll<To, int16_t>(bytes, count, out) : convertAll<To, uint16_t>(bytes, count, out);
        case 4: return isSigned ? convertAll<To, int32_t>(bytes, count, out) : convertAll<To, uint32_t>(bytes, count, out);
        default: return isSigned ? convertAll<To, int64_t>(bytes, count, out) : convertAll<To, uint64_t>(bytes, count, out);
    }
}

/// Unpacks chunks; one object per thread.
template <class T>
class Unpacker {
public:
    Unpacker(const Pipeline& pipeline, const ElementType& type, int64_t begin, int64_t count, T* out, const PlacedRange& placed)
        : m_pipeline(pipeline), m_type(type), m_begin(begin), m_end(begin + count), m_out(out), m_placed(placed),
          m_inflate(libdeflate_alloc_decompressor(), libdeflate_free_decompressor) {}

    ChunkOutcome unpack(const PackedChunk& chunk) {
        if (!unpackChunk(chunk)) return ChunkOutcome::Damaged;
        const int64_t chunkBegin = chunk.index * m_pipeline.chunkLength;
        const int64_t from = std::max(chunkBegin, m_begin), to = std::min(chunkBegin + m_pipeline.chunkLength, m_end);
        return !m_placed || m_placed(from, to - from) ? ChunkOutcome::Done : ChunkOutcome::Stopped;
    }

private:
    /// False when the chunk is damaged.
    bool unpackChunk(const PackedChunk& chunk) {
        const size_t whole = static_cast<size_t>(m_pipeline.chunkLength) * m_type.size;
        if (unpackInPlace(chunk, whole)) return true;
        const uint8_t* bytes = chunk.bytes.data();
        size_t size = chunk.bytes.size();
        bool shuffled = false;
        for (size_t i = m_pipeline.filters.size(); i-- > 0;) {
            if (chunk.skippedFilters >> i & 1) continue;
            const H5Z_filter_t filter = m_pipeline.filters[i];
            if (filter == H5Z_FILTER_SHUFFLE) {
                // Usually the first filter of the pipeline and so the last to undo: then the elements
                // are taken from the planes directly.
                if (i == 0 && size == whole) {
                    shuffled = m_type.size > 1;
                    continue;
                }
                return false;
            }
            std::vector<uint8_t>& target = m_scratch[m_next ^= 1];
            target.resize(whole);
            size_t got = 0;
            if (filter == kLzfFilter) {
                got = unpackLzf(bytes, size, target.data(), whole);
            } else if (!m_inflate || libdeflate_zlib_decompress(m_inflate.get(), bytes, size, target.data(), whole, &got) !=
                                         LIBDEFLATE_SUCCESS) {
                return false;
            }
            if (got != whole) return false;
            bytes = target.data();
            size = got;
        }
        if (size != whole) return false;
        place(chunk.index * m_pipeline.chunkLength, bytes, shuffled);
        return true;
    }

    /// Plain gzip chunks of the wanted type that lie inside the range go straight to their place.
    bool unpackInPlace(const PackedChunk& chunk, size_t whole) {
        const int64_t from = chunk.index * m_pipeline.chunkLength;
        if (m_pipeline.filters.size() != 1 || m_pipeline.filters[0] != H5Z_FILTER_DEFLATE || chunk.skippedFilters != 0 ||
            from < m_begin || from + m_pipeline.chunkLength > m_end || !storedAsWanted() || !m_inflate)
            return false;
        size_t got = 0;
        return libdeflate_zlib_decompress(m_inflate.get(), chunk.bytes.data(), chunk.bytes.size(), m_out + (from - m_begin),
                                          whole, &got) == LIBDEFLATE_SUCCESS &&
               got == whole;
    }

    bool storedAsWanted() const {
        return m_type.size == sizeof(T) && m_type.native && (m_type.kind == ElementKind::Float) == std::is_floating_point_v<T> &&
               m_type.kind != ElementKind::Unsigned && m_type.kind != ElementKind::Boolean;
    }

    void place(int64_t chunkBegin, const uint8_t* bytes, bool shuffled) {
        const int64_t from = std::max(chunkBegin, m_begin), to = std::min(chunkBegin + m_pipeline.chunkLength, m_end);
        const int64_t skip = from - chunkBegin, count = to - from;
        T* out = m_out + (from - m_begin);
        if (!shuffled) return convertElements(m_type, bytes + skip * m_type.size, count, out);
        const auto n = static_cast<size_t>(m_pipeline.chunkLength);
        if (sizeof(T) == 4 && storedAsWanted())
            return unshuffle4(bytes, n, skip, count, reinterpret_cast<uint8_t*>(out));
        if (std::is_same_v<T, int32_t> && m_type.size == 8 && m_type.isInteger() && upperHalfIsZero(bytes, n))
            return unshuffle4(bytes, n, skip, count, reinterpret_cast<uint8_t*>(out));
        m_elements.resize(n * m_type.size);
        unshuffle(bytes, n, m_type.size, m_elements.data());
        convertElements(m_type, m_elements.data() + skip * m_type.size, count, out);
    }

    /// Shuffled 8-byte integers below 2^31 (column indices always are): planes 4 to 7 are zero, and
    /// so is the top bit of plane 3.
    static bool upperHalfIsZero(const uint8_t* bytes, size_t n) {
        uint8_t any = 0;
        for (size_t i = 3 * n; i < 4 * n; ++i) any |= bytes[i] & 0x80;
        for (size_t i = 4 * n; i < 8 * n; ++i) any |= bytes[i];
        return any == 0;
    }

    const Pipeline& m_pipeline;
    const ElementType& m_type;
    int64_t m_begin, m_end;
    T* m_out;
    const PlacedRange& m_placed;
    std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> m_inflate;
    std::vector<uint8_t> m_scratch[2], m_elements;
    int m_next = 0;
};

/// Hands chunks from the thread that may call HDF5 to the ones that unpack.
class ChunkQueue {
public:
    explicit ChunkQueue(size_t limit) : m_limit(limit) {}
    /// False when the queue is full: the caller then unpacks a chunk itself.
    bool tryPush(PackedChunk& chunk) {
        {
            const std::lock_guard guard(m_mutex);
            if (m_chunks.size() >= m_limit) return false;
            m_chunks.push_back(std::move(chunk));
        }
        m_ready.notify_one();
        return true;
    }
    bool pop(PackedChunk& chunk) {
        std::unique_lock guard(m_mutex);
        m_ready.wait(guard, [&] { return !m_chunks.empty() || m_closed; });
        if (m_chunks.empty()) return false;
        chunk = std::move(m_chunks.front());
        m_chunks.pop_front();
        return true;
    }
    void close() {
        {
            const std::lock_guard guard(m_mutex);
            m_closed = true;
        }
        m_ready.notify_all();
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_ready;
    std::deque<PackedChunk> m_chunks;
    size_t m_limit;
    bool m_closed = false;
};

ChunkOutcome readPacked(hid_t dataset, const Pipeline& pipeline, int64_t index, PackedChunk& chunk) {
    const auto guard = lock();
    const hsize_t offset = static_cast<hsize_t>(index * pipeline.chunkLength);
    hsize_t size = 0;
    if (H5Dget_chunk_storage_size(dataset, &offset, &size) < 0 || size == 0) return ChunkOutcome::NotSupported;
    if (size > static_cast<hsize_t>(kMaxChunkBytes) * 2) return ChunkOutcome::Damaged;
    chunk.index = index;
    chunk.bytes.resize(size);
    if (H5Dread_chunk(dataset, H5P_DEFAULT, &offset, &chunk.skippedFilters, chunk.bytes.data()) < 0)
        return ChunkOutcome::Damaged;
    return ChunkOutcome::Done;
}

}  // namespace

std::vector<H5Z_filter_t> filtersOf(hid_t creation) {
    std::vector<H5Z_filter_t> filters;
    for (int i = 0, n = H5Pget_nfilters(creation); i < n; ++i) {
        unsigned flags = 0, config = 0;
        size_t parameters = 0;
        filters.push_back(H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &parameters, nullptr, 0, nullptr, &config));
    }
    return filters;
}

template <class T>
ChunkOutcome readChunked(hid_t dataset, const ElementType& type, int64_t begin, int64_t count, T* out, const PlacedRange& placed) {
    Pipeline pipeline;
    {
        const auto guard = lock();
        if (!describe(dataset, type, pipeline)) return ChunkOutcome::NotSupported;
    }
    const int64_t first = begin / pipeline.chunkLength, last = (begin + count - 1) / pipeline.chunkLength;
    const int64_t workers = std::min<int64_t>(threadCount() - 1, last - first);
    std::atomic<ChunkOutcome> outcome{ChunkOutcome::Done};
    ChunkQueue queue(static_cast<size_t>(2 * workers));
    const auto unpack = [&](Unpacker<T>& unpacker, const PackedChunk& chunk) {
        if (const ChunkOutcome one = unpacker.unpack(chunk); one != ChunkOutcome::Done) outcome = one;
    };
    std::vector<std::jthread> threads;
    for (int64_t i = 0; i < workers; ++i)
        threads.emplace_back([&] {
            Unpacker<T> unpacker(pipeline, type, begin, count, out, placed);
            try {
                for (PackedChunk chunk; queue.pop(chunk);)
                    if (outcome == ChunkOutcome::Done) unpack(unpacker, chunk);
            } catch (const std::bad_alloc&) {
                outcome = ChunkOutcome::Damaged;
            }
        });
    struct Closer {
        ChunkQueue& queue;
        ~Closer() { queue.close(); }
    };
    {
        const Closer closer{queue};
        Unpacker<T> unpacker(pipeline, type, begin, count, out, placed);
        for (int64_t index = first; index <= last && outcome == ChunkOutcome::Done; ++index) {
            PackedChunk chunk;
            if (const ChunkOutcome read = readPacked(dataset, pipeline, index, chunk); read != ChunkOutcome::Done) {
                outcome = read;
            } else if (!queue.tryPush(chunk)) {
                unpack(unpacker, chunk);
            }
        }
    }
    threads.clear();
    return outcome;
}

template ChunkOutcome readChunked<float>(hid_t, const ElementType&, int64_t, int64_t, float*, const PlacedRange&);
template ChunkOutcome readChunked<double>(hid_t, const ElementType&, int64_t, int64_t, double*, const PlacedRange&);
template ChunkOutcome readChunked<int32_t>(hid_t, const ElementType&, int64_t, int64_t, int32_t*, const PlacedRange&);
template ChunkOutcome readChunked<int64_t>(hid_t, const ElementType&, int64_t, int64_t, int64_t*, const PlacedRange&);
template ChunkOutcome readChunked<uint8_t>(hid_t, const ElementType&, int64_t, int64_t, uint8_t*, const PlacedRange&);

}  // namespace txfm::io::hdf5
