// SPDX-License-Identifier: GPL-3.0-or-later
// txfm-probe: reads paths of HDF5 files from standard input (a socket), each ended by a zero byte. A child goes through
// each file under limits of time and memory, so that a file on which the HDF5 library crashes or loops ends that child
// alone; "+" or "-" on the socket says whether it ended in order. Ends when the socket is closed.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <string>
#include <string_view>

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
    const auto microseconds = static_cast<suseconds_t>(limits.milliseconds % 1000 * 1000);
    const itimerval processorTime{{0, 0}, {static_cast<time_t>(limits.milliseconds / 1000), microseconds}};
    ::setitimer(ITIMER_PROF, &processorTime, nullptr);  // SIGPROF ends the process; a limit on resources counts whole seconds
    if (!kAddressSanitizer) lower(RLIMIT_AS, limits.bytes);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/// What the child does; its exit status.
int goThrough(const std::string& file) {
    limitThisProcess(file);
    try {
        // A file that cannot be opened is an orderly end: the reader meets the same and says what is wrong.
        const auto root = io::hdf5::Node::open(file);
        if (root && !io::hdf5::touchEverything(*root, io::hdf5::GlobalHeaps(file))) return static_cast<int>(ErrorCode::BadInput);
    } catch (const std::bad_alloc&) {
        return static_cast<int>(ErrorCode::OutOfMemory);
    }
    return 0;
}

/// Whether the child ended in order. When the asking process ends meanwhile, so do the child and this process.
bool passes(const std::string& file) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        ::_exit(goThrough(file));
    }
    ::close(ends[1]);  // the child writes nothing; its end closes when it ends, however that happens
    if (child > 0) {
        pollfd looks[] = {{ends[0], POLLIN, 0}, {STDIN_FILENO, 0, 0}};
        while (::poll(looks, 2, -1) < 0 && errno == EINTR) {}
        if (looks[1].revents != 0) ::_exit(0);
    }
    ::close(ends[0]);
    int status = -1;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int main() {
    // Ctrl+C reaches this process too; the one that asks decides what ends.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
    setThreadCount(1);
    (void)io::hdf5::Node::open("/dev/null");  // sets up the HDF5 library once for all children
    std::string file;
    char bytes[4096];
    for (ssize_t got; (got = ::read(STDIN_FILENO, bytes, sizeof bytes)) > 0;) {
        for (const char byte : std::string_view(bytes, static_cast<size_t>(got))) {
            if (byte != '\0') {
                file += byte;
                continue;
            }
            if (::write(STDIN_FILENO, passes(file) ? "+" : "-", 1) != 1) return 0;
            file.clear();
        }
    }
    return 0;
}
