// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "core/base/readable.h"

namespace txfm {

std::optional<double> availableMemory() {
    std::ifstream meminfo("/proc/meminfo");
    std::string name, rest;
    for (double kib = 0; meminfo >> name >> kib; std::getline(meminfo, rest))
        if (name == "MemAvailable:") return kib * 1024;
    return std::nullopt;
}

Result<void> requireMemory(double bytes, const std::string& what, const std::string& hint) {
    const auto available = availableMemory();
    if (!available || bytes <= *available) return {};
    return Error{ErrorCode::OutOfMemory,
                 what + " needs about " + readableBytes(bytes) + " of memory, and " + readableBytes(*available) + " are free.", hint};
}

double residentMb() {
    std::ifstream file("/proc/self/statm");
    double pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
}

double peakResidentMb() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace txfm
