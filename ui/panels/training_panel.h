// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;
class QSlider;
class QStackedWidget;

namespace txfm::ui {

class EmptyState;
class Job;
class LinePlot;

/// One training run: state, numbers, curves of loss and learning rate, verdict, and the buttons that stop it, resume it or use its model.
class TrainingPanel : public QWidget {
    Q_OBJECT
public:
    explicit TrainingPanel(QWidget* parent = nullptr);
    /// null = none; the panel says how to start one.
    void setJob(Job* job);

Q_SIGNALS:
    void useModelRequested(const QString& folder);
    void failed(const QString& sentence, const QString& details);

private:
    void refresh();
    void refreshCurves();
    QString stateText() const;
    double secondsLeft() const;
    Job* m_job = nullptr;
    QStackedWidget* m_stack;
    EmptyState* m_empty;
    QLabel *m_state, *m_numbers, *m_verdict;
    QProgressBar* m_bar;
    QPushButton *m_stop, *m_resume, *m_use;
    QSlider* m_smoothing;
    LinePlot *m_loss, *m_rate;
    QTimer m_tick;
};

}  // namespace txfm::ui
