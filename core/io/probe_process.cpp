// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/probe_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/paths.h"
#include "core/base/quoted.h"

namespace txfm::io {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{100};

/// Starts the program with `socket` as its standard input; 0 or the number of the error.
int startProgram(const fs::path& program, int socket, pid_t& process) {
    posix_spawn_file_actions_t actions;
    if (const int error = posix_spawn_file_actions_init(&actions)) return error;
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string name = program.string();
    char* const arguments[] = {name.data(), nullptr};
    const int error = posix_spawn(&process, name.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

}  // namespace

ProbeProcess& ProbeProcess::instance() {
    static ProbeProcess process;
    return process;
}

Result<void> ProbeProcess::start(const fs::path& file) {
    if (m_process > 0) return {};
    const fs::path program = installationPrefix() / TXFM_LIBDIR / "txfm" / "txfm-probe";
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return failed("Cannot check " + quoted(file) + ": " + std::strerror(errno) + ".", "Close other programs.");
    const int error = startProgram(program, ends[1], m_process);
    ::close(ends[1]);
    m_socket = ends[0];
    if (error == 0) return {};
    m_process = -1;
    end();
    return failed("Cannot check " + quoted(file) + ", as " + quoted(program) + " does not start: " + std::strerror(error) + ".",
                  "Install the program again.");
}

bool ProbeProcess::send(const std::string& request) const {
    for (size_t sent = 0; sent < request.size();) {
        const ssize_t now = ::send(m_socket, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return false;
        sent += static_cast<size_t>(now);
    }
    return true;
}

void ProbeProcess::end() {
    if (m_socket >= 0) ::close(std::exchange(m_socket, -1));
    if (m_process < 0) return;
    ::kill(m_process, SIGKILL);
    while (::waitpid(m_process, nullptr, 0) < 0 && errno == EINTR) {}
    m_process = -1;
}

Result<bool> ProbeProcess::passes(const fs::path& file, const CancelToken* token) {
    const auto cancelled = [&] { return token && token->cancelled(); };
    std::unique_lock guard(m_mutex, std::defer_lock);
    while (!guard.try_lock_for(kBetweenLooks))
        if (cancelled()) return cancelledError();
    const std::string request = fs::absolute(file).string() + '\0';
    for (int attempt = 0; attempt < 2; ++attempt) {  // it may have been ended by somebody since the last file
        TXFM_CHECK(start(file));
        char answer = 0;
        if (send(request)) {
            pollfd answered{m_socket, POLLIN, 0};
            while (::poll(&answered, 1, static_cast<int>(kBetweenLooks.count())) <= 0) {
                if (!cancelled()) continue;
                end();
                return cancelledError();
            }
            if (::recv(m_socket, &answer, 1, 0) == 1) return answer == '+';
        }
        end();
    }
    return failed("The check of " + quoted(file) + " was ended from outside.", "Open the file again.");
}

}  // namespace txfm::io
