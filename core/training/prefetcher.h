// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "core/training/batch_maker.h"

namespace txfm::training {

/// Makes the next steps' batches on a thread of its own while the current one computes.
class Prefetcher {
public:
    static constexpr size_t kDepth = 2;
    /// Steps [first, …), at most `depth` ready at a time.
    Prefetcher(BatchMaker& maker, int64_t first, int64_t microSamples, size_t depth = kDepth);
    ~Prefetcher();
    /// The next step; rethrows what its assembly threw (std::bad_alloc).
    StepBatch next();

private:
    void work();
    BatchMaker& m_maker;
    int64_t m_nextStep;
    int64_t m_microSamples;
    size_t m_depth;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<StepBatch> m_ready;
    std::exception_ptr m_failure;
    bool m_stop = false;
    std::thread m_thread;
};

}  // namespace txfm::training
