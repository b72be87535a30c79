// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QElapsedTimer>
#include <QFrame>
#include <QTimer>

#include "core/base/progress.h"

class QHBoxLayout;
class QLabel;
class QProgressBar;
class QPushButton;

namespace txfm::ui {

/// A running piece of work: title, its stages with those that are done, bar, numbers, elapsed time and a Stop button.
class ProgressPanel : public QFrame {
    Q_OBJECT
public:
    explicit ProgressPanel(QWidget* parent = nullptr);
    /// Starts the clock; `stages` are short names in order.
    void begin(const QString& title, const QStringList& stages);
    void setStage(int index);
    void setProgress(const ProgressUpdate& update);
    void setNote(const QString& text);
    void setStopText(const QString& label, const QString& toolTip);
    /// After Stop was pressed: the button rests and the text says what is awaited.
    void setStopping(const QString& text);
    void end();

Q_SIGNALS:
    void stopRequested();

private:
    void showElapsed();
    QLabel *m_title, *m_numbers, *m_elapsed, *m_note;
    QProgressBar* m_bar;
    QPushButton* m_stop;
    QHBoxLayout* m_stageRow;
    bool m_stopping = false;
    std::vector<QLabel*> m_stages;
    QStringList m_stageNames;
    QElapsedTimer m_clock;
    QTimer m_tick;
};

}  // namespace txfm::ui
