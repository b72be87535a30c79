// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/io/hdf5_node.h"

namespace txfm::io::hdf5 {

enum class ChunkOutcome { Done, NotSupported, Damaged, Stopped };

/// The fast way through a one-dimensional, chunked, gzip-compressed (and shuffled) data set of native
/// numbers: one thread asks HDF5 for the packed chunks, the others unpack them with libdeflate straight
/// into `out`. NotSupported: leave it to HDF5 (other layout, filter or type). `placed` as in Node::readRange.
template <class T>
ChunkOutcome readChunked(hid_t dataset, const ElementType& type, int64_t begin, int64_t count, T* out, const PlacedRange& placed);

}  // namespace txfm::io::hdf5
