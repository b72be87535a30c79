// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/kept_slots.h"

namespace txfm::io {

/// A dense slot that need not fit in memory: its rows are asked for block by block while the file is written.
struct DenseRows {
    int64_t rows = 0, cols = 0;
    std::function<Result<DenseMatrix>(int64_t begin, int64_t end)> read;
};

/// Results to store in an .h5ad (interface contract §2). Everything is optional.
struct H5adAdditions {
    std::vector<Column> obs;                     ///< added or replaced columns
    std::vector<Column> var;
    std::map<std::string, DenseMatrix> obsm;     ///< [cells × n]
    std::map<std::string, DenseRows> obsmRows;   ///< the same, streamed
    std::map<std::string, DenseMatrix> varm;     ///< [genes × n]
    std::map<std::string, std::shared_ptr<const CsrMatrix>> obsp;  ///< [cells × cells]
    nlohmann::json uns = nlohmann::json::object();  ///< nested objects, strings, numbers, flat arrays; merged key by key
};

/// Writes a whole data set as h5ad that anndata >= 0.8 reads, counts as CSR with gzip level 1 and
/// chunks of about 1 MiB; streamed in row blocks. Atomic. Errors: Failed (not writable, disk full), Cancelled.
Result<void> writeH5ad(const std::filesystem::path& out, const Dataset& dataset, const H5adAdditions& additions,
                       Progress& progress);

/// Writes `dataset`, the kept part of the .h5ad it was opened from, as a new file that keeps every other slot of that file
/// (obs, var, layers, obsm, obsp, varm, varp, uns, raw) in the types it was stored with, cut to that part. Like writeH5ad
/// for other formats. Returns what could not be kept, one sentence each. Atomic.
Result<std::vector<std::string>> rewriteH5ad(const std::filesystem::path& out, const Dataset& dataset, const anndata::KeptPart& part,
                                             const H5adAdditions& additions, Progress& progress);

/// Copies `in` (an .h5ad) to `out` and adds results; every untouched slot stays bit by bit.
/// `in` may equal `out` only for files the program itself wrote. Atomic.
Result<void> addToH5ad(const std::filesystem::path& in, const std::filesystem::path& out,
                       const H5adAdditions& additions, Progress& progress);

/// Saves results beside their data: addToH5ad when the source is an .h5ad, else writeH5ad.
Result<void> saveResults(const std::filesystem::path& out, const Dataset& dataset, const H5adAdditions& additions,
                         Progress& progress);

/// A dense obsm/varm slot or a CSR obsp slot of an .h5ad; BadInput naming file and key.
bool hasObsm(const std::filesystem::path& file, const std::string& key);
Result<DenseMatrix> readObsm(const std::filesystem::path& file, const std::string& key);
Result<std::optional<CsrMatrix>> readObsp(const std::filesystem::path& file, const std::string& key);
/// Adds the arrays of obsm and varm that opening left in an .h5ad because of their size (ReadOptions::keepInMemory off);
/// nothing for data sets of other formats.
Result<void> readLargeArrays(Dataset& dataset);
/// uns[key] as JSON, null when absent.
Result<nlohmann::json> readUns(const std::filesystem::path& file, const std::string& key);

}  // namespace txfm::io
