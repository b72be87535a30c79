// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/io/reader.h"

namespace txfm::io {

/// AnnData files, current and legacy. Counts are taken from layers['counts'], raw.X or X, whichever
/// first holds whole numbers >= 0; raw brings its own gene table.
class H5adReader final : public Reader {
public:
    std::string name() const override { return "h5ad"; }
    std::vector<std::string> patterns() const override { return {"*.h5ad"}; }
    int probe(const std::filesystem::path& path, const std::string& head) const override;
    bool leavesInFile() const override { return true; }
    Result<FileInfo> info(const std::filesystem::path& path, const ReadOptions& options) const override;
    Result<Dataset> open(const std::filesystem::path& path, const ReadOptions& options, Progress& progress) const override;
};

}  // namespace txfm::io
