// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/format.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <QCoreApplication>
#include <QLocale>

namespace txfm::ui {
namespace {
QString tr(const char* text) { return QCoreApplication::translate("format", text); }
const QLocale& locale() {
    static const QLocale english(QLocale::English, QLocale::UnitedStates);
    return english;
}

constexpr std::pair<const char*, const char*> kStages[] = {
    {"embed", ""},
    {"read", QT_TRANSLATE_NOOP("format", "Reading the file")},
    {"pack", QT_TRANSLATE_NOOP("format", "Making the stored copy")},
    {"match", QT_TRANSLATE_NOOP("format", "Matching the genes")},
    {"qc", QT_TRANSLATE_NOOP("format", "Quality metrics")},
    {"write", QT_TRANSLATE_NOOP("format", "Writing the result")},
    {"hvg", QT_TRANSLATE_NOOP("format", "Finding variable genes")},
    {"normalise", QT_TRANSLATE_NOOP("format", "Normalising")},
    {"pca", QT_TRANSLATE_NOOP("format", "Principal components")},
    {"knn", QT_TRANSLATE_NOOP("format", "Finding neighbours")},
    {"knn lists", QT_TRANSLATE_NOOP("format", "Finding neighbours")},
    {"umap start", QT_TRANSLATE_NOOP("format", "Starting the map")},
    {"umap", QT_TRANSLATE_NOOP("format", "Laying the map out")},
    {"tsne", QT_TRANSLATE_NOOP("format", "Laying the map out")},
    {"leiden", QT_TRANSLATE_NOOP("format", "Finding clusters")},
    {"louvain", QT_TRANSLATE_NOOP("format", "Finding clusters")},
};

}  // namespace

QString formatCount(int64_t value) { return locale().toString(static_cast<qlonglong>(value)); }

QString formatShare(double share) {
    const double percent = 100 * share;
    if (percent > 0 && percent < 0.1) return tr("< 0.1 %");
    if (percent < 100 && percent > 99.9) return tr("> 99.9 %");
    return tr("%1 %").arg(percent, 0, 'f', percent >= 100 || percent == 0 ? 0 : 1);
}

QString formatDuration(double seconds) {
    const auto whole = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
    if (whole < 60) return tr("%1 s").arg(whole);
    if (whole < 3600) return tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    if (whole < 48 * 3600) return tr("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QLatin1Char('0'));
    return tr("%1 days").arg(whole / 86400);
}

QString formatBytes(double bytes) {
    const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    int unit = 0;
    while (bytes >= 999.5 && unit < 4) {
        bytes /= 1000;
        ++unit;
    }
    return QStringLiteral("%1 %2").arg(bytes, 0, 'f', unit == 0 || bytes >= 99.5 ? 0 : 1).arg(QLatin1String(units[unit]));
}

QString formatNumber(double value, int digits) {
    if (!std::isfinite(value)) return tr("not measured");
    // Counts of bulk samples reach hundreds of millions; nobody reads them as 6.9e+07.
    constexpr double kLargestWhole = 1e9;
    if ((value == std::floor(value) || std::abs(value) >= std::pow(10, digits - 1)) && std::abs(value) < kLargestWhole) return formatCount(std::llround(value));
    return QString::number(value, 'g', digits);
}

QString formatTick(double value, double step) {
    constexpr int kLeast = 3, kMost = 9;
    const double size = std::max(std::abs(value), step);
    const bool usable = std::isfinite(size) && step > 0 && size > 0;
    const int digits = usable ? static_cast<int>(std::floor(std::log10(size)) - std::floor(std::log10(step))) + 1 : kLeast;
    return formatNumber(std::abs(value) < step * 1e-6 ? 0 : value, std::clamp(digits, kLeast, kMost));
}

QString formatProgress(const ProgressUpdate& u) {
    const bool bytes = u.unit == "bytes";
    const QString unit = bytes ? QString() : QLatin1Char(' ') + QString::fromStdString(u.unit);
    const auto amount = [&](double value) { return bytes ? formatBytes(value) : formatCount(std::llround(value)); };
    QString text = u.total > 0 ? tr("%1 of %2%3").arg(amount(u.done), amount(u.total), unit) : u.done > 0 ? amount(u.done) + unit : QString();
    if (u.rate > 0 && u.done > 0) text += tr(" · %1%2/s").arg(bytes || u.rate >= 10 ? amount(u.rate) : formatNumber(u.rate, 2), unit);
    if (u.etaSeconds >= 0 && u.done < u.total) text += tr(" · %1 left").arg(formatDuration(u.etaSeconds));
    return text;
}

QString formatStage(const std::string& stage) {
    const auto found = std::ranges::find(kStages, stage, [](const auto& entry) { return std::string(entry.first); });
    return found == std::end(kStages) ? QString::fromStdString(stage) : tr(found->second);
}

QString describeProgress(const ProgressUpdate& update) {
    const QString stage = formatStage(update.stage), numbers = formatProgress(update);
    if (stage.isEmpty() || numbers.isEmpty()) return stage + numbers;
    return QStringLiteral("%1: %2").arg(stage, numbers);
}

}  // namespace txfm::ui
