// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/io/hdf5_writing.h"

/// Elements in the encodings that anndata 0.8 and later read. Functions throw hdf5::WriteFailure.
namespace txfm::io::anndata {

void writeEncoding(hid_t object, const std::string& type, const std::string& version);
/// Opens a member that is a mapping (obsm, uns …), creating it with its encoding when absent.
hdf5::Handle openMapping(hid_t parent, const std::string& name);

void writeTable(hid_t parent, const std::string& name, const Table& table);
/// One column into a data frame group; replaces a column of that name. `legacy` writes categorical
/// columns as frames of encoding version 0.1.0 hold them.
void writeColumn(hid_t frame, const Column& column, bool legacy = false);
void writeDense(hid_t parent, const std::string& name, const DenseMatrix& matrix);
void writeSparse(hid_t parent, const std::string& name, const CsrMatrix& matrix);
/// Counts in row blocks, so that they need not fit in memory. Errors come from reading or cancelling.
Result<void> writeCounts(hid_t parent, const std::string& name, const CountSource& counts, Progress& progress);
/// A JSON value as an element of uns; objects are merged into existing ones key by key.
void writeJson(hid_t parent, const std::string& name, const nlohmann::json& value);

}  // namespace txfm::io::anndata
