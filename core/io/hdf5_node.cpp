// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/hdf5_node.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/base/quoted.h"
#include "core/base/utf8.h"
#include "core/io/hdf5_chunks.h"
#include "core/io/hdf5_types.h"
#include "core/io/lzf.h"

namespace txfm::io::hdf5 {
namespace {

/// Deflate packs at most 1032:1; other filters may do better on constant data.
constexpr int64_t kDeflateRatio = 1100, kOtherRatio = 100'000;
/// Claims up to this size need no stored bytes behind them (fill values).
constexpr int64_t kFreeBytes = int64_t{64} << 20;
/// Elements between two calls of PlacedRange where HDF5 itself unpacks.
constexpr int64_t kPlacedStep = int64_t{1} << 20;

/// HDF5 has no LZF of its own, but h5py writes it; unpacking only.
size_t lzfFilter(unsigned flags, size_t parameterCount, const unsigned* parameters, size_t size, size_t* bufferSize,
                 void** buffer) {
    if (!(flags & H5Z_FLAG_REVERSE)) return 0;
    const size_t expected = parameterCount > 2 && parameters[2] > 0 ? parameters[2] : *bufferSize;
    for (size_t capacity = expected; capacity <= expected * 4; capacity *= 2) {
        void* unpacked = std::malloc(capacity);
        if (!unpacked) return 0;
        const size_t got = unpackLzf(static_cast<const uint8_t*>(*buffer), size, static_cast<uint8_t*>(unpacked), capacity);
        if (got > 0) {
            std::free(*buffer);
            *buffer = unpacked;
            *bufferSize = capacity;
            return got;
        }
        std::free(unpacked);
    }
    return 0;
}

void setUp() {
    // Files on read-only or network folders cannot be locked; reading them is fine all the same.
    ::setenv("HDF5_USE_FILE_LOCKING", "BEST_EFFORT", 0);
    // A data set that could not be written to a full disk is still open inside HDF5 after every handle was
    // closed, and HDF5's own clean-up at the end of the program crashes on it. Handles close all that matters.
    H5dont_atexit();
    H5open();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    // An external link would make a downloaded file read other files of the user.
    H5Lunregister(H5L_TYPE_EXTERNAL);
    static const H5Z_class2_t kLzf = {H5Z_CLASS_T_VERS, kLzfFilter, 0, 1, "lzf", nullptr, nullptr, lzfFilter};
    if (H5Zfilter_avail(kLzfFilter) <= 0) H5Zregister(&kLzf);
}

herr_t collectName(hid_t, const char* name, const H5L_info_t*, void* names) {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
}

template <class T>
hid_t memoryType();
template <>
hid_t memoryType<float>() { return H5T_NATIVE_FLOAT; }
template <>
hid_t memoryType<double>() { return H5T_NATIVE_DOUBLE; }
template <>
hid_t memoryType<int64_t>() { return H5T_NATIVE_INT64; }
template <>
hid_t memoryType<uint8_t>() { return H5T_NATIVE_UINT8; }

/// A hyperslab of whole rows (first axis) converted by HDF5 itself. Booleans are read through their
/// byte, which HDF5 would not convert from an enumeration.
template <class T>
bool readPiece(hid_t dataset, const ElementType& type, int64_t begin, int64_t count, int64_t width, T* out, int64_t column = 0) {
    const Handle fileSpace(H5Dget_space(dataset));
    const int rank = H5Sget_simple_extent_ndims(fileSpace);
    Handle memorySpace;
    const hsize_t total = static_cast<hsize_t>(count * width);
    if (rank == 0) {
        memorySpace = Handle(H5Screate(H5S_SCALAR));
    } else {
        std::vector<hsize_t> start(rank, 0), size(rank);
        if (H5Sget_simple_extent_dims(fileSpace, size.data(), nullptr) < 0) return false;
        start[0] = static_cast<hsize_t>(begin);
        size[0] = static_cast<hsize_t>(count);
        if (rank == 2) {
            start[1] = static_cast<hsize_t>(column);
            size[1] = static_cast<hsize_t>(width);
        }
        if (H5Sselect_hyperslab(fileSpace, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr) < 0) return false;
        memorySpace = Handle(H5Screate_simple(1, &total, nullptr));
    }
    if (type.kind == ElementKind::Boolean) {
        const Handle enumType(H5Dget_type(dataset));
        std::vector<int8_t> bytes(total);
        if (H5Dread(dataset, enumType, memorySpace, fileSpace, H5P_DEFAULT, bytes.data()) < 0) return false;
        std::transform(bytes.begin(), bytes.end(), out, [](int8_t b) { return static_cast<T>(b != 0); });
        return true;
    }
    if constexpr (std::is_same_v<T, int32_t>) {
        // HDF5 would clip wide integers to the largest int32; they must not look like valid indices.
        std::vector<int64_t> wide(total);
        if (H5Dread(dataset, H5T_NATIVE_INT64, memorySpace, fileSpace, H5P_DEFAULT, wide.data()) < 0) return false;
        std::transform(wide.begin(), wide.end(), out,
                       [](int64_t v) { return v >= INT32_MIN && v <= INT32_MAX ? static_cast<int32_t>(v) : -1; });
        return true;
    } else {
        return H5Dread(dataset, memoryType<T>(), memorySpace, fileSpace, H5P_DEFAULT, out) >= 0;
    }
}

/// The same in pieces, so that conversion buffers stay small.
template <class T>
bool readSlab(hid_t dataset, const ElementType& type, int64_t begin, int64_t count, int64_t width, T* out, int64_t column = 0) {
    constexpr int64_t kPieceElements = int64_t{1} << 20;
    const int64_t step = std::max<int64_t>(1, kPieceElements / std::max<int64_t>(1, width));
    for (int64_t row = 0; row < count; row += step)
        if (!readPiece(dataset, type, begin + row, std::min(step, count - row), width, out + row * width, column)) return false;
    return true;
}

}  // namespace

Error unreadable(const Node& node) {
    return badInput("The content of " + node.where() + " cannot be read; the file is damaged or truncated.",
                    "Download or export the file again.");
}

std::unique_lock<std::recursive_mutex> lock() {
    static std::recursive_mutex mutex;
    std::unique_lock guard(mutex);
    [[maybe_unused]] static const bool ready = (setUp(), true);
    return guard;
}

Handle::~Handle() { close(); }

bool Handle::close() {
    if (m_id < 0) return true;
    const auto guard = lock();
    return H5Idec_ref(std::exchange(m_id, H5I_INVALID_HID)) >= 0;
}

Node::Node(Handle id, std::string file, std::string path)
    : m_id(std::move(id)), m_file(std::move(file)), m_path(std::move(path)) {
    const auto guard = lock();
    m_type = H5Iget_type(m_id);
}

Node Node::copyOf(const Node& other) {
    const auto guard = lock();
    H5Iinc_ref(other.m_id);
    return Node(Handle(other.m_id.get()), other.m_file, other.m_path);
}

Result<Node> Node::open(const std::filesystem::path& path) {
    const auto guard = lock();
    if (FILE* stream = std::fopen(path.c_str(), "rb"))
        std::fclose(stream);
    else
        return badInput("Cannot read " + quoted(path) + ": " + std::strerror(errno) + ".");
    if (H5Fis_hdf5(path.c_str()) <= 0)
        return badInput(quoted(path) + " is not an HDF5 file, or its beginning is damaged.", "Download or export it again.");
    const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    if (!file.valid())
        return badInput(quoted(path) + " is a damaged or truncated HDF5 file, or another program is writing it.",
                        "Download or export it again.");
    Handle root(H5Gopen2(file, "/", H5P_DEFAULT));
    if (!root.valid()) return badInput(quoted(path) + " is a damaged HDF5 file: its root cannot be opened.");
    return Node(std::move(root), path.string(), "/");
}

std::vector<std::string> Node::children() const {
    std::vector<std::string> names;
    if (!isGroup()) return names;
    const auto guard = lock();
    hsize_t index = 0;
    H5Literate(m_id, H5_INDEX_NAME, H5_ITER_INC, &index, collectName, &names);
    return names;
}

bool Node::has(const std::string& name) const {
    if (!isGroup() || name.empty() || name.find('/') != std::string::npos || name == ".") return false;
    const auto guard = lock();
    return H5Lexists(m_id, name.c_str(), H5P_DEFAULT) > 0;
}

Result<Node> Node::child(const std::string& name) const {
    const auto guard = lock();
    // h5py turns a slash in a name (a column called "a/b") into a group; every step is checked like any other.
    if (const size_t slash = name.find('/'); slash != std::string::npos) {
        TXFM_TRY(const Node first, child(name.substr(0, slash)));
        return first.child(name.substr(slash + 1));
    }
    std::string path = m_path == "/" ? "/" + name : m_path + "/" + name;
    if (!has(name)) return badInput("'" + m_file + "' has no '" + path + "'.");
    H5L_info_t info;
    if (H5Lget_info(m_id, name.c_str(), &info, H5P_DEFAULT) < 0)
        return badInput("'" + path + "' in '" + m_file + "' cannot be opened; the file is damaged.");
    if (info.type == H5L_TYPE_EXTERNAL)
        return badInput("'" + path + "' in '" + m_file + "' is a link to another file, which is not followed.",
                        "Write the file without external links.");
    Handle object(H5Oopen(m_id, name.c_str(), H5P_DEFAULT));
    if (!object.valid())
        return badInput(info.type == H5L_TYPE_SOFT
                            ? "'" + path + "' in '" + m_file + "' is a link that leads nowhere, in a circle or to another file."
                            : "'" + path + "' in '" + m_file + "' cannot be opened; the file is damaged.");
    return Node(std::move(object), m_file, std::move(path));
}

std::vector<int64_t> Node::shape() const {
    if (!isDataset()) return {};
    const auto guard = lock();
    const Handle space(H5Dget_space(m_id));
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank <= 0) return {};
    std::vector<hsize_t> extents(rank);
    H5Sget_simple_extent_dims(space, extents.data(), nullptr);
    return {extents.begin(), extents.end()};
}

