// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/reading_crash.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>

#include "core/base/quoted.h"
#include "core/base/result.h"

namespace txfm::io {
namespace {

std::mutex marking;
int depth = 0;
const char* programName = "";
// Read by the signal handler, which must not allocate: complete before `length` says that it is there.
char sentence[512];
std::atomic<int> length{0};

extern "C" void onCrash(int signal) {
    const int bytes = length.load();
    if (bytes > 0) {
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, sentence, static_cast<size_t>(bytes));
        ::_exit(static_cast<int>(ErrorCode::BadInput));
    }
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

}  // namespace

ReadingMark::ReadingMark(const std::string& file) {
    const std::lock_guard guard(marking);
    if (++depth > 1) return;
    const int bytes = std::snprintf(sentence, sizeof sentence,
                                    "%s: %s is damaged: the library that reads it crashed. Download or export the file again.\n",
                                    programName, txfm::quoted(file).substr(0, 300).c_str());
    length = bytes;
}

ReadingMark::~ReadingMark() {
    const std::lock_guard guard(marking);
    if (--depth == 0) length = 0;
}

void endReadingCrashesInOrder(const char* program) {
    programName = program;
    struct sigaction action {};
    action.sa_handler = onCrash;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE}) ::sigaction(signal, &action, nullptr);
}

}  // namespace txfm::io
