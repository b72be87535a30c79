// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/autosave.h"

#include "ui/session/background.h"
#include "ui/session/session.h"

namespace txfm::ui {
namespace {
constexpr int kPauseMs = 1000;
}

Autosave::Autosave(Session* session) : QObject(session), m_session(session) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(kPauseMs);
    connect(&m_timer, &QTimer::timeout, this, &Autosave::write);
    const auto later = [this] { m_timer.start(); };
    connect(session, &Session::modifiedChanged, this, later);
    connect(session, &Session::resultsChanged, this, later);
    connect(session, &Session::datasetChanged, this, later);
    connect(session, &Session::normalisedDecisionChanged, this, later);
}

Autosave::~Autosave() {
    if (!m_keep) SessionSnapshot::remove();
}

void Autosave::write() {
    if (m_writing) {
        m_timer.start();
        return;
    }
    m_writing = true;
    runInBackground(
        m_session->computePool(), this,
        [modified = m_session->isModified(), snapshot = m_session->snapshot()]() -> Result<void> {
            if (modified) return snapshot.write();
            SessionSnapshot::remove();
            return {};
        },
        [this](const Result<void>& written) {
            m_writing = false;
            if (!written) m_session->navigation()->showStatus(tr("Results are not backed up: %1").arg(QString::fromStdString(written.error().message)));
        });
}

void Autosave::keepForNextStart() {
    if (!m_session->isModified()) return;
    m_keep = m_session->snapshot().write().ok();
    if (m_keep) m_session->keepWorkFolder();
}

}  // namespace txfm::ui