ElementType Node::type() const {
    if (!isDataset()) return {};
    const auto guard = lock();
    return describeType(Handle(H5Dget_type(m_id)));
}

int64_t Node::elements() const {
    int64_t product = 1;
    for (const int64_t extent : shape())
        if (extent < 0 || __builtin_mul_overflow(product, extent, &product)) return -1;
    return product;
}

Result<void> Node::checkReadable() const {
    if (!isDataset()) return badInput(where() + " is not a data set.");
    const auto guard = lock();
    if (!partsFit(Handle(H5Dget_type(m_id)))) return unreadable(*this);
    const Handle plist(H5Dget_create_plist(m_id));
    const H5D_layout_t layout = H5Pget_layout(plist);
    if (layout == H5D_VIRTUAL)
        return badInput(where() + " is a virtual data set that points to other files, which are not followed.",
                        "Write the file with its own copy of the data.");
    if (H5Pget_external_count(plist) > 0)
        return badInput(where() + " keeps its values in another file, which is not followed.",
                        "Write the file with its own copy of the data.");
    int64_t ratio = 1;
    for (int i = 0, filters = H5Pget_nfilters(plist); i < filters; ++i) {
        unsigned flags = 0, config = 0;
        size_t parameters = 0;
        char name[64] = "";
        const H5Z_filter_t filter = H5Pget_filter2(plist, i, &flags, &parameters, nullptr, sizeof name, name, &config);
        if (filter < 0) return unreadable(*this);
        if (H5Zfilter_avail(filter) <= 0)
            return badInput(where() + " is compressed with the filter '" + (*name ? toUtf8(name) : "unnamed") + "' (number " +
                                std::to_string(filter) + "), which is not installed.",
                            "Install the HDF5 plugin for this filter, or write the file with gzip.");
        if (filter == H5Z_FILTER_DEFLATE) ratio = std::max(ratio, kDeflateRatio);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            ratio = kOtherRatio;
    }
    const int64_t count = elements();
    int64_t claimed = 0, possible = 0;
    const auto stored = static_cast<int64_t>(std::min<hsize_t>(H5Dget_storage_size(m_id), INT64_MAX));
    if (__builtin_mul_overflow(stored, ratio, &possible)) possible = INT64_MAX;
    // Values in one piece are there to the last byte, or not at all (which reads as zeros); the library copies without asking.
    const bool inOnePiece = layout != H5D_CHUNKED && stored > 0;
    if (count < 0 || __builtin_mul_overflow(count, static_cast<int64_t>(type().size), &claimed) ||
        claimed > (inOnePiece ? stored : std::max(possible, kFreeBytes)))
        return badInput(where() + " claims " + (count < 0 ? "more than 2^63" : std::to_string(count)) + " values, but stores only " +
                            std::to_string(stored) + " bytes; the file is damaged.",
                        "Download or export the file again.");
    if (!chunksFit(m_id)) return unreadable(*this);
    return {};
}

