// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace txfm::training {

/// This process's place in a data-parallel run.
struct ProcessPlace {
    int rank = 0, world = 1, localRank = 0;
    std::string masterAddress = "127.0.0.1";
    int masterPort = 29500;
    bool storeIsHosted = false;  ///< torchrun's agent serves the store; no process opens it
    std::string runId;           ///< keeps restarts that share a store apart
};

/// Reads torchrun's or SLURM's variables through `get` (std::getenv where it is empty). Nothing for a run of one
/// process; Usage error naming the variable that is missing or no number.
Result<std::optional<ProcessPlace>> readProcessPlace(const std::function<const char*(const char*)>& get = {});

/// First host of a SLURM node list: "gpu[03-05,9],x1" -> "gpu03".
std::string firstSlurmHost(const std::string& nodeList);

}  // namespace txfm::training
