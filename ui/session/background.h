// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exception>
#include <utility>

#include <QFuture>
#include <QObject>
#include <QThreadPool>
#include <QtConcurrentRun>

#include "core/base/result.h"

namespace txfm::ui {

/// Runs work() on `pool` and then done(result) on the thread of `context`. When `context` dies first,
/// done is not called. work() returns a value (usually Result<T>) and captures by value only.
template <class Work, class Done>
void runInBackground(QThreadPool* pool, QObject* context, Work work, Done done) {
    QtConcurrent::run(pool, std::move(work)).then(context, std::move(done));
}

}  // namespace txfm::ui
