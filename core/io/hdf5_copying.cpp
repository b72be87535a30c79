// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/hdf5_copying.h"

#include <algorithm>
#include <cstring>

#include "core/io/hdf5_types.h"

namespace txfm::io::hdf5 {
namespace {

constexpr int64_t kBlockBytes = int64_t{8} << 20;
/// Smaller data sets are copied by the library in one go.
constexpr hsize_t kLargeBytes = hsize_t{32} << 20;

void check(bool ok, const std::string& name) {
    if (!ok) throw WriteFailure("'" + name + "'");
}

herr_t copyAttribute(hid_t from, const char* name, const H5A_info_t*, void* target) {
    const hid_t to = *static_cast<const hid_t*>(target);
    const Handle source(H5Aopen(from, name, H5P_DEFAULT));
    const Handle type(H5Aget_type(source)), space(H5Aget_space(source));
    if (H5Tdetect_class(type, H5T_REFERENCE) > 0) return 0;
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    std::vector<uint8_t> values(H5Tget_size(type) * static_cast<size_t>(std::max<hssize_t>(count, 1)));
    if (H5Aexists(to, name) > 0) H5Adelete(to, name);
    const Handle copy(H5Acreate2(to, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    if (count <= 0) return copy.valid() ? 0 : -1;
    if (H5Aread(source, type, values.data()) < 0) return -1;
    const bool ok = copy.valid() && H5Awrite(copy, type, values.data()) >= 0;
    if (H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0) H5Dvlen_reclaim(type, space, H5P_DEFAULT, values.data());
    return ok ? 0 : -1;
}

/// Frees the texts that HDF5 allocated for elements of variable length.
struct Reclaim {
    hid_t type, space;
    void* values;
    bool needed;
    ~Reclaim() {
        if (needed) H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
    }
};

bool hasVariableLength(hid_t type) { return H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tdetect_class(type, H5T_STRING) > 0; }

/// Chunks as they are stored, compressed; false where the layout or a filter rules that out.
Result<bool> copyChunks(const Node& node, hid_t parent, const std::string& name, Progress& progress) {
    const Handle creation(H5Dget_create_plist(node.id())), type(H5Dget_type(node.id())), space(H5Dget_space(node.id()));
    if (H5Pget_layout(creation) != H5D_CHUNKED || hasVariableLength(type)) return false;
    const Handle copy(H5Dcreate2(parent, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    if (!copy.valid()) return false;  // a filter that can only unpack
    const std::vector<int64_t> shape = node.shape();
    std::vector<hsize_t> chunk(shape.size()), offset(shape.size(), 0);
    H5Pget_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    std::vector<uint8_t> bytes;
    while (true) {
        if (progress.cancelled()) return cancelledError();
        hsize_t stored = 0;
        if (H5Dget_chunk_storage_size(node.id(), offset.data(), &stored) >= 0 && stored > 0) {
            uint32_t filters = 0;
            bytes.resize(stored);
            if (H5Dread_chunk(node.id(), H5P_DEFAULT, offset.data(), &filters, bytes.data()) < 0) return unreadable(node);
            check(H5Dwrite_chunk(copy, H5P_DEFAULT, filters, offset.data(), stored, bytes.data()) >= 0, name);
        }
        size_t axis = shape.size();
        while (axis > 0 && (offset[axis - 1] += chunk[axis - 1]) >= static_cast<hsize_t>(shape[axis - 1])) offset[--axis] = 0;
        if (axis == 0) break;
    }
    copyAttributes(node.id(), copy);
    return true;
}

/// The creation properties of a copy with other extents: chunked and packed where the original is.
Handle creationFor(const Node& node, const std::vector<hsize_t>& shape, bool variableLength) {
    const Handle original(H5Dget_create_plist(node.id()));
    Handle creation(H5Pcreate(H5P_DATASET_CREATE));
    if (H5Pget_layout(original) != H5D_CHUNKED || std::ranges::count(shape, hsize_t{0}) > 0) return creation;
    std::vector<hsize_t> chunk(shape.size());
    H5Pget_chunk(original, static_cast<int>(chunk.size()), chunk.data());
    for (size_t axis = 0; axis < chunk.size(); ++axis) chunk[axis] = std::min(chunk[axis], shape[axis]);
    H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    if (H5Pget_nfilters(original) > 0) {
        if (!variableLength) H5Pset_shuffle(creation);
        H5Pset_deflate(creation, 1);
    }
    return creation;
}

}  // namespace

void copyAttributes(hid_t from, hid_t to) {
    const auto guard = lock();
    check(H5Aiterate2(from, H5_INDEX_NAME, H5_ITER_INC, nullptr, copyAttribute, &to) >= 0, "attributes");
}

Result<void> copyObject(const Node& node, hid_t parent, const std::string& name, Progress& progress) {
    const auto guard = lock();
    if (progress.cancelled()) return cancelledError();
    if (node.isDataset() && H5Dget_storage_size(node.id()) > kLargeBytes) {
        TXFM_TRY(const bool copied, copyChunks(node, parent, name, progress));
        if (copied) return {};
        const Handle type(H5Dget_type(node.id()));
        const Handle creation(H5Dget_create_plist(node.id()));
        if (H5Pget_layout(creation) == H5D_CONTIGUOUS && !hasVariableLength(type)) return copySelected(node, parent, name, nullptr, nullptr, progress);
    }
    check(H5Ocopy(node.id(), ".", parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT) >= 0, name);
    return {};
}

Result<void> copySelected(const Node& node, hid_t parent, const std::string& name, Positions rows, Positions cols, Progress& progress) {
    const auto guard = lock();
    TXFM_CHECK(node.checkReadable());
    const std::vector<int64_t> extents = node.shape();
    if (extents.empty()) return copyObject(node, parent, name, progress);
    const Handle type(H5Dget_type(node.id()));
    const size_t size = H5Tget_size(type);
    const bool variableLength = hasVariableLength(type);
    std::vector<hsize_t> shape(extents.begin(), extents.end());
    if (rows) shape[0] = rows->size();
    if (cols && shape.size() > 1) shape[1] = cols->size();

    const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr));
    const Handle creation = creationFor(node, shape, variableLength);
    const Handle copy(H5Dcreate2(parent, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    check(copy.valid(), name);
    copyAttributes(node.id(), copy);

    // A row is cols × inner elements of `size` bytes.
    size_t inner = size;
    for (size_t axis = 2; axis < extents.size(); ++axis) inner *= static_cast<size_t>(extents[axis]);
    const auto width = static_cast<size_t>(extents.size() > 1 ? extents[1] : 1), keptWidth = static_cast<size_t>(shape.size() > 1 ? shape[1] : 1);
    const size_t rowBytes = width * inner, keptBytes = keptWidth * inner;
    if (rowBytes == 0 || keptBytes == 0) return {};
    const int64_t blockRows = std::max<int64_t>(1, kBlockBytes / static_cast<int64_t>(rowBytes));
    const Handle source(H5Dget_space(node.id()));
    const auto select = [](hid_t whole, std::vector<hsize_t> count, int64_t begin) {
        std::vector<hsize_t> start(count.size(), 0);
        start[0] = static_cast<hsize_t>(begin);
        H5Sselect_hyperslab(whole, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
        return Handle(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
    };
    const auto total = static_cast<int64_t>(shape[0]);
    const auto position = [&](int64_t i) { return rows ? (*rows)[static_cast<size_t>(i)] : i; };
    std::vector<uint8_t> block, kept;
    for (int64_t i = 0; i < total;) {
        if (progress.cancelled()) return cancelledError();
        const int64_t first = position(i);
        int64_t end = i + 1;
        while (end < total && position(end) - first < blockRows) ++end;
        std::vector<hsize_t> count(extents.begin(), extents.end());
        count[0] = static_cast<hsize_t>(position(end - 1) - first + 1);
        const Handle read = select(source, count, first);
        block.assign(count[0] * rowBytes, 0);
        const Reclaim reclaim{type, read, block.data(), variableLength};
        if (H5Dread(node.id(), type, read, source, H5P_DEFAULT, block.data()) < 0) return unreadable(node);
        kept.resize(static_cast<size_t>(end - i) * keptBytes);
        for (int64_t row = i; row < end; ++row) {
            const uint8_t* from = block.data() + static_cast<size_t>(position(row) - first) * rowBytes;
            uint8_t* to = kept.data() + static_cast<size_t>(row - i) * keptBytes;
            if (!cols || extents.size() < 2) {
                std::memcpy(to, from, keptBytes);
                continue;
            }
            for (size_t col = 0; col < keptWidth; ++col) std::memcpy(to + col * inner, from + static_cast<size_t>((*cols)[col]) * inner, inner);
        }
        std::vector<hsize_t> target = shape;
        target[0] = static_cast<hsize_t>(end - i);
        const Handle written = select(space, target, i);
        check(H5Dwrite(copy, type, written, space, H5P_DEFAULT, kept.data()) >= 0, name);
        i = end;
    }
    return {};
}

Result<void> readBytes(const Node& node, int64_t begin, int64_t count, uint8_t* out) {
    if (count == 0) return {};
    const auto guard = lock();
    const Handle type(H5Dget_type(node.id())), space(H5Dget_space(node.id()));
    const auto start = static_cast<hsize_t>(begin), length = static_cast<hsize_t>(count);
    const Handle memory(H5Screate_simple(1, &length, nullptr));
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &length, nullptr) < 0 ||
        H5Dread(node.id(), type, memory, space, H5P_DEFAULT, out) < 0)
        return unreadable(node);
    return {};
}

}  // namespace txfm::io::hdf5
