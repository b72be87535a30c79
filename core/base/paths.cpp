// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/paths.h"

#include <cstdlib>
#include <system_error>

namespace txfm {
namespace fs = std::filesystem;
namespace {

/// Name of the bundled model that is used by default; this is the one place that says so.
constexpr const char* kDefaultModel = "txfm-mini";

fs::path fromEnvironment(const char* name) {
    const char* value = std::getenv(name);
    return value && *value ? fs::path(value) : fs::path();
}

fs::path userFolder(const char* variable, const char* belowHome) {
    if (fs::path base = fromEnvironment(variable); !base.empty()) return base / "txfm";
    if (fs::path home = fromEnvironment("HOME"); !home.empty()) return home / belowHome / "txfm";
    return fs::temp_directory_path() / "txfm";
}

}  // namespace

fs::path installationPrefix() {
    std::error_code ec;
    const fs::path executable = fs::read_symlink("/proc/self/exe", ec);
    return executable.parent_path().parent_path();
}

fs::path resourceFolder() {
    if (fs::path set = fromEnvironment("TXFM_RESOURCES"); !set.empty()) return set;
    return installationPrefix() / TXFM_DATADIR / "txfm";
}

fs::path pluginFolder() {
    if (fs::path set = fromEnvironment("TXFM_PLUGINS"); !set.empty()) return set;
    return installationPrefix() / TXFM_PLUGIN_SUBDIR;
}

fs::path cacheFolder() { return userFolder("XDG_CACHE_HOME", ".cache"); }
fs::path stateFolder() { return userFolder("XDG_STATE_HOME", ".local/state"); }
fs::path defaultModelFolder() { return resourceFolder() / "models" / kDefaultModel; }

}  // namespace txfm
