// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/training_log.h"

#include <cmath>
#include <cstring>
#include <sstream>

#include "core/base/atomic_file.h"

namespace txfm::training {

Result<TrainingLog> TrainingLog::open(const std::filesystem::path& path, int64_t lastStep) {
    std::string kept;
    if (std::filesystem::exists(path)) {
        TXFM_TRY(const std::string text, readWholeFile(path, size_t{8} << 30));
        std::istringstream lines(text);
        std::string line;
        while (std::getline(lines, line)) {
            const auto entry = nlohmann::json::parse(line, nullptr, false);
            // A line cut by a kill does not parse; its step comes again.
            if (entry.is_object() && entry.value("step", int64_t{0}) <= lastStep) kept += line + "\n";
        }
    }
    TXFM_CHECK(writeFileAtomically(path, kept));
    TrainingLog log;
    log.m_path = path;
    log.m_file.reset(std::fopen(path.c_str(), "ae"));
    if (!log.m_file) return failed("Cannot write '" + path.string() + "': " + std::strerror(errno) + ".");
    return log;
}

Result<void> TrainingLog::append(const StepUpdate& step, double seconds) {
    const auto number = [](double v) { return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json(nullptr); };
    const nlohmann::json entry{{"step", step.step},           {"epoch", step.epoch},
                               {"loss", number(step.loss)},   {"val_loss", number(step.valLoss)},
                               {"lr", step.learningRate},     {"grad_norm", number(step.gradNorm)},
                               {"samples_per_s", step.samplesPerSecond}, {"memory_mb", step.memoryMb},
                               {"seconds", seconds}};
    const std::string line = entry.dump() + "\n";
    if (std::fwrite(line.data(), 1, line.size(), m_file.get()) != line.size() || std::fflush(m_file.get()) != 0)
        return failed("Cannot write '" + m_path.string() + "': " + std::strerror(errno) + ".",
                      "Free some disk space and continue with --resume.");
    return {};
}

}  // namespace txfm::training
