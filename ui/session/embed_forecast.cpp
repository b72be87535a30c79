// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/embed_forecast.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <QSettings>
#include <QThread>

namespace txfm::ui {
namespace {

const QString kSpeedKey = QStringLiteral("forecast/embedFlopsPerSecond");
/// What one core does on such layers, cautiously: AVX-512 with bf16 was measured at 2.3e11; fp32 with AVX2 does a few times less.
constexpr double kFlopsPerCore = 6e10;

int64_t number(std::string_view text, int64_t fallback) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && value > 0 ? value : fallback;
}

}  // namespace

InferenceMode inferenceMode(const std::string& given, const io::ModelConfig& config, int64_t measured, double detected) {
    const std::string mode = given.empty() ? config.inferenceGenes : given;
    const auto all = static_cast<double>(measured);
    if (mode == "expressed") return {detected > 0 ? std::min(detected, all) : all, 1};
    if (mode.starts_with("top:")) return {std::min(all, static_cast<double>(number(mode.substr(4), measured))), 1};
    if (mode.starts_with("random:")) {
        const std::string rest = mode.substr(7);
        const size_t colon = rest.find(':');
        return {std::min(all, static_cast<double>(number(rest.substr(0, colon), measured))),
                colon == std::string::npos ? 1 : number(rest.substr(colon + 1), 1)};
    }
    return {all, 1};
}

double flopsPerCell(const io::ModelConfig& config, const InferenceMode& mode) {
    const double tokens = mode.genesPerCell + 1;
    const auto d = static_cast<double>(config.dim);
    const auto blocks = static_cast<double>(config.nBlocks);
    const double products = tokens * (4 * d * d + 2 * d * static_cast<double>(config.mlpWidth()));
    const double attention = 2 * tokens * tokens * d;
    return static_cast<double>(mode.views) * blocks * 2 * (products + attention);
}

double jobMemory(const io::ModelConfig& config, const CountSource& counts, double resultBytes) {
    constexpr double kProgram = 3e8, kBytesPerNonZero = 8, kBytesPerWeight = 4;
    const double inMemory = counts.inMemory() ? kBytesPerNonZero * static_cast<double>(counts.nonZeros()) : 0;
    return kProgram + kBytesPerWeight * static_cast<double>(config.parameterCount()) + inMemory + resultBytes;
}

double assumedSpeed() {
    const double remembered = QSettings().value(kSpeedKey).toDouble();
    return remembered > 0 ? remembered : kFlopsPerCore * std::max(1, QThread::idealThreadCount());
}

bool speedIsMeasured() { return QSettings().value(kSpeedKey).toDouble() > 0; }

void rememberSpeed(double flops, double seconds) {
    if (flops > 0 && seconds > 0.5) QSettings().setValue(kSpeedKey, flops / seconds);
}

}  // namespace txfm::ui
