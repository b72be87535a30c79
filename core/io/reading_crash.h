// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace txfm::io {

/// Marks that a library reads this file now, for endReadingCrashesInOrder(). Marks nest; the outermost names the file.
/// Thread: any; of several files that are read at once the first is named.
class ReadingMark {
public:
    explicit ReadingMark(const std::string& file);
    ~ReadingMark();
    ReadingMark(const ReadingMark&) = delete;
    ReadingMark& operator=(const ReadingMark&) = delete;
};

/// Marks that HDF5 writes `temporary`, which becomes `out`. The library can crash on a full disk, too: a crash meanwhile removes
/// the temporary file, and where the disk has no room it says so, with the status of work that failed. Marks do not nest.
class WritingMark {
public:
    WritingMark(const std::filesystem::path& out, const std::filesystem::path& temporary);
    ~WritingMark();
    WritingMark(const WritingMark&) = delete;
    WritingMark& operator=(const WritingMark&) = delete;
};

/// The last line behind txfm-probe: whether a damaged file makes the HDF5 library read beyond its memory can depend on
/// what lies there, so a file may pass the probe and crash the reader. After this call such a crash (SIGSEGV, SIGBUS,
/// SIGFPE) while a mark is set writes one sentence on standard error, which begins with `program`, and ends the process
/// with the status of bad input; other crashes end it as always. Call once, before reading; for programs that own
/// their process.
void endReadingCrashesInOrder(const char* program);

}  // namespace txfm::io
