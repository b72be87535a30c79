// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/data_report.h"

#include <numeric>

#include "ui/session/background.h"
#include "ui/session/session.h"

namespace txfm::ui {
namespace {

struct Quality {
    std::shared_ptr<const QcMetrics> metrics;
    std::shared_ptr<const QcSummary> summary;
};

}  // namespace

DataReport::DataReport(Session* session) : QObject(session), m_session(session) {
    connect(session, &Session::datasetChanged, this, &DataReport::startQc);
    connect(session, &Session::modelChanged, this, &DataReport::startMatch);
}

DataReport::~DataReport() { m_token.cancel(); }

double DataReport::meanDetectedGenes() const {
    if (!m_qc || m_qc->genesByCounts.empty()) return 0;
    const auto total = std::accumulate(m_qc->genesByCounts.begin(), m_qc->genesByCounts.end(), int64_t{0});
    return static_cast<double>(total) / static_cast<double>(m_qc->genesByCounts.size());
}

void DataReport::startQc() {
    m_token.cancel();
    m_token = CancelToken();
    const quint64 generation = ++m_dataGeneration;
    m_qc.reset();
    m_summary.reset();
    m_qcError.reset();
    Q_EMIT qcChanged();
    startMatch();
    const auto dataset = m_session->dataset();
    if (!dataset) return;
    // Counts that are not in memory are read from the file: only on the thread that does all reading.
    QThreadPool* pool = dataset->counts->inMemory() ? m_session->computePool() : m_session->ioPool();
    runInBackground(
        pool, this,
        [dataset, token = m_token]() -> Result<Quality> {
            Progress progress(token);
            TXFM_TRY(QcMetrics metrics, computeQc(*dataset, progress));
            auto summary = std::make_shared<const QcSummary>(QcSummary::of(metrics));
            return Quality{std::make_shared<const QcMetrics>(std::move(metrics)), std::move(summary)};
        },
        [this, generation](Result<Quality> result) {
            if (generation != m_dataGeneration) return;
            if (result) {
                m_qc = result->metrics;
                m_summary = result->summary;
            } else {
                m_qcError = result.error();
            }
            Q_EMIT qcChanged();
            startMatch();
        });
}

void DataReport::startMatch() {
    const quint64 generation = ++m_matchGeneration;
    m_match.reset();
    m_matchError.reset();
    Q_EMIT matchChanged();
    const auto dataset = m_session->dataset();
    const auto model = m_session->model();
    if (!dataset || !model) return;
    runInBackground(
        m_session->computePool(), this,
        [dataset, model, qc = m_qc, name = m_session->displayName().toStdString()]() -> Result<GeneMatch> {
            TXFM_TRY(GeneMatch match, matchGenes(dataset->var, model->vocabulary(), name));
            if (qc) addCountShares(match, qc->geneTotalCounts);
            return match;
        },
        [this, generation](Result<GeneMatch> result) {
            if (generation != m_matchGeneration) return;
            if (result) {
                m_match = std::make_shared<const GeneMatch>(std::move(*result));
            } else {
                m_matchError = result.error();
            }
            Q_EMIT matchChanged();
        });
}

}  // namespace txfm::ui
