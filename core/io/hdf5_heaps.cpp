// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/io/hdf5_trial.h"

// Layout: HDF5 File Format Specification 3.0, section III.E (global heap), and II.A (superblock).
namespace txfm::io::hdf5 {
namespace {

constexpr uintmax_t kLargestFile = uintmax_t{64} << 20;
constexpr std::string_view kCollection("GCOL\1\0\0\0", 8);  ///< signature, version and reserved bytes
constexpr std::string_view kFile("\x89HDF\r\n\x1a\n", 8);
constexpr uint64_t kReference = 16;  ///< length, address of the collection, number of the object in it
constexpr uint64_t kHeader = 16;  ///< of a collection, and of each object in it

uint64_t numberAt(std::string_view bytes, size_t at) {
    uint64_t number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

/// Whether addresses and lengths are numbers of 8 bytes counted from the begin of the file, as every writer has them.
bool isPlain(std::string_view bytes) {
    if (!bytes.starts_with(kFile) || bytes.size() < 16) return false;
    const size_t sizes = bytes[8] < 2 ? 13 : 9;
    return bytes[sizes] == 8 && bytes[sizes + 1] == 8;
}

/// Calls `visit(index)` for each object of the collection that the bytes begin with; false when one reaches beyond it.
template <class Visit>
bool walkObjects(std::string_view collection, Visit visit) {
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
        visit(index);
        at += next;
    }
    return true;
}

}  // namespace

GlobalHeaps::GlobalHeaps(const std::filesystem::path& file) {
    std::error_code ec;
    const uintmax_t size = std::filesystem::file_size(file, ec);
    if (ec || size > kLargestFile) return;
    m_bytes.resize(size);
    const std::unique_ptr<FILE, decltype(&std::fclose)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
    if (!stream || std::fread(m_bytes.data(), 1, size, stream.get()) != size || !isPlain(m_bytes)) m_bytes.clear();
}

bool GlobalHeaps::objectsFit() const {
    const std::string_view whole(m_bytes);
    for (size_t at = whole.find(kCollection); at != std::string_view::npos; at = whole.find(kCollection, at + 1))
        if (whole.size() - at >= kHeader && !walkObjects(whole.substr(at), [](uint16_t) {})) return false;
    return true;
}

bool GlobalHeaps::haveTexts(uint64_t place, uint64_t count) const {
    const std::string_view whole(m_bytes);
    if (place > whole.size() || count > (whole.size() - place) / kReference) return true;
    std::map<uint64_t, std::set<uint32_t>> heaps;
    for (uint64_t at = place; count > 0; --count, at += kReference) {
        const uint64_t heap = numberAt(whole, at + 4);
        uint32_t index = 0;
        std::memcpy(&index, whole.data() + at + 12, sizeof index);
        // The library itself refuses what is no heap, and takes address 0 for an empty text.
        if (heap == 0 || heap > whole.size() - kHeader || !whole.substr(heap).starts_with(kCollection)) continue;
        auto known = heaps.find(heap);
        if (known == heaps.end()) {
            known = heaps.try_emplace(heap).first;
            walkObjects(whole.substr(heap), [&](uint16_t object) { known->second.insert(object); });
        }
        if (!known->second.contains(index)) return false;
    }
    return true;
}

}  // namespace txfm::io::hdf5
