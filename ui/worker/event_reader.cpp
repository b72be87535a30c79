// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/worker/event_reader.h"

#include <limits>

namespace txfm::ui {
namespace {

/// A line longer than this is not one of ours.
constexpr qsizetype kMaxLine = 16 << 20;

double number(const nlohmann::json& object, const char* key, double fallback) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? found->get<double>() : fallback;
}

}  // namespace

std::string eventText(const nlohmann::json& event, const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<nlohmann::json> EventReader::feed(const QByteArray& bytes) {
    m_rest += bytes;
    std::vector<nlohmann::json> events;
    qsizetype begin = 0;
    for (qsizetype end = m_rest.indexOf('\n', begin); end >= 0; end = m_rest.indexOf('\n', begin)) {
        const char* first = m_rest.constData() + begin;
        nlohmann::json event = nlohmann::json::parse(first, m_rest.constData() + end, nullptr, false);
        if (event.is_object() && !eventText(event, "type").empty()) {
            events.push_back(std::move(event));
        } else if (end > begin) {
            ++m_skipped;
        }
        begin = end + 1;
    }
    m_rest.remove(0, begin);
    if (m_rest.size() > kMaxLine) {
        m_rest.clear();
        ++m_skipped;
    }
    return events;
}

ProgressUpdate progressFromJson(const nlohmann::json& event) {
    ProgressUpdate update;
    update.stage = eventText(event, "stage");
    update.done = number(event, "done", 0);
    update.total = number(event, "total", 0);
    update.unit = eventText(event, "unit");
    update.rate = number(event, "rate", 0);
    update.etaSeconds = number(event, "eta_s", -1);
    return update;
}

StepUpdate stepFromJson(const nlohmann::json& event) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    StepUpdate step;
    step.step = static_cast<int64_t>(number(event, "step", 0));
    step.epoch = number(event, "epoch", 0);
    step.loss = number(event, "loss", kNan);
    step.valLoss = number(event, "val_loss", kNan);
    step.learningRate = number(event, "lr", kNan);
    step.gradNorm = number(event, "grad_norm", kNan);
    step.samplesPerSecond = number(event, "samples_per_s", kNan);
    step.memoryMb = number(event, "memory_mb", kNan);
    return step;
}

}  // namespace txfm::ui
