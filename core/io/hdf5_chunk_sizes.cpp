// SPDX-License-Identifier: GPL-3.0-or-later
#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/io/hdf5_chunks.h"
#include "core/io/lzf.h"

namespace txfm::io::hdf5 {
namespace {

constexpr hsize_t kMostChunks = 16, kMostBytes = hsize_t{1} << 20, kLargestChunk = hsize_t{256} << 20;
constexpr size_t kChecksumBytes = 4;  // of the Fletcher filter

/// Bytes of a chunk of which `packed` are stored; nothing when the chunk is damaged, `whole` where a filter is not known here.
size_t unpackedSize(const std::vector<H5Z_filter_t>& filters, uint32_t skipped, std::vector<uint8_t> packed, size_t whole) {
    const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflate(libdeflate_alloc_decompressor(),
                                                                                                 libdeflate_free_decompressor);
    for (size_t i = filters.size(); i-- > 0;) {
        if (skipped >> i & 1 || filters[i] == H5Z_FILTER_SHUFFLE) continue;
        if (filters[i] == H5Z_FILTER_FLETCHER32) {
            if (packed.size() < kChecksumBytes) return 0;
            packed.resize(packed.size() - kChecksumBytes);
            continue;
        }
        std::vector<uint8_t> unpacked(whole + kChecksumBytes);
        size_t size = 0;
        if (filters[i] == kLzfFilter) {
            size = unpackLzf(packed.data(), packed.size(), unpacked.data(), unpacked.size());
        } else if (filters[i] != H5Z_FILTER_DEFLATE || !inflate) {
            return whole;
        } else if (libdeflate_zlib_decompress(inflate.get(), packed.data(), packed.size(), unpacked.data(), unpacked.size(), &size) !=
                   LIBDEFLATE_SUCCESS) {
            return 0;
        }
        unpacked.resize(size);
        packed.swap(unpacked);
    }
    return packed.size();
}

/// Bytes of an element in the file; 0 for types with parts of another size in memory than in the file.
hsize_t storedSize(hid_t dataset) {
    const Handle type(H5Dget_type(dataset));
    if (H5Tis_variable_str(type) > 0) {  // length, address of a heap, number in it
        const Handle file(H5Iget_file_id(dataset)), plist(H5Fget_create_plist(file));
        size_t address = 0;
        return H5Pget_sizes(plist, &address, nullptr) < 0 ? 0 : 4 + address + 4;
    }
    const H5T_class_t kind = H5Tget_class(type);
    return kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM || kind == H5T_STRING ? H5Tget_size(type) : 0;
}

}  // namespace

bool chunksFit(hid_t dataset) {
    const Handle plist(H5Dget_create_plist(dataset)), space(H5Dget_space(dataset));
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 1 || H5Pget_layout(plist) != H5D_CHUNKED) return true;
    std::vector<hsize_t> chunk(static_cast<size_t>(rank)), offset(chunk.size());
    if (H5Pget_chunk(plist, rank, chunk.data()) != rank) return false;
    hsize_t whole = storedSize(dataset), chunks = 0;
    if (whole == 0) return true;
    for (const hsize_t extent : chunk)
        if (__builtin_mul_overflow(whole, extent, &whole)) return false;
    if (whole == 0 || whole > kLargestChunk) return whole > 0;  // larger ones are not unpacked for a look
    const std::vector<H5Z_filter_t> filters = filtersOf(plist);
    if (H5Dget_num_chunks(dataset, space, &chunks) < 0) return false;
    hsize_t seen = 0;
    for (hsize_t i = 0; i < std::min(chunks, kMostChunks) && seen < kMostBytes; ++i) {
        hsize_t size = 0;
        uint32_t skipped = 0;
        if (H5Dget_chunk_info(dataset, space, i, offset.data(), nullptr, nullptr, &size) < 0 || size > 2 * kLargestChunk) return false;
        std::vector<uint8_t> packed(size);
        if (H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &skipped, packed.data()) < 0) return false;
        if (unpackedSize(filters, skipped, std::move(packed), whole) != whole) return false;
        seen += size;
    }
    return true;
}

}  // namespace txfm::io::hdf5
