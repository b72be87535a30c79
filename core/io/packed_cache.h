// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace txfm::io {

/// Where packed copies lie.
std::filesystem::path packedFolder();

/// A packed copy of the cache folder, for the list that offers to remove them.
struct PackedStoreInfo {
    std::filesystem::path file;
    std::string source;  ///< path of the count file; "" where the copy does not tell (damaged)
    uint64_t bytes = 0;  ///< with the tables beside it
};
/// In the order of their sources.
std::vector<PackedStoreInfo> listPackedStores();

/// Whether there is a copy of this file as it is now, of any of its matrices.
bool hasPackedStore(const std::filesystem::path& source);

/// Tables of the data set whose counts are in that store, where its format needs them (dataset_copy.h).
std::filesystem::path tablesBeside(const std::filesystem::path& store);

/// Removes a copy and its tables. One that is open keeps its space until it is closed. False when it cannot be removed.
bool removePackedStore(const std::filesystem::path& file);

/// Removes what killed programs left in the folder of copies: half-written files, tables without a store. A file stays while
/// the process of its name is there, while anybody holds its lock, and for a minute after it grew (other machines may share
/// the folder).
void removeAbandonedCopies();

/// Bytes that all copies may take together: TXFM_PACKED_LIMIT in MiB, else a fifth of the disk that holds the cache folder.
uint64_t packedStoreLimit();

/// Removes copies, the one opened longest ago first, until one of `bytes` more fits below the limit and on the disk. A copy
/// that is open in any process stays. Returns what was removed.
std::vector<PackedStoreInfo> makeRoomForPackedStore(uint64_t bytes);

}  // namespace txfm::io
