// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QObject>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/preprocess/gene_matching.h"
#include "core/preprocess/qc.h"
#include "ui/session/qc_summary.h"

namespace txfm::ui {

class Session;

/// What is computed once for the open data set, in the background: quality metrics and the match of its
/// genes to the chosen model. Thread: the UI thread.
class DataReport : public QObject {
    Q_OBJECT
public:
    explicit DataReport(Session* session);
    ~DataReport() override;

    /// Null while it is being computed, or when there is no data.
    std::shared_ptr<const QcMetrics> qc() const { return m_qc; }
    /// With qc().
    std::shared_ptr<const QcSummary> qcSummary() const { return m_summary; }
    /// Null as above, without a model, and when no gene is in common (matchError()).
    std::shared_ptr<const GeneMatch> match() const { return m_match; }
    const std::optional<Error>& matchError() const { return m_matchError; }
    const std::optional<Error>& qcError() const { return m_qcError; }
    /// Mean number of detected genes per cell, 0 = not known yet.
    double meanDetectedGenes() const;

Q_SIGNALS:
    void qcChanged();
    void matchChanged();

private:
    void startQc();
    void startMatch();
    Session* m_session;
    std::shared_ptr<const QcMetrics> m_qc;
    std::shared_ptr<const QcSummary> m_summary;
    std::shared_ptr<const GeneMatch> m_match;
    std::optional<Error> m_matchError, m_qcError;
    CancelToken m_token;
    quint64 m_dataGeneration = 0, m_matchGeneration = 0;
};

}  // namespace txfm::ui
