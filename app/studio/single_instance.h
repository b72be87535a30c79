// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

#include <QLocalServer>

namespace txfm::studio {

/// One window for one user: a second start hands its file to the window that is open and ends. They meet at a local
/// socket that only this user can reach. Thread: the UI thread.
class SingleInstance : public QObject {
    Q_OBJECT
public:
    struct Request {
        QStringList files;  ///< absolute paths, none = only come to the front
        QString page;       ///< as --page, "" = what suits the file
    };
    explicit SingleInstance(QObject* parent = nullptr) : QObject(parent) {}

    /// True when a running window took the request. A window that does not answer counts as none.
    bool handOver(const Request& request) const;
    /// From now on requests of later starts arrive here.
    void listen();

Q_SIGNALS:
    void requested(const txfm::studio::SingleInstance::Request& request);

private:
    void receive();
    QLocalServer m_server;
};

}  // namespace txfm::studio
