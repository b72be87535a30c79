// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdio>
#include <mutex>
#include <string>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::cli {

/// One line of at most 500 bytes, cut between UTF-8 characters (interface contract §4, "Messages").
std::string oneLine(std::string text);

enum class ProgressStyle { Auto, Plain, JsonLines, None };

/// Prints progress: a line that rewrites itself on a terminal, plain lines elsewhere, or the JSON
/// lines of the interface contract §3 (always on standard output, each flushed at once).
class ConsoleProgress final : public Progress {
public:
    /// `text` receives the human-readable styles (standard error keeps standard output clean).
    ConsoleProgress(ProgressStyle style, CancelToken token, std::FILE* text = stderr);
    ~ConsoleProgress() override;

    void progress(const ProgressUpdate& update) override;
    void step(const StepUpdate& update) override;
    void message(MessageLevel level, const std::string& text) override;
    void event(const nlohmann::json& event) override;

    void result(const nlohmann::json& result);
    void error(const Error& error);
    bool jsonLines() const { return m_style == ProgressStyle::JsonLines; }

private:
    void printJson(const nlohmann::json& line);
    void printText(const std::string& line, bool rewritable);

    ProgressStyle m_style;
    std::FILE* m_text;
    bool m_terminal = false;
    bool m_lineOpen = false;
    std::string m_lastStage;
    double m_lastPlain = 0;
    std::mutex m_mutex;
};

}  // namespace txfm::cli
