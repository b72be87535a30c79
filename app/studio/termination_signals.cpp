// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/termination_signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include <QSocketNotifier>

namespace txfm::studio {
namespace {

constexpr std::array kSignals{SIGTERM, SIGINT, SIGHUP};
/// Ends of a pipe: a signal handler may do little more than write().
std::array<int, 2> pipeEnds{-1, -1};

extern "C" void onTermination(int) {
    const char byte = 1;
    [[maybe_unused]] const ssize_t written = ::write(pipeEnds[1], &byte, 1);
}

}  // namespace

TerminationSignals::TerminationSignals(QObject* parent) : QObject(parent) {
    if (::pipe2(pipeEnds.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;
    m_notifier = new QSocketNotifier(pipeEnds[0], QSocketNotifier::Read, this);
    connect(m_notifier, &QSocketNotifier::activated, this, &TerminationSignals::received);
    struct sigaction action {};
    action.sa_handler = onTermination;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

TerminationSignals::~TerminationSignals() {
    for (const int signal : kSignals) ::signal(signal, SIG_DFL);
    delete m_notifier;
    for (int& end : pipeEnds) {
        if (end >= 0) ::close(end);
        end = -1;
    }
}

}  // namespace txfm::studio
