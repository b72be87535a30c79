// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

namespace txfm {

/// Folder of the running executable's installation prefix (the parent of bin/).
std::filesystem::path installationPrefix();
/// share/txfm of the installation: bundled models, gene tables, demo data. TXFM_RESOURCES overrides.
std::filesystem::path resourceFolder();
/// Folder with reader and CUDA plugins. TXFM_PLUGINS overrides.
std::filesystem::path pluginFolder();
/// Per-user cache (XDG_CACHE_HOME/txfm), created on first use by whoever writes there.
std::filesystem::path cacheFolder();
/// Per-user state such as jobs and sessions (XDG_STATE_HOME/txfm).
std::filesystem::path stateFolder();
/// The model that is used when none is named.
std::filesystem::path defaultModelFolder();

}  // namespace txfm
