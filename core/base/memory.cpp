// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/memory.h"

#include <fstream>
#include <string>

namespace txfm {

std::optional<double> availableMemory() {
    std::ifstream meminfo("/proc/meminfo");
    std::string name, rest;
    for (double kib = 0; meminfo >> name >> kib; std::getline(meminfo, rest))
        if (name == "MemAvailable:") return kib * 1024;
    return std::nullopt;
}

}  // namespace txfm
