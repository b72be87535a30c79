// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/reading_crash.h"

#include <signal.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <climits>
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
char writingSentence[512], writtenFile[PATH_MAX], writtenFolder[PATH_MAX];
std::atomic<int> writingLength{0};
constexpr uint64_t kNoRoom = uint64_t{1} << 20;

bool diskIsFull() {
    struct statvfs disk {};
    return ::statvfs(writtenFolder, &disk) == 0 && uint64_t{disk.f_bavail} * disk.f_frsize < kNoRoom;
}

extern "C" void onCrash(int signal) {
    if (const int bytes = writingLength.load(); bytes > 0) {
        const bool full = diskIsFull();
        ::unlink(writtenFile);
        if (full) {
            [[maybe_unused]] const auto written = ::write(STDERR_FILENO, writingSentence, static_cast<size_t>(bytes));
            ::_exit(static_cast<int>(ErrorCode::Failed));
        }
    }
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

WritingMark::WritingMark(const std::filesystem::path& out, const std::filesystem::path& temporary) {
    const std::lock_guard guard(marking);
    const std::string folder = temporary.has_parent_path() ? temporary.parent_path().string() : ".";
    if (temporary.string().size() >= PATH_MAX || folder.size() >= PATH_MAX) return;
    std::snprintf(writtenFile, sizeof writtenFile, "%s", temporary.c_str());
    std::snprintf(writtenFolder, sizeof writtenFolder, "%s", folder.c_str());
    writingLength = std::snprintf(writingSentence, sizeof writingSentence, "%s: Cannot write %s: the disk is full. Make room and start again.\n",
                                  programName, txfm::quoted(out).substr(0, 400).c_str());
}

WritingMark::~WritingMark() { writingLength = 0; }

void endReadingCrashesInOrder(const char* program) {
    programName = program;
    struct sigaction action {};
    action.sa_handler = onCrash;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE}) ::sigaction(signal, &action, nullptr);
}

}  // namespace txfm::io
