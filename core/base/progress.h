// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace txfm {

/// A flag that a user interface or signal handler sets and that long work polls. Thread-safe,
/// copies share the flag; setting it is async-signal-safe.
class CancelToken {
public:
    CancelToken() : m_flag(std::make_shared<std::atomic<bool>>(false)) {}
    void cancel() { m_flag->store(true, std::memory_order_relaxed); }
    bool cancelled() const { return m_flag->load(std::memory_order_relaxed); }

private:
    std::shared_ptr<std::atomic<bool>> m_flag;
};

/// State of a stage. `total` 0 = unknown. `rate` in units per second, `etaSeconds` < 0 = unknown.
struct ProgressUpdate {
    std::string stage;
    double done = 0;
    double total = 0;
    std::string unit;
    double rate = 0;
    double etaSeconds = -1;
};

enum class MessageLevel { Info, Warning };

/// One optimizer step (interface contract §3). NaN = not measured, printed as null.
struct StepUpdate {
    int64_t step = 0;
    double epoch = 0;
    double loss = 0;
    double valLoss = 0;
    double learningRate = 0;
    double gradNorm = 0;
    double samplesPerSecond = 0;
    double memoryMb = 0;
};

/// Where long work reports to, and where it learns that it should stop. The base class is silent
/// and never cancelled unless its token is; front ends override the sinks.
/// Thread: the sinks may be called from any one thread at a time.
class Progress {
public:
    Progress() = default;
    explicit Progress(CancelToken token) : m_token(std::move(token)) {}
    virtual ~Progress() = default;

    virtual void progress(const ProgressUpdate&) {}
    virtual void step(const StepUpdate&) {}
    virtual void message(MessageLevel, const std::string&) {}
    /// Any further event of the contract, e.g. {"type":"probe",...}.
    virtual void event(const nlohmann::json&) {}

    bool cancelled() const { return m_token.cancelled(); }
    const CancelToken& token() const { return m_token; }

private:
    CancelToken m_token;
};

/// Measures rate and time left of one stage and forwards at most ten updates a second. `start` = what an
/// earlier run had finished already: it counts as done but not into the rate.
class StageProgress {
public:
    StageProgress(Progress& sink, std::string stage, double total, std::string unit, double start = 0);
    /// Reports the final state; never throws.
    ~StageProgress();
    void advance(double amount) { set(m_done + amount); }
    void set(double done);
    bool cancelled() const { return m_sink.cancelled(); }
    double seconds() const;

private:
    void emitUpdate();
    Progress& m_sink;
    ProgressUpdate m_update;
    double m_done = 0;
    double m_doneBefore = 0;
    double m_startTime = 0;
    double m_lastEmit = 0;
};

}  // namespace txfm