template <class T>
Result<std::vector<T>> Node::readAll() const {
    TXFM_CHECK(checkReadable());
    if (!type().isNumeric()) return badInput(where() + " does not hold numbers.");
    const int64_t count = elements();
    std::vector<T> values(static_cast<size_t>(count));
    if (count == 0) return values;
    const std::vector<int64_t> extents = shape();
    if (extents.size() == 1) {
        TXFM_CHECK(readRange(0, count, values.data()));
        return values;
    }
    const auto guard = lock();
    const int64_t rows = extents.empty() ? 1 : extents[0];
    if (!readSlab(m_id, type(), 0, rows, count / rows, values.data())) return unreadable(*this);
    return values;
}

template <class T>
Result<void> Node::readRange(int64_t begin, int64_t count, T* out, const PlacedRange& placed) const {
    if (count == 0) return {};
    const ElementType element = type();
    const std::vector<int64_t> extents = shape();
    if (!element.isNumeric()) return badInput(where() + " does not hold numbers.");
    if (extents.size() != 1 || begin < 0 || count < 0 || begin > extents[0] - count)
        return badInput(where() + " is shorter than the file says; it is damaged.");
    switch (readChunked(m_id, element, begin, count, out, placed)) {
        case ChunkOutcome::Done: return {};
        case ChunkOutcome::Damaged: return unreadable(*this);
        case ChunkOutcome::Stopped: return cancelledError();
        case ChunkOutcome::NotSupported: break;
    }
    const int64_t step = placed ? kPlacedStep : count;  // without `placed` nobody asks before the end
    for (int64_t from = begin, end = begin + count; from < end; from += step) {
        const int64_t part = std::min(step, end - from);
        {
            const auto guard = lock();
            if (!readSlab(m_id, element, from, part, 1, out + (from - begin))) return unreadable(*this);
        }
        if (placed && !placed(from, part)) return cancelledError();
    }
    return {};
}

