// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"

namespace txfm::io {

/// Choices of the user that a reader honours.
struct ReadOptions {
    std::string countsIn;          ///< "" = find it; else "X", "raw.X", "layers/<name>"
    std::string genome;            ///< for files with several genomes; "" = the only or the human one
    bool allowNormalised = false;  ///< accept values that are not counts (with a warning in provenance.notes)
    bool keepInMemory = true;      ///< false: row blocks are read from the file on demand where the format allows
    bool countsLater = false;      ///< with keepInMemory = false: the counts may never be read, spend no time on them
    bool readArrays = true;        ///< false: obsm and varm of an .h5ad stay in the file
    std::shared_ptr<const CountSource> packed;  ///< the counts, known already; a reader that leavesInFile() takes these
};

/// What headers alone tell (fast, no matrix values read beyond a sample).
struct FileInfo {
    std::string format;
    int64_t cells = 0;
    int64_t genes = 0;
    int64_t nonZeros = -1;  ///< -1 = unknown
    std::string countsIn;
    ValueKind valueKind = ValueKind::Unknown;
    std::vector<std::string> obsColumns, varColumns, obsmKeys, layerKeys;
    /// Matrices that may be chosen as ReadOptions::countsIn, each with what its values look like; empty for
    /// formats with one matrix.
    std::vector<std::pair<std::string, std::string>> matrices;
    std::vector<std::string> notes;
};

/// A file format. Readers are stateless; a plugin registers one or several.
class Reader {
public:
    virtual ~Reader() = default;
    /// Short name, e.g. "h5ad", "10x h5", "10x folder".
    virtual std::string name() const = 0;
    /// Glob patterns for file dialogs, e.g. {"*.h5ad"}.
    virtual std::vector<std::string> patterns() const = 0;
    /// How sure the reader is, from content: 0 = not mine … 100 = certainly mine. Never throws;
    /// `head` holds the first bytes (up to 64 KiB, decompressed when the file is gzip; empty for folders).
    virtual int probe(const std::filesystem::path& path, const std::string& head) const = 0;
    /// True when open() honours keepInMemory = false, so that files larger than memory can be packed.
    virtual bool leavesInFile() const { return false; }
    /// All files that open() reads: when one changes, copies of the data set are out of date. Usually the file itself or
    /// what lies in the folder.
    virtual std::vector<std::filesystem::path> sources(const std::filesystem::path& path) const;
    virtual Result<FileInfo> info(const std::filesystem::path& path, const ReadOptions& options) const = 0;
    /// Errors: BadInput naming the file. Cancelled when progress says so.
    virtual Result<Dataset> open(const std::filesystem::path& path, const ReadOptions& options,
                                 Progress& progress) const = 0;
};

/// Entry point of a reader plugin (a shared library in the plugin folder):
///   extern "C" void txfmRegisterReaders(txfm::io::ReaderRegistry& registry);
class ReaderRegistry {
public:
    /// The process-wide registry; plugins are loaded on first use.
    static ReaderRegistry& instance();
    void add(std::unique_ptr<Reader> reader);
    const std::vector<std::unique_ptr<Reader>>& readers() const { return m_readers; }
    /// The reader whose probe is surest; BadInput naming the file and what it looks like otherwise
    /// (missing file, HTML page, Git LFS pointer, unknown content …). HDF5 files are first tried in a child
    /// process (hdf5::tryInChild), because the library can crash on damaged ones; `token` cancels that.
    Result<const Reader*> find(const std::filesystem::path& path, const CancelToken* token = nullptr) const;
    /// Loads every reader_*.so of a folder; one that cannot be used is skipped with a warning.
    void loadPlugins(const std::filesystem::path& folder);
    /// Warnings since the last call, one sentence each.
    std::vector<std::string> takeWarnings() { return std::exchange(m_warnings, {}); }

private:
    std::vector<std::unique_ptr<Reader>> m_readers;
    std::vector<std::string> m_warnings;
};

/// Convenience: find + info.
Result<FileInfo> inspect(const std::filesystem::path& path, const ReadOptions& options = {});
/// Counts that would take more than memoryForCounts() come from a packed copy in the cache folder, made the first time
/// (with progress and a message that says how much disk it takes) and opened at once when it is there and current.
/// With keepInMemory = false nothing is packed, but a current copy is used.
Result<Dataset> openDataset(const std::filesystem::path& path, const ReadOptions& options, Progress& progress);

/// Bytes that the counts of a data set may take: a third of the memory that is free, 1.5 GiB at most.
/// TXFM_MEMORY_FOR_COUNTS names another size in MiB.
int64_t memoryForCounts();

/// Looks at values and says what they are (counts, log1p of normalised, scaled …). Whole numbers
/// >= 0 are counts whatever their storage type; NaN and infinities are reported as Unknown.
ValueKind classifyValues(std::span<const float> values);

}  // namespace txfm::io
