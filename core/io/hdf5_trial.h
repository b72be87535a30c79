// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

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

/// What the child does: opens every object of the file, reads attributes, texts and records, and looks up
/// every chunk. What is wrong in an orderly way is left to the readers, so nothing is returned.
void touchEverything(const Node& root);

/// False when an object of a global heap (texts of variable length) reaches beyond its heap: HDF5 1.10 copies such an object
/// without looking, and whether that ends in a crash depends on what lies behind. Files above 64 MiB are not looked through.
bool globalHeapsFit(const std::filesystem::path& file);

/// Limits of the child for a file of that size: milliseconds of processor time and bytes of address space,
/// generous enough for any sound file.
struct TrialLimits {
    uint64_t milliseconds = 0;
    uint64_t bytes = 0;
};
TrialLimits trialLimits(uintmax_t fileBytes);

}  // namespace txfm::io::hdf5
