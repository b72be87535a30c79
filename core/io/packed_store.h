// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/base/uninitialised.h"
#include "core/data/dataset.h"

namespace txfm::io {

/// Counts in a file of about 3 bytes per non-zero, for files larger than memory and for training batches:
/// any row can be read at once, by any thread. The file is a cache: it belongs to one state of its source
/// and is made again when that changed.
///
/// Layout (little-endian): a header of 4 KiB; the rows (packed_rows.h); per row its offset (u64, one more
/// than rows) and its number of non-zeros (u32). The two tables are held in memory.
class PackedStore final : public CountSource {
public:
    /// BadInput when the file is missing, damaged, or belongs to another state of the source.
    /// While it is open, other processes do not remove it to make room.
    static Result<std::shared_ptr<const PackedStore>> open(const std::filesystem::path& file, const std::string& identity);
    /// What the store in that file belongs to; "" when it is no store.
    static std::string identityOf(const std::filesystem::path& file);
    ~PackedStore() override;

    int64_t cells() const override { return m_cells; }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override { return m_nonZeros; }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override;
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override;
    bool concurrentReads() const override { return true; }

private:
    PackedStore() = default;
    Result<CsrMatrix> decode(int64_t count, const std::vector<int64_t>* rows, int64_t first) const;

    bool fetch(uint64_t from, uint64_t to, std::vector<uint8_t>& bytes) const;

    std::filesystem::path m_file;
    int m_descriptor = -1;
    uint64_t m_rowsEnd = 0;
    int64_t m_cells = 0, m_genes = 0, m_nonZeros = 0;
    LargeVector<uint64_t> m_offsets;
    LargeVector<uint32_t> m_lengths;
    bool m_wide = false;
};

/// Writes a store atomically in row blocks. Failed when the disk is full
/// (checked in advance where the number of non-zeros is known), Cancelled.
Result<void> writePackedStore(const std::filesystem::path& file, const CountSource& counts, const std::string& identity,
                              Progress& progress);

/// What a store belongs to: the source's absolute path, size and time of change, and which matrix of it.
Result<std::string> packedIdentity(const std::filesystem::path& source, const std::string& countsIn);
/// The same for a data set that is read from several files: a change of any makes another identity.
Result<std::string> packedIdentity(const std::filesystem::path& source, const std::string& countsIn,
                                   const std::vector<std::filesystem::path>& files);
/// Where the store of a source lies, in the cache folder.
std::filesystem::path packedStorePath(const std::filesystem::path& source, const std::string& countsIn);

/// The store of a source: opened when it is there and current, made from `counts` otherwise.
Result<std::shared_ptr<const CountSource>> openOrMakePackedStore(const std::filesystem::path& source, const std::string& countsIn,
                                                                 const CountSource& counts, Progress& progress);

/// The store in `file`, made anew. Copies that were not opened for longest are removed where their folder would exceed its
/// limit (packed_cache.h), with a message.
Result<std::shared_ptr<const CountSource>> makePackedStore(const std::filesystem::path& file, const std::string& identity,
                                                           const CountSource& counts, Progress& progress);

}  // namespace txfm::io
