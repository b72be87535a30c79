// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/data/dataset.h"
#include "plugins/readers/bundle/archive.h"

namespace txfm::readers {

/// Bytes of all files below a folder.
int64_t sizeBelow(const std::filesystem::path& folder);

/// Keeps the folder for as long as the counts are read from it; it goes at once where they are in memory.
void hold(Dataset& dataset, TemporaryFolder folder);

}  // namespace txfm::readers
