// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTimer>

namespace txfm::ui {

class Session;

/// Keeps a snapshot of unsaved results on disk, a moment after every change, and takes it away when there is nothing to
/// lose any more or the session ends as the user wishes. Thread: the UI thread.
class Autosave : public QObject {
    Q_OBJECT
public:
    explicit Autosave(Session* session);
    ~Autosave() override;
    /// The session ends without the user's doing: a last snapshot stays, with the working files.
    void keepForNextStart();

private:
    void write();
    Session* m_session;
    QTimer m_timer;
    bool m_writing = false, m_keep = false;
};

}  // namespace txfm::ui
