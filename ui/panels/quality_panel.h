// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <memory>

#include <QWidget>

#include <nlohmann/json.hpp>

#include "core/preprocess/qc.h"
#include "ui/session/qc_summary.h"

class QLabel;

namespace txfm::ui {

class HistogramView;

/// Histograms of the quality metrics with thresholds to drag; says which cells pass.
class QualityPanel : public QWidget {
    Q_OBJECT
public:
    explicit QualityPanel(QWidget* parent = nullptr);
    /// Both null = nothing to show (yet); `message` says why.
    void setMetrics(std::shared_ptr<const QcMetrics> metrics, std::shared_ptr<const QcSummary> summary, const QString& message = {});
    /// Cells within all thresholds, ascending.
    std::vector<int64_t> keptCells() const;
    int64_t removedCount() const { return m_removed; }
    /// One [lower, upper] for each histogram, null = none; setThresholds() waits for metrics that are still computed.
    nlohmann::json thresholds() const;
    void setThresholds(const nlohmann::json& thresholds);
    /// The thresholds in words, "" when none is set.
    QString description() const;

public Q_SLOTS:
    void resetThresholds();
    /// Three median absolute deviations around the medians, as common practice suggests.
    void suggestThresholds();

Q_SIGNALS:
    void removedChanged();

private:
    void recount();
    bool keeps(size_t cell) const;
    std::array<const std::vector<double>*, QcSummary::kMetrics> columns() const;
    std::shared_ptr<const QcMetrics> m_metrics;
    std::shared_ptr<const QcSummary> m_summary;
    std::array<HistogramView*, QcSummary::kMetrics> m_views;
    std::array<QLabel*, QcSummary::kMetrics> m_removedBy;
    QLabel* m_message;
    QWidget* m_grid;
    int64_t m_removed = 0;
    nlohmann::json m_wanted;  // thresholds for the next metrics
};

}  // namespace txfm::ui
