// SPDX-License-Identifier: GPL-3.0-or-later
// txfm-probe FILE: goes through an HDF5 file under limits of time and memory and ends with status 0. A file on
// which the HDF5 library crashes or loops ends this process instead of the one that asked.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <new>

#include "core/base/parallel.h"
#include "core/io/hdf5_trial.h"

using namespace txfm;

namespace {

/// The sanitizer's shadow memory is terabytes of address space. gcc and clang say in different ways that it is on.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
constexpr bool kAddressSanitizer = false;
#endif

void lower(int resource, rlim_t wanted) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max = std::min(wanted, limit.rlim_max);
    ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

void limitThisProcess(const std::filesystem::path& file) {
    std::error_code ec;
    const uintmax_t size = std::filesystem::file_size(file, ec);
    const io::hdf5::TrialLimits limits = io::hdf5::trialLimits(ec ? 0 : size);
    lower(RLIMIT_CORE, 0);
    lower(RLIMIT_CPU, limits.seconds);
    if (!kAddressSanitizer) lower(RLIMIT_AS, limits.bytes);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return static_cast<int>(ErrorCode::Usage);
    limitThisProcess(argv[1]);
    setThreadCount(1);
    try {
        // A file that cannot be opened is an orderly end: the reader meets the same and says what is wrong.
        if (const auto root = io::hdf5::Node::open(argv[1])) io::hdf5::touchEverything(*root);
    } catch (const std::bad_alloc&) {
        return static_cast<int>(ErrorCode::OutOfMemory);
    }
    return 0;
}
