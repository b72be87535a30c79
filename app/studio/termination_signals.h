// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

class QSocketNotifier;

namespace txfm::studio {

/// Turns SIGTERM, SIGINT and SIGHUP (the end of the desktop session) into a Qt signal, so that the window ends as if
/// closed: its short jobs are cancelled and its working files go. A second signal ends the process at once.
/// One instance at a time. Thread: the UI thread.
class TerminationSignals : public QObject {
    Q_OBJECT
public:
    explicit TerminationSignals(QObject* parent = nullptr);
    ~TerminationSignals() override;

Q_SIGNALS:
    void received();

private:
    QSocketNotifier* m_notifier = nullptr;
};

}  // namespace txfm::studio
