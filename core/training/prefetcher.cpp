// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/prefetcher.h"

namespace txfm::training {

Prefetcher::Prefetcher(BatchMaker& maker, int64_t first, int64_t microSamples, size_t depth)
    : m_maker(maker), m_nextStep(first), m_microSamples(microSamples), m_depth(depth), m_thread([this] { work(); }) {}

Prefetcher::~Prefetcher() {
    {
        std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

StepBatch Prefetcher::next() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return !m_ready.empty() || m_failure; });
    if (m_ready.empty()) std::rethrow_exception(m_failure);
    StepBatch batch = std::move(m_ready.front());
    m_ready.pop_front();
    m_changed.notify_all();
    return batch;
}

void Prefetcher::work() {
    for (;;) {
        int64_t step = 0;
        {
            std::unique_lock lock(m_mutex);
            m_changed.wait(lock, [this] { return m_stop || m_ready.size() < m_depth; });
            if (m_stop) return;
            step = m_nextStep++;
        }
        try {
            StepBatch batch = m_maker.step(step, m_microSamples);
            std::lock_guard lock(m_mutex);
            m_ready.push_back(std::move(batch));
        } catch (...) {
            std::lock_guard lock(m_mutex);
            m_failure = std::current_exception();
            m_changed.notify_all();
            return;
        }
        m_changed.notify_all();
    }
}

}  // namespace txfm::training
