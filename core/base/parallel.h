// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <functional>

namespace txfm {

/// Threads that `--threads N` allows (0 = all that the machine grants this process).
void setThreadCount(int threads);
int threadCount();

/// Calls body(begin, end) on disjoint ranges that cover [0, n), on up to threadCount() threads.
/// Ranges are at least `grain` long. body must not throw; results must not depend on the split.
void parallelFor(size_t n, size_t grain, const std::function<void(size_t begin, size_t end)>& body);

}  // namespace txfm
