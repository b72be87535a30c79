// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/quality_panel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/widgets/format.h"
#include "ui/widgets/histogram_view.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Metric {
    const char* name;
    const char* title;
    const char* explanation;
    bool lower;  ///< has a lower threshold, too
};
constexpr std::array<Metric, QcSummary::kMetrics> kMetrics{{
    {QT_TRANSLATE_NOOP("QualityPanel", "total counts"), QT_TRANSLATE_NOOP("QualityPanel", "Total counts per cell"),
     QT_TRANSLATE_NOOP("QualityPanel", "Very low: empty droplets. Very high: two cells in one droplet."), true},
    {QT_TRANSLATE_NOOP("QualityPanel", "detected genes"), QT_TRANSLATE_NOOP("QualityPanel", "Detected genes per cell"),
     QT_TRANSLATE_NOOP("QualityPanel", "Genes with at least one count."), true},
    {QT_TRANSLATE_NOOP("QualityPanel", "mitochondrial percent"), QT_TRANSLATE_NOOP("QualityPanel", "Mitochondrial counts (%)"),
     QT_TRANSLATE_NOOP("QualityPanel", "A high share marks broken or dying cells."), false},
    {QT_TRANSLATE_NOOP("QualityPanel", "ribosomal percent"), QT_TRANSLATE_NOOP("QualityPanel", "Ribosomal protein counts (%)"),
     QT_TRANSLATE_NOOP("QualityPanel", "Differs between cell types; filter only for a reason."), false},
}};

}  // namespace

QualityPanel::QualityPanel(QWidget* parent) : QWidget(parent), m_message(new QLabel(this)), m_grid(new QWidget(this)) {
    auto* grid = new QGridLayout(m_grid);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(metric::kGap);
    for (size_t i = 0; i < kMetrics.size(); ++i) {
        auto* card = new Section(tr(kMetrics[i].title), m_grid);
        card->setExplanation(tr(kMetrics[i].explanation));
        m_views[i] = new HistogramView(card);
        m_views[i]->setObjectName(QStringLiteral("histogram%1").arg(i));
        m_views[i]->setMovable(kMetrics[i].lower, true);
        m_views[i]->setToolTip(tr("Drag a handle, or use the arrow keys; double-click or Delete switches it off."));
        m_removedBy[i] = new QLabel(card);
        m_removedBy[i]->setProperty("role", "muted");
        card->addHeaderWidget(m_removedBy[i]);
        card->body()->addWidget(m_views[i], 1);
        connect(m_views[i], &HistogramView::thresholdsChanged, this, &QualityPanel::recount);
        grid->addWidget(card, static_cast<int>(i) / 2, static_cast<int>(i) % 2);
    }
    m_message->setAlignment(Qt::AlignCenter);
    m_message->setWordWrap(true);
    m_message->setProperty("role", "muted");
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metric::kGap, metric::kGap, metric::kGap, metric::kGap);
    layout->addWidget(m_message, 1);
    layout->addWidget(m_grid, 1);
}

std::array<const std::vector<double>*, QcSummary::kMetrics> QualityPanel::columns() const { return m_summary->columns(*m_metrics); }

void QualityPanel::setMetrics(std::shared_ptr<const QcMetrics> metrics, std::shared_ptr<const QcSummary> summary, const QString& message) {
    m_metrics = std::move(metrics);
    m_summary = std::move(summary);
    m_message->setText(message);
    m_message->setVisible(!m_metrics);
    m_grid->setVisible(m_metrics != nullptr);
    if (m_metrics) {
        for (size_t i = 0; i < m_views.size(); ++i) m_views[i]->setHistogram(m_summary->entries[i].histogram, tr(kMetrics[i].name));
    }
    resetThresholds();
    if (m_metrics && !m_wanted.is_null()) setThresholds(std::exchange(m_wanted, nullptr));
}

nlohmann::json QualityPanel::thresholds() const {
    nlohmann::json all = nlohmann::json::array();
    const auto bound = [](double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(); };
    for (const HistogramView* view : m_views) all.push_back({bound(view->lower()), bound(view->upper())});
    return all;
}

void QualityPanel::setThresholds(const nlohmann::json& thresholds) {
    if (!m_metrics) {
        m_wanted = thresholds;
        return;
    }
    for (size_t i = 0; i < m_views.size() && thresholds.is_array() && i < thresholds.size(); ++i) {
        const nlohmann::json& pair = thresholds[i];
        if (!pair.is_array() || pair.size() != 2) continue;
        m_views[i]->setThresholds(pair[0].is_number() ? pair[0].get<double>() : -kInfinity, pair[1].is_number() ? pair[1].get<double>() : kInfinity);
    }
}

void QualityPanel::resetThresholds() {
    for (HistogramView* view : m_views) view->setThresholds(-kInfinity, kInfinity);
    recount();
}

void QualityPanel::suggestThresholds() {
    if (!m_summary) return;
    for (size_t i = 0; i < m_views.size(); ++i) {
        const QcSummary::Entry& entry = m_summary->entries[i];
        if (std::isfinite(entry.suggestedUpper)) m_views[i]->setThresholds(entry.suggestedLower, entry.suggestedUpper);
    }
}

bool QualityPanel::keeps(size_t cell) const {
    const auto values = columns();
    for (size_t i = 0; i < values.size(); ++i) {
        const double v = (*values[i])[cell];
        if (v < m_views[i]->lower() || v > m_views[i]->upper()) return false;
    }
    return true;
}

std::vector<int64_t> QualityPanel::keptCells() const {
    std::vector<int64_t> kept;
    if (!m_metrics) return kept;
    for (size_t cell = 0; cell < m_metrics->totalCounts.size(); ++cell) {
        if (keeps(cell)) kept.push_back(static_cast<int64_t>(cell));
    }
    return kept;
}

void QualityPanel::recount() {
    m_removed = 0;
    if (m_metrics) {
        const auto values = columns();
        for (size_t i = 0; i < values.size(); ++i) {
            const auto removed = std::ranges::count_if(*values[i], [&](double v) { return v < m_views[i]->lower() || v > m_views[i]->upper(); });
            m_removedBy[i]->setText(removed > 0 ? tr("removes %1").arg(formatCount(removed)) : QString());
        }
        for (size_t cell = 0; cell < m_metrics->totalCounts.size(); ++cell) m_removed += keeps(cell) ? 0 : 1;
    }
    Q_EMIT removedChanged();
}

QString QualityPanel::description() const {
    QStringList parts;
    for (size_t i = 0; i < kMetrics.size(); ++i) {
        const double lower = m_views[i]->lower(), upper = m_views[i]->upper();
        const QString name = tr(kMetrics[i].name);
        if (std::isfinite(lower)) parts << tr("%1 at least %2").arg(name, formatNumber(lower));
        if (std::isfinite(upper)) parts << tr("%1 at most %2").arg(name, formatNumber(upper));
    }
    return parts.join(QStringLiteral(", "));
}

}  // namespace txfm::ui
