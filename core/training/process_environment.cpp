// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/process_environment.h"

#include <cstdlib>

namespace txfm::training {
namespace {

constexpr int kDefaultPort = 29500;

using Get = std::function<const char*(const char*)>;

std::string text(const Get& get, const char* name) {
    const char* value = get(name);
    return value ? value : "";
}

Result<int> number(const Get& get, const char* name, std::optional<int> fallback = {}) {
    const std::string value = text(get, name);
    if (value.empty() && fallback) return *fallback;
    char* end = nullptr;
    const long parsed = std::strtol(value.c_str(), &end, 10);
    if (value.empty() || *end != '\0' || parsed < 0 || parsed > 10'000'000)
        return usageError(std::string("The environment variable ") + name +
                              (value.empty() ? " is missing." : " is '" + value + "', which is no number."),
                          "Start all processes with torchrun or srun.");
    return static_cast<int>(parsed);
}

/// A batch script itself also has SLURM_PROCID and SLURM_NTASKS, but is one process: the variables count inside `srun`,
/// or where somebody named the meeting point.
bool startedBySlurm(const Get& get) {
    if (text(get, "SLURM_PROCID").empty()) return false;
    return !text(get, "SLURM_STEP_ID").empty() || !text(get, "MASTER_ADDR").empty();
}

}  // namespace

std::string firstSlurmHost(const std::string& nodeList) {
    const size_t bracket = nodeList.find_first_of("[,");
    if (bracket == std::string::npos || nodeList[bracket] == ',') return nodeList.substr(0, bracket);
    const size_t end = nodeList.find_first_of("-,]", bracket + 1);
    const size_t close = nodeList.find(']', bracket);
    std::string host = nodeList.substr(0, bracket) + nodeList.substr(bracket + 1, end - bracket - 1);
    // A suffix behind the brackets belongs to every host.
    if (close != std::string::npos) host += nodeList.substr(close + 1, nodeList.find(',', close) - close - 1);
    return host;
}

Result<std::optional<ProcessPlace>> readProcessPlace(const Get& given) {
    const Get get = given ? given : Get([](const char* name) -> const char* { return std::getenv(name); });
    ProcessPlace place;
    if (!text(get, "WORLD_SIZE").empty()) {
        TXFM_TRY(place.world, number(get, "WORLD_SIZE"));
        if (place.world <= 1) return std::optional<ProcessPlace>{};
        TXFM_TRY(place.rank, number(get, "RANK"));
        TXFM_TRY(place.localRank, number(get, "LOCAL_RANK", place.rank));
        if (text(get, "MASTER_ADDR").empty())
            return usageError("The environment variable MASTER_ADDR is missing.", "Start all processes with torchrun or srun.");
        place.masterAddress = text(get, "MASTER_ADDR");
        TXFM_TRY(place.masterPort, number(get, "MASTER_PORT"));
        place.storeIsHosted = text(get, "TORCHELASTIC_USE_AGENT_STORE") == "True";
        place.runId = text(get, "TORCHELASTIC_RUN_ID") + "/" + text(get, "TORCHELASTIC_RESTART_COUNT");
    } else if (startedBySlurm(get)) {
        TXFM_TRY(place.world, number(get, text(get, "SLURM_NTASKS").empty() ? "SLURM_NPROCS" : "SLURM_NTASKS"));
        if (place.world <= 1) return std::optional<ProcessPlace>{};
        TXFM_TRY(place.rank, number(get, "SLURM_PROCID"));
        TXFM_TRY(place.localRank, number(get, "SLURM_LOCALID", 0));
        place.masterAddress = text(get, "MASTER_ADDR");
        for (const char* list : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"})
            if (place.masterAddress.empty()) place.masterAddress = firstSlurmHost(text(get, list));
        TXFM_TRY(const int job, number(get, "SLURM_JOB_ID", 0));
        TXFM_TRY(place.masterPort, number(get, "MASTER_PORT", kDefaultPort + job % 1000));
        if (place.masterAddress.empty())
            return usageError("The environment variable SLURM_JOB_NODELIST is missing.",
                              "Start the processes with srun, or set MASTER_ADDR.");
    } else {
        return std::optional<ProcessPlace>{};
    }
    if (place.rank >= place.world)
        return usageError("The process number " + std::to_string(place.rank) + " does not fit " +
                          std::to_string(place.world) + " processes.", "Check RANK and WORLD_SIZE.");
    return std::optional<ProcessPlace>{place};
}

}  // namespace txfm::training
