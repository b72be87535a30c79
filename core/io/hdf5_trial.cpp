// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/hdf5_trial.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/quoted.h"
#include "core/io/probe_process.h"

namespace txfm::io::hdf5 {
namespace fs = std::filesystem;
namespace {

/// Names one state of a file: a download that goes on makes another one.
std::string stateOf(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {};
    std::string state;
    for (const int64_t part : {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
                               static_cast<int64_t>(status.st_size), static_cast<int64_t>(status.st_mtim.tv_sec),
                               static_cast<int64_t>(status.st_mtim.tv_nsec)})
        state += std::to_string(part) + ':';
    return state;
}

/// How files fared, so that several readers and commands of one process ask only once.
class Outcomes {
public:
    static Outcomes& instance() {
        static Outcomes outcomes;
        return outcomes;
    }
    std::optional<bool> find(const std::string& state) {
        const std::lock_guard guard(m_mutex);
        const auto found = m_passed.find(state);
        return found == m_passed.end() ? std::nullopt : std::optional(found->second);
    }
    void add(const std::string& state, bool passed) {
        const std::lock_guard guard(m_mutex);
        if (!state.empty()) m_passed[state] = passed;
    }

private:
    std::mutex m_mutex;
    std::map<std::string, bool> m_passed;
};

Error notInOrder(const fs::path& file) {
    return badInput(quoted(file) + " is a damaged HDF5 file: the HDF5 library cannot go through it in order.",
                    "Download or export the file again.");
}

}  // namespace

TrialLimits trialLimits(uintmax_t fileBytes) {
    // A file of some kilobytes takes 3 ms. Texts and numbers unpack to a thousand times their bytes at most, which is what
    // the first rate leaves room for; beyond 2 s the file is large enough that tables are no longer all there is.
    constexpr uintmax_t kLeast = 300, kBytesPerMillisecond = 256, kMostForUnpacking = 1700, kBytesPerSecond = uintmax_t{4} << 20;
    constexpr uint64_t kMemory = uint64_t{2} << 30, kMemoryPerByte = 16;
    return {kLeast + std::min(kMostForUnpacking, fileBytes / kBytesPerMillisecond) + 1000 * fileBytes / kBytesPerSecond,
            kMemory + kMemoryPerByte * fileBytes};
}

Result<void> tryInChild(const fs::path& file, const CancelToken* token) {
    const std::string state = stateOf(file);
    if (const auto passed = Outcomes::instance().find(state)) return *passed ? Result<void>() : notInOrder(file);
    TXFM_TRY(const bool passed, ProbeProcess::instance().passes(file, token));
    Outcomes::instance().add(state, passed);
    return passed ? Result<void>() : notInOrder(file);
}

void rememberPassed(const fs::path& file) { Outcomes::instance().add(stateOf(file), true); }

}  // namespace txfm::io::hdf5
