// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QByteArray>
#include <QString>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"

namespace txfm::ui {

/// Cuts a stream of bytes into JSON lines. Lines that are no JSON object are skipped and counted; a line
/// that is still being written waits for its end.
class EventReader {
public:
    std::vector<nlohmann::json> feed(const QByteArray& bytes);
    int skippedLines() const { return m_skipped; }

private:
    QByteArray m_rest;
    int m_skipped = 0;
};

/// A text of an event, "" when it is missing or no text.
std::string eventText(const nlohmann::json& event, const char* key);
/// Events of the interface contract §3 as values; missing or null numbers become NaN (steps) or 0.
ProgressUpdate progressFromJson(const nlohmann::json& event);
StepUpdate stepFromJson(const nlohmann::json& event);

}  // namespace txfm::ui
