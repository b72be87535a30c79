// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace txfm {
namespace {
std::atomic<int> g_threads{0};
}

void setThreadCount(int threads) { g_threads = std::max(0, threads); }

int threadCount() {
    if (const int set = g_threads; set > 0) return set;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
    return std::max(1u, std::thread::hardware_concurrency());
}

void parallelFor(size_t n, size_t grain, const std::function<void(size_t, size_t)>& body) {
    if (n == 0) return;
    grain = std::max<size_t>(grain, 1);
    const size_t workers = std::min<size_t>(threadCount(), (n + grain - 1) / grain);
    if (workers <= 1) return body(0, n);
    // Small pieces handed out on demand: rows of very different length stay balanced.
    const size_t piece = std::max(grain, n / (workers * 8));
    std::atomic<size_t> next{0};
    const auto work = [&] {
        for (size_t begin; (begin = next.fetch_add(piece)) < n;) body(begin, std::min(n, begin + piece));
    };
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < workers; ++i) threads.emplace_back(work);
    work();
}

}  // namespace txfm
