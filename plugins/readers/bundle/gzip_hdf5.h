// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/io/reader.h"

namespace txfm::readers {

/// A reader for HDF5 files (.h5ad, 10x .h5, .loom) that were gzip-compressed as a whole, as GEO stores them: unpacked into
/// the cache folder for as long as the data are open.
std::unique_ptr<io::Reader> makeGzipHdf5Reader();

}  // namespace txfm::readers
