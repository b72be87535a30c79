// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace txfm::training {

/// Files of a run inside its model directory; they never make the directory look like a model.
std::filesystem::path workFolder(const std::filesystem::path& out);
std::filesystem::path lastCheckpoint(const std::filesystem::path& out);
std::filesystem::path bestCheckpoint(const std::filesystem::path& out);

/// State of the run kept in `out`, null when there is none: run.json as the workflow stored it, with
/// "started" (there is something to continue), "diverged" and, where it ended, "finished" (steps, epochs, minutes,
/// result, state).
Result<nlohmann::json> storedRun(const std::filesystem::path& out);

}  // namespace txfm::training
