// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/console_progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <nlohmann/json.hpp>

namespace txfm::cli {
namespace {

constexpr double kSecondsBetweenPlainLines = 5;
constexpr size_t kLongestMessage = 500;  // interface contract §4, "Messages"

double now() {
    using Clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

nlohmann::json numberOrNull(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

std::string duration(double seconds) {
    char text[32];
    if (seconds < 60)
        std::snprintf(text, sizeof text, "%.0f s", seconds);
    else if (seconds < 3600)
        std::snprintf(text, sizeof text, "%d min %02d s", int(seconds) / 60, int(seconds) % 60);
    else
        std::snprintf(text, sizeof text, "%d h %02d min", int(seconds) / 3600, int(seconds) / 60 % 60);
    return text;
}

std::string describeProgress(const ProgressUpdate& u) {
    char text[160];
    std::string line = u.stage + ": ";
    if (u.total > 0) {
        std::snprintf(text, sizeof text, "%.0f of %.0f %s (%.0f %%)", u.done, u.total, u.unit.c_str(),
                      100 * u.done / u.total);
    } else {
        std::snprintf(text, sizeof text, "%.0f %s", u.done, u.unit.c_str());
    }
    line += text;
    if (u.rate > 0 && u.done < u.total) {
        std::snprintf(text, sizeof text, ", %.3g %s/s", u.rate, u.unit.c_str());
        line += text;
    }
    if (u.etaSeconds > 0) line += ", " + duration(u.etaSeconds) + " left";
    return line;
}

}  // namespace

std::string oneLine(std::string text) {
    // Names from files and from the command line may hold anything, also what moves the cursor of a terminal.
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    if (text.size() > kLongestMessage) {
        size_t end = kLongestMessage - 3;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        text = text.substr(0, end) + "...";
    }
    return text;
}

ConsoleProgress::ConsoleProgress(ProgressStyle style, CancelToken token, std::FILE* text)
    : Progress(std::move(token)), m_style(style), m_text(text) {
    m_terminal = ::isatty(::fileno(text));
    if (m_style == ProgressStyle::Auto && !m_terminal) m_style = ProgressStyle::Plain;
}

ConsoleProgress::~ConsoleProgress() {
    if (m_lineOpen) std::fputc('\n', m_text);
}

void ConsoleProgress::progress(const ProgressUpdate& u) {
    std::lock_guard lock(m_mutex);
    if (m_style == ProgressStyle::JsonLines) {
        printJson({{"type", "progress"}, {"stage", u.stage}, {"done", u.done}, {"total", u.total}, {"unit", u.unit},
                   {"rate", numberOrNull(u.rate)}, {"eta_s", u.etaSeconds >= 0 ? numberOrNull(u.etaSeconds) : nullptr}});
    } else if (m_style == ProgressStyle::Auto) {
        printText(describeProgress(u), true);
    } else if (m_style == ProgressStyle::Plain) {
        const bool finished = u.total > 0 && u.done >= u.total;
        if (u.stage == m_lastStage && !finished && now() - m_lastPlain < kSecondsBetweenPlainLines) return;
        if (u.stage != m_lastStage && u.done == 0) return;
        m_lastStage = u.stage;
        m_lastPlain = now();
        printText(describeProgress(u), false);
    }
}

void ConsoleProgress::step(const StepUpdate& s) {
    std::lock_guard lock(m_mutex);
    if (m_style == ProgressStyle::JsonLines) {
        printJson({{"type", "step"}, {"step", s.step}, {"epoch", s.epoch}, {"loss", numberOrNull(s.loss)},
                   {"val_loss", numberOrNull(s.valLoss)}, {"lr", s.learningRate}, {"grad_norm", numberOrNull(s.gradNorm)},
                   {"samples_per_s", s.samplesPerSecond}, {"memory_mb", s.memoryMb}});
        return;
    }
    if (m_style == ProgressStyle::None) return;
    const bool validated = std::isfinite(s.valLoss);
    if (m_style == ProgressStyle::Plain && !validated && now() - m_lastPlain < kSecondsBetweenPlainLines) return;
    m_lastPlain = now();
    char text[200];
    int n = std::snprintf(text, sizeof text, "step %lld, epoch %.2f: loss %.4f, lr %.2e, %.1f samples/s",
                          static_cast<long long>(s.step), s.epoch, s.loss, s.learningRate, s.samplesPerSecond);
    if (validated) std::snprintf(text + n, sizeof text - n, ", validation loss %.4f", s.valLoss);
    printText(text, m_style == ProgressStyle::Auto && !validated);
}

void ConsoleProgress::message(MessageLevel level, const std::string& text) {
    std::lock_guard lock(m_mutex);
    const bool warning = level == MessageLevel::Warning;
    if (m_style == ProgressStyle::JsonLines) {
        printJson({{"type", "message"}, {"level", warning ? "warning" : "info"}, {"text", oneLine(text)}});
    } else if (m_style != ProgressStyle::None || warning) {
        printText(oneLine((warning ? "warning: " : "") + text), false);
    }
}

void ConsoleProgress::event(const nlohmann::json& event) {
    std::lock_guard lock(m_mutex);
    if (m_style == ProgressStyle::JsonLines) printJson(event);
}

void ConsoleProgress::result(const nlohmann::json& result) {
    std::lock_guard lock(m_mutex);
    nlohmann::json line = result;
    line["type"] = "result";
    printJson(line);
}

void ConsoleProgress::error(const Error& error) {
    std::lock_guard lock(m_mutex);
    if (m_style == ProgressStyle::JsonLines) {
        printJson({{"type", "error"}, {"code", static_cast<int>(error.code)}, {"message", oneLine(error.message)},
                   {"hint", oneLine(error.hint)}});
    }
    if (m_lineOpen) {
        std::fputc('\n', m_text);
        m_lineOpen = false;
    }
    const std::string text = oneLine("txfm: " + (error.hint.empty() ? error.message : error.message + " " + error.hint));
    std::fprintf(stderr, "%s\n", text.c_str());
}

void ConsoleProgress::printJson(const nlohmann::json& line) {
    // Names read from files may hold invalid UTF-8; the line must still be valid JSON.
    const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::fprintf(stdout, "%s\n", text.c_str());
    std::fflush(stdout);
}

void ConsoleProgress::printText(const std::string& line, bool rewritable) {
    if (m_terminal && m_lineOpen) std::fputs("\r\033[K", m_text);
    std::fputs(line.c_str(), m_text);
    m_lineOpen = rewritable && m_terminal;
    if (!m_lineOpen) std::fputc('\n', m_text);
    std::fflush(m_text);
}

}  // namespace txfm::cli
