// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "core/io/hdf5_trial.h"

namespace txfm::io::hdf5 {
namespace {

constexpr int kDeepestGroup = 64;
constexpr int64_t kMostAttributeElements = int64_t{1} << 24;
/// Numbers are read up to this size; of larger arrays only the places of the chunks are looked up.
constexpr int64_t kLargestNumbers = int64_t{16} << 20;
constexpr int64_t kMostChunks = int64_t{1} << 22;

/// Reads `count` elements of a file type into memory that is given back at once. What does not fit into the
/// memory of the trial is left to the reader, which says so.
template <class Read>
void readAndForget(hid_t fileType, hid_t space, int64_t count, Read&& read) {
    const Handle type(H5Tget_native_type(fileType, H5T_DIR_ASCEND));
    if (!type.valid() || count <= 0) return;
    int64_t bytes = 0;
    if (__builtin_mul_overflow(count, static_cast<int64_t>(H5Tget_size(type)), &bytes)) return;
    const std::unique_ptr<uint8_t, decltype(&std::free)> values(static_cast<uint8_t*>(std::calloc(static_cast<size_t>(bytes), 1)),
                                                                std::free);
    if (!values) return;
    read(type.get(), values.get());
    if (H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tdetect_class(type, H5T_STRING) > 0)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, values.get());
}

class Walk {
public:
    explicit Walk(const GlobalHeaps& heaps) : m_heaps(heaps) {}
    bool sound() const { return m_sound; }
    void visit(const Node& node, int depth) {
        H5O_info_t info;
        if (depth > kDeepestGroup || H5Oget_info2(node.id(), &info, H5O_INFO_BASIC) < 0) return;
        if (!m_seen.insert(info.addr).second) return;  // groups can contain themselves
        touchAttributes(node);
        if (node.isDataset()) return touchValues(node);
        for (const std::string& name : node.children())
            if (const Result<Node> child = node.child(name)) visit(*child, depth + 1);
    }

private:
    static void touchAttributes(const Node& node) {
        std::vector<std::string> names;
        hsize_t index = 0;
        const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
            static_cast<std::vector<std::string>*>(list)->emplace_back(name);
            return 0;
        };
        H5Aiterate2(node.id(), H5_INDEX_NAME, H5_ITER_INC, &index, collect, &names);
        for (const std::string& name : names) {
            const Handle attribute(H5Aopen(node.id(), name.c_str(), H5P_DEFAULT));
            if (!attribute.valid()) continue;
            const Handle type(H5Aget_type(attribute)), space(H5Aget_space(attribute));
            const hssize_t count = H5Sget_simple_extent_npoints(space);
            if (count <= 0 || count > kMostAttributeElements) continue;
            readAndForget(type, space, count, [&](hid_t memory, void* out) { H5Aread(attribute, memory, out); });
        }
    }

    void touchValues(const Node& node) {
        if (!node.checkReadable()) return;
        const ElementType element = node.type();
        const int64_t count = node.elements();
        if (element.isNumeric() && count * static_cast<int64_t>(element.size) > kLargestNumbers) return touchChunks(node);
        const Handle type(H5Dget_type(node.id())), space(H5Dget_space(node.id()));
        const haddr_t place = H5Dget_offset(node.id());  // unless it is in chunks or empty
        if (place != HADDR_UNDEF && count > 0 && H5Tis_variable_str(type) > 0 && !m_heaps.haveTexts(place, static_cast<uint64_t>(count))) {
            m_sound = false;
            return;
        }
        readAndForget(type, space, count,
                      [&](hid_t memory, void* out) { H5Dread(node.id(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out); });
    }

    /// Looks up every chunk in the order of its place, which goes through the whole index.
    static void touchChunks(const Node& node) {
        const Handle creation(H5Dget_create_plist(node.id()));
        const std::vector<int64_t> extents = node.shape();
        if (H5Pget_layout(creation) != H5D_CHUNKED || extents.empty()) return;
        std::vector<hsize_t> chunk(extents.size()), offset(extents.size(), 0);
        if (H5Pget_chunk(creation, static_cast<int>(chunk.size()), chunk.data()) != static_cast<int>(chunk.size())) return;
        if (std::ranges::count(chunk, hsize_t{0}) > 0) return;
        for (int64_t looked = 0; looked < kMostChunks; ++looked) {
            hsize_t bytes = 0;
            H5Dget_chunk_storage_size(node.id(), offset.data(), &bytes);
            size_t axis = extents.size();
            while (axis > 0) {
                --axis;
                offset[axis] += chunk[axis];
                if (offset[axis] < static_cast<hsize_t>(extents[axis])) break;
                offset[axis] = 0;
                if (axis == 0) return;
            }
        }
    }

    const GlobalHeaps& m_heaps;
    bool m_sound = true;
    std::set<haddr_t> m_seen;
};

}  // namespace

bool touchEverything(const Node& root, const GlobalHeaps& heaps) {
    if (!heaps.objectsFit()) return false;
    const auto guard = lock();
    Walk walk(heaps);
    walk.visit(root, 0);
    return walk.sound();
}

}  // namespace txfm::io::hdf5
