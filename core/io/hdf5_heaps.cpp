// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/io/hdf5_trial.h"

// Layout: HDF5 File Format Specification 3.0, section III.E (global heap), and II.A (superblock).
namespace txfm::io::hdf5 {
namespace {

constexpr uintmax_t kLargestFile = uintmax_t{64} << 20;
constexpr std::string_view kCollection("GCOL\1\0\0\0", 8);  ///< signature, version and reserved bytes
constexpr std::string_view kFile("\x89HDF\r\n\x1a\n", 8);
constexpr uint64_t kHeader = 16;  ///< of a collection, and of each object in it

uint64_t numberAt(std::string_view bytes, size_t at) {
    uint64_t number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

/// Whether lengths are numbers of 8 bytes, as every writer has them.
bool hasWideLengths(std::string_view bytes) {
    const size_t superblock = bytes.find(kFile);
    if (superblock == std::string_view::npos || bytes.size() < superblock + 16) return false;
    const bool old = bytes[superblock + 8] < 2;
    return bytes[superblock + (old ? 14 : 10)] == 8;
}

/// Whether each object lies inside the collection.
bool objectsFit(std::string_view collection) {
    const uint64_t size = numberAt(collection, 8);
    if (size < kHeader || size > collection.size()) return true;  // no collection, or one that the library refuses
    for (uint64_t at = kHeader; size - at >= kHeader;) {
        uint16_t index = 0;
        std::memcpy(&index, collection.data() + at, sizeof index);
        const uint64_t bytes = numberAt(collection, at + 8), room = size - at;
        if (index == 0) return bytes <= room;  // what is free, to the end
        if (bytes > room - kHeader) return false;
        const uint64_t next = kHeader + (bytes + 7) / 8 * 8;
        if (next > room) return false;
        at += next;
    }
    return true;
}

}  // namespace

bool globalHeapsFit(const std::filesystem::path& file) {
    std::error_code ec;
    const uintmax_t size = std::filesystem::file_size(file, ec);
    if (ec || size > kLargestFile) return true;
    std::string bytes(size, '\0');
    const std::unique_ptr<FILE, decltype(&std::fclose)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
    if (!stream || std::fread(bytes.data(), 1, bytes.size(), stream.get()) != bytes.size() || !hasWideLengths(bytes)) return true;
    const std::string_view whole(bytes);
    for (size_t at = whole.find(kCollection); at != std::string_view::npos; at = whole.find(kCollection, at + 1))
        if (whole.size() - at >= kHeader && !objectsFit(whole.substr(at))) return false;
    return true;
}

}  // namespace txfm::io::hdf5
