// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/hdf5_trial.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/paths.h"
#include "core/base/quoted.h"

namespace txfm::io::hdf5 {
namespace fs = std::filesystem;
namespace {

constexpr int kMillisecondsBetweenLooks = 100;

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

struct Descriptor {
    int fd = -1;
    ~Descriptor() { close(); }
    void close() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
};

/// Starts the program with its output on `output`; 0 or the number of the error.
int startProgram(const fs::path& program, const fs::path& file, int output, pid_t& child) {
    posix_spawn_file_actions_t actions;
    if (const int error = posix_spawn_file_actions_init(&actions)) return error;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string name = program.string(), argument = file.string();
    char* const arguments[] = {name.data(), argument.data(), nullptr};
    const int error = posix_spawn(&child, name.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

}  // namespace

TrialLimits trialLimits(uintmax_t fileBytes) {
    constexpr unsigned kSeconds = 2;  // a small file takes some hundredths of a second
    constexpr uintmax_t kBytesPerSecond = uintmax_t{4} << 20;
    constexpr uint64_t kMemory = uint64_t{2} << 30, kMemoryPerByte = 16;
    return {static_cast<unsigned>(kSeconds + fileBytes / kBytesPerSecond), kMemory + kMemoryPerByte * fileBytes};
}

Result<void> tryInChild(const fs::path& file, const CancelToken* token) {
    const std::string state = stateOf(file);
    if (const auto passed = Outcomes::instance().find(state)) return *passed ? Result<void>() : notInOrder(file);
    const fs::path program = installationPrefix() / TXFM_LIBDIR / "txfm" / "txfm-probe";
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return failed("Cannot check " + quoted(file) + ": " + std::strerror(errno) + ".", "Close other programs.");
    Descriptor reading{ends[0]}, writing{ends[1]};
    pid_t child = -1;
    if (const int error = startProgram(program, file, writing.fd, child))
        return failed("Cannot check " + quoted(file) + ", as " + quoted(program) + " does not start: " + std::strerror(error) + ".",
                      "Install the program again.");
    writing.close();
    // The child writes nothing; its end of the pipe closes when it ends, however that happens.
    bool cancelled = false;
    pollfd end{reading.fd, POLLIN, 0};
    while (::poll(&end, 1, kMillisecondsBetweenLooks) <= 0) {
        if (!token || !token->cancelled()) continue;
        cancelled = true;
        ::kill(child, SIGKILL);
        break;
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (cancelled) return cancelledError();
    const bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    Outcomes::instance().add(state, passed);
    return passed ? Result<void>() : notInOrder(file);
}

}  // namespace txfm::io::hdf5
