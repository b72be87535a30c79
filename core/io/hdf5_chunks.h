// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/io/hdf5_node.h"

namespace txfm::io::hdf5 {

/// h5py's number for LZF.
constexpr H5Z_filter_t kLzfFilter = 32000;

/// The filters of a data set in the order in which they are applied when writing.
std::vector<H5Z_filter_t> filtersOf(hid_t creation);

/// Whether the first chunks of a data set (16, or one MiB) hold as many bytes as its chunk shape says, whatever its rank.
/// HDF5 1.10 does not ask: where a damaged shape is larger than what the filters unpack, it reads beyond its memory.
/// True for other layouts, for records, and for filters that are not known here.
bool chunksFit(hid_t dataset);

enum class ChunkOutcome { Done, NotSupported, Damaged, Stopped };

/// The fast way through a one-dimensional, chunked, gzip-compressed (and shuffled) data set of native
/// numbers: one thread asks HDF5 for the packed chunks, the others unpack them with libdeflate straight
/// into `out`. NotSupported: leave it to HDF5 (other layout, filter or type). `placed` as in Node::readRange.
template <class T>
ChunkOutcome readChunked(hid_t dataset, const ElementType& type, int64_t begin, int64_t count, T* out, const PlacedRange& placed);

}  // namespace txfm::io::hdf5
