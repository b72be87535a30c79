// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/io/hdf5_node.h"

/// Shared by the files that implement Node.
namespace txfm::io::hdf5 {

/// A type of HDF5 reduced to what matters here.
ElementType describeType(hid_t type);
/// Whether the parts of a record, an array or a number lie inside it, and an enumeration has as many labels as people give
/// it. HDF5 1.10 does not look: it copies beyond its buffers or sorts labels for minutes.
bool partsFit(hid_t type);
/// BadInput: the content of the node cannot be read.
Error unreadable(const Node& node);

}  // namespace txfm::io::hdf5
