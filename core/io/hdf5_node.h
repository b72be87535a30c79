// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <hdf5.h>

#include "core/base/result.h"
#include "core/io/reading_crash.h"

/// A thin, safe view of HDF5 for readers and writers. The library is not thread-safe: every function
/// here takes the process-wide lock, and code that calls HDF5 itself must hold it too. HDF5's own error
/// printing is off; external links, virtual data sets and external storage are refused by name.
namespace txfm::io::hdf5 {

/// Locks HDF5 for this thread (recursive) and sets the library up on first use.
std::unique_lock<std::recursive_mutex> lock();

/// Owns an identifier of any kind (file, group, data set, type, space, property list).
class Handle {
public:
    Handle() = default;
    explicit Handle(hid_t id) : m_id(id) {}
    Handle(Handle&& other) noexcept : m_id(std::exchange(other.m_id, H5I_INVALID_HID)) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(m_id, other.m_id);
        return *this;
    }
    ~Handle();
    hid_t get() const { return m_id; }
    operator hid_t() const { return m_id; }
    bool valid() const { return m_id >= 0; }
    /// Closes now; false when that failed (for files: buffered data could not be written).
    bool close();

private:
    hid_t m_id = H5I_INVALID_HID;
};

enum class ElementKind { Signed, Unsigned, Float, Boolean, String, Compound, Other };

/// Element type of a data set, reduced to what matters here.
struct ElementType {
    ElementKind kind = ElementKind::Other;
    size_t size = 0;              ///< bytes per element in the file
    bool native = false;          ///< integer or IEEE float in the byte order of this machine
    bool isNumeric() const { return kind <= ElementKind::Boolean; }
    bool isInteger() const { return kind == ElementKind::Signed || kind == ElementKind::Unsigned; }
};

/// Called when elements [begin, begin + count) of a range have arrived, while they are in the processor's cache: parts
/// in any order, from several threads at a time; a part may come twice. False ends the reading.
using PlacedRange = std::function<bool(int64_t begin, int64_t count)>;

/// An opened group or data set that knows its place for messages.
class Node {
public:
    /// The root group of a file, opened for reading. BadInput when it is missing, truncated or not HDF5.
    static Result<Node> open(const std::filesystem::path& file);
    Node(Handle id, std::string file, std::string path);
    /// A second handle of the same object.
    static Node copyOf(const Node& other);

    hid_t id() const { return m_id; }
    const std::string& file() const { return m_file; }
    const std::string& path() const { return m_path; }
    /// "'/layers/counts' in 'data.h5ad'".
    std::string where() const { return "'" + m_path + "' in '" + m_file + "'"; }
    bool isGroup() const { return m_type == H5I_GROUP; }
    bool isDataset() const { return m_type == H5I_DATASET; }

    /// Names of the members of a group, sorted; empty for data sets.
    std::vector<std::string> children() const;
    bool has(const std::string& name) const;
    /// Opens a member; BadInput when absent, when an external link, or when its link leads in a circle.
    Result<Node> child(const std::string& name) const;

    bool hasAttribute(const std::string& name) const;
    /// A text attribute; "" when absent or not a text.
    std::string attributeText(const std::string& name) const;
    /// A text-array attribute; empty when absent.
    std::vector<std::string> attributeTexts(const std::string& name) const;
    /// A number or number-array attribute; empty when absent.
    std::vector<int64_t> attributeIntegers(const std::string& name) const;

    /// Extents; empty for a scalar.
    std::vector<int64_t> shape() const;
    ElementType type() const;
    /// Product of the extents, 1 for a scalar; -1 on overflow.
    int64_t elements() const;
    /// BadInput when the content cannot be read here: a missing filter (named), virtual or external
    /// storage, or a claimed size that the stored bytes cannot fill.
    Result<void> checkReadable() const;

    /// Every element, flattened row-major. T: float, double, int32_t, int64_t, uint8_t.
    /// A value that T cannot hold becomes -1 in signed integers.
    template <class T>
    Result<std::vector<T>> readAll() const;
    /// Elements [begin, begin + count) of a one-dimensional data set, decompressed on threadCount()
    /// threads where the filters allow. Cancelled when `placed` says so.
    template <class T>
    Result<void> readRange(int64_t begin, int64_t count, T* out, const PlacedRange& placed = {}) const;
    /// Rows [begin, end) of a two-dimensional data set, row-major.
    template <class T>
    Result<void> readRows(int64_t begin, int64_t end, T* out) const;
    /// Columns [begin, end) of all rows of a two-dimensional data set, row-major.
    template <class T>
    Result<void> readColumns(int64_t begin, int64_t end, T* out) const;
    /// Texts of any shape, flattened, as UTF-8.
    Result<std::vector<std::string>> readTexts() const;

private:
    Handle m_id;
    H5I_type_t m_type = H5I_BADID;
    std::string m_file, m_path;
};

/// Runs body() and turns what it throws into an Error that names the file; a crash names it too (reading_crash.h).
template <class Body>
auto guarded(const std::string& file, Body&& body) -> decltype(body()) {
    const ReadingMark mark(file);
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "There is not enough memory to read '" + file + "'.",
                     "Close other programs, or use a machine with more memory."};
    } catch (const std::length_error&) {
        return badInput("'" + file + "' claims impossible sizes.");
    } catch (const std::exception& exception) {
        return badInput("Cannot read '" + file + "': " + exception.what() + ".");
    }
}

}  // namespace txfm::io::hdf5
