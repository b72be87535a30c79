// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <QObject>
#include <QPointer>

#include "core/base/progress.h"

namespace txfm::ui {

/// Hands progress of work on another thread to the UI thread. `sink` runs on the thread of `receiver`
/// and is dropped when the receiver is gone.
class ProgressBridge final : public Progress {
public:
    using Sink = std::function<void(const ProgressUpdate&)>;
    ProgressBridge(CancelToken token, QObject* receiver, Sink sink)
        : Progress(std::move(token)), m_receiver(receiver), m_sink(std::move(sink)) {}

    void progress(const ProgressUpdate& update) override {
        if (QObject* receiver = m_receiver.data())
            QMetaObject::invokeMethod(receiver, [sink = m_sink, update] { sink(update); }, Qt::QueuedConnection);
    }

private:
    QPointer<QObject> m_receiver;
    Sink m_sink;
};

}  // namespace txfm::ui
