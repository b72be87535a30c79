// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/io/hdf5_node.h"

namespace txfm::io::hdf5 {

/// The HDF5 library crashes, loops or asks for any amount of memory on some damaged files. This lets a child
/// process (the program txfm-probe, under limits of time and memory) go through the file first and returns
/// BadInput naming the file when that ends in any way but in order. Outcomes are remembered by size and
/// time of change. Cost on a good file: one pass over tables, attributes and chunk indexes (the values of
/// large matrices are not read), and for the first file of a process the start of a small program.
/// Cancelled when `token` says so; Failed when the program cannot be started. Thread: any.
Result<void> tryInChild(const std::filesystem::path& file, const CancelToken* token = nullptr);

/// Spares a file the trial that was opened as it is now by an earlier process, from beginning to end.
void rememberPassed(const std::filesystem::path& file);

/// The global heaps of a file (texts of variable length). HDF5 1.10 copies an object from there without looking whether it
/// reaches beyond its heap or is in it at all; whether that ends in a crash depends on what lies behind.
class GlobalHeaps {
public:
    /// Nothing is known, and all is well, in files above 64 MiB and in those with addresses or lengths of other sizes.
    explicit GlobalHeaps(const std::filesystem::path& file);
    /// Whether each object lies inside its heap.
    bool objectsFit() const;
    /// Whether the heap objects exist that `count` texts refer to; `place` = where in the file the references are.
    bool haveTexts(uint64_t place, uint64_t count) const;

private:
    std::string m_bytes;  ///< the whole file
};

/// What the child does: opens every object of the file, reads attributes, texts and records, and looks up every chunk. False
/// when it found what the library does not look for; what is wrong in an orderly way is left to the readers.
bool touchEverything(const Node& root, const GlobalHeaps& heaps);

/// Limits of the child for a file of that size: milliseconds of processor time and bytes of address space,
/// generous enough for any sound file.
struct TrialLimits {
    uint64_t milliseconds = 0;
    uint64_t bytes = 0;
};
TrialLimits trialLimits(uintmax_t fileBytes);

}  // namespace txfm::io::hdf5
