// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/single_instance.h"

#include <unistd.h>

#include <QDataStream>
#include <QLocalSocket>

namespace txfm::studio {
namespace {

/// A busy computer may keep the other window from answering for some seconds.
constexpr int kPatienceMs = 10000;
constexpr auto kTaken = "taken";

/// A socket in the user's runtime folder where there is one, else a name with the user's number in it. Displays are
/// told apart: a window on another screen cannot come to the front of this one.
QString socketName() {
    const QString folder = qEnvironmentVariable("XDG_RUNTIME_DIR");
    QString display = qEnvironmentVariable("WAYLAND_DISPLAY") + qEnvironmentVariable("DISPLAY");
    display.replace(QLatin1Char('/'), QLatin1Char('_'));
    const QString name = QStringLiteral("txfm-studio-%1-%2").arg(::getuid()).arg(display);
    return folder.isEmpty() ? name : folder + QLatin1Char('/') + name;
}

}  // namespace

bool SingleInstance::handOver(const Request& request) const {
    QLocalSocket socket;
    socket.connectToServer(socketName());
    if (!socket.waitForConnected(kPatienceMs)) return false;
    QDataStream stream(&socket);
    stream << request.files << request.page;
    socket.flush();
    return socket.waitForReadyRead(kPatienceMs) && socket.readAll() == kTaken;
}

void SingleInstance::listen() {
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, &SingleInstance::receive);
    if (m_server.listen(socketName())) return;
    // Left behind by a window that was killed: nobody answered handOver().
    QLocalServer::removeServer(socketName());
    m_server.listen(socketName());
}

void SingleInstance::receive() {
    QLocalSocket* socket = m_server.nextPendingConnection();
    connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    connect(socket, &QLocalSocket::readyRead, this, [this, socket] {
        QDataStream stream(socket);
        stream.startTransaction();
        Request request;
        stream >> request.files >> request.page;
        if (!stream.commitTransaction()) return;
        socket->write(kTaken);
        socket->flush();
        Q_EMIT requested(request);
    });
}

}  // namespace txfm::studio
