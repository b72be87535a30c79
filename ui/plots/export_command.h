// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

namespace txfm::ui {

/// `txfm-studio --export-figure IN [--basis X_txfm_umap] [--color COLUMN-OR-GENE] --out BASE [--dpi N]`:
/// writes BASE.svg and BASE.png without a window or display. Exit status as of the `txfm` program;
/// nullopt when the arguments ask for something else. Call first in main().
std::optional<int> runExportCommand(int argc, char** argv);

}  // namespace txfm::ui
