// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <mutex>
#include <string>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::io {

/// The program txfm-probe, kept running beside this process: it is asked for one file after another and lets a child of
/// its own, which dies with it, go through each. Starting it costs more than most files do. It ends when this process does.
/// Thread: any; one file at a time.
class ProbeProcess {
public:
    static ProbeProcess& instance();
    ~ProbeProcess() { end(); }
    ProbeProcess(const ProbeProcess&) = delete;
    ProbeProcess& operator=(const ProbeProcess&) = delete;

    /// Whether the child ended in order. Cancelled within 0.1 s; Failed when the program does not start or is ended by others.
    Result<bool> passes(const std::filesystem::path& file, const CancelToken* token);

private:
    ProbeProcess() = default;
    Result<void> start(const std::filesystem::path& file);
    bool send(const std::string& request) const;
    void end();

    std::timed_mutex m_mutex;
    int m_socket = -1;
    pid_t m_process = -1;
};

}  // namespace txfm::io
