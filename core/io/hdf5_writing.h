// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/io/hdf5_node.h"

/// Writing HDF5. Functions throw WriteFailure, which the public functions of the writer turn into an
/// Error; it never leaves the library.
namespace txfm::io::hdf5 {

struct WriteFailure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What to do about a file that could not be written.
inline constexpr auto kCannotStoreHint = "Check that the disk has enough free space and that the folder is writable.";

/// Runs a body that writes HDF5 and turns its exceptions into errors that name the output.
template <class Body>
Result<void> writing(const std::filesystem::path& out, Body&& body) {
    const std::string what = "Cannot write '" + out.string() + "': ";
    try {
        return body();
    } catch (const WriteFailure& failure) {
        // HDF5 keeps the reason to itself; a full disk is by far the most frequent one.
        return failed(what + failure.what() + " could not be stored.", kCannotStoreHint);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "There is not enough memory to write '" + out.string() + "'.", {}};
    } catch (const std::exception& exception) {
        return failed(what + exception.what() + ".", kCannotStoreHint);
    }
}

/// Flushes and closes a file; WriteFailure when its last part could not be stored.
void closeWritten(Handle& file);

Handle createFile(const std::filesystem::path& path);
Handle openForWriting(const std::filesystem::path& path);
/// Creates a group (parents too); an existing one is opened.
Handle openOrCreateGroup(hid_t parent, const std::string& name);
/// Removes a member when there is one.
void removeMember(hid_t parent, const std::string& name);

void writeAttribute(hid_t object, const std::string& name, const std::string& text);
void writeAttribute(hid_t object, const std::string& name, const std::vector<std::string>& texts);
void writeAttribute(hid_t object, const std::string& name, std::span<const int64_t> values);
void writeAttribute(hid_t object, const std::string& name, bool value);

/// The enumeration of FALSE and TRUE that h5py reads as bool.
Handle booleanType();
template <class T>
hid_t nativeType();

/// A data set of any shape ({} = scalar) without compression.
template <class T>
Handle writeArray(hid_t parent, const std::string& name, const std::vector<hsize_t>& shape, const T* values);
Handle writeBooleans(hid_t parent, const std::string& name, const std::vector<hsize_t>& shape,
                     std::span<const uint8_t> values);
Handle writeTexts(hid_t parent, const std::string& name, const std::vector<std::string>& values, bool scalar = false);

/// An uncompressed float32 matrix [rows × cols] that is filled row block by row block.
Handle createMatrix(hid_t parent, const std::string& name, int64_t rows, int64_t cols);
void writeRows(hid_t matrix, int64_t begin, int64_t rows, int64_t cols, const float* values);

/// A growing one-dimensional data set, shuffled and gzip-compressed in chunks of 1 MiB; compression runs
/// on threadCount() threads. `type` names what the values are in the file when T only carries their bytes.
template <class T>
class PackedWriter {
public:
    PackedWriter(hid_t parent, const std::string& name, hid_t type = nativeType<T>());
    void append(std::span<const T> values);
    /// Writes what is left and sets the final length.
    void finish();

private:
    void flush(size_t chunks);
    Handle m_dataset;
    std::vector<T> m_pending;
    hsize_t m_written = 0;
    size_t m_batch = 1;
};

}  // namespace txfm::io::hdf5