template <class T>
Result<void> Node::readRows(int64_t begin, int64_t end, T* out) const {
    const std::vector<int64_t> extents = shape();
    if (extents.size() != 2 || begin < 0 || begin > end || end > extents[0] || !type().isNumeric())
        return badInput(where() + " is not a table of numbers of the expected size.");
    if (begin == end || extents[1] == 0) return {};
    const auto guard = lock();
    if (!readSlab(m_id, type(), begin, end - begin, extents[1], out)) return unreadable(*this);
    return {};
}

template <class T>
Result<void> Node::readColumns(int64_t begin, int64_t end, T* out) const {
    const std::vector<int64_t> extents = shape();
    if (extents.size() != 2 || begin < 0 || begin > end || end > extents[1] || !type().isNumeric())
        return badInput(where() + " is not a table of numbers of the expected size.");
    if (begin == end || extents[0] == 0) return {};
    const auto guard = lock();
    if (!readSlab(m_id, type(), 0, extents[0], end - begin, out, begin)) return unreadable(*this);
    return {};
}

#define TXFM_INSTANTIATE(T)                                                   \
    template Result<std::vector<T>> Node::readAll<T>() const;                 \
    template Result<void> Node::readRange<T>(int64_t, int64_t, T*, const PlacedRange&) const; \
    template Result<void> Node::readRows<T>(int64_t, int64_t, T*) const;      \
    template Result<void> Node::readColumns<T>(int64_t, int64_t, T*) const;
TXFM_INSTANTIATE(float)
TXFM_INSTANTIATE(double)
TXFM_INSTANTIATE(int32_t)
TXFM_INSTANTIATE(int64_t)
TXFM_INSTANTIATE(uint8_t)
#undef TXFM_INSTANTIATE

}  // namespace txfm::io::hdf5
