// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/progress_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/format.h"
#include "ui/widgets/role.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

ProgressPanel::ProgressPanel(QWidget* parent)
    : QFrame(parent), m_title(new QLabel(this)), m_numbers(new QLabel(this)), m_elapsed(new QLabel(this)),
      m_note(new QLabel(this)), m_bar(new QProgressBar(this)), m_stop(new QPushButton(tr("Stop"), this)),
      m_stageRow(new QHBoxLayout) {
    setProperty("role", "card");
    m_title->setFont(Theme::instance().sectionFont());
    m_numbers->setObjectName(QStringLiteral("progressNumbers"));
    m_elapsed->setProperty("role", "muted");
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);
    m_note->hide();
    m_bar->setTextVisible(false);
    m_stop->setObjectName(QStringLiteral("stopButton"));
    connect(m_stop, &QPushButton::clicked, this, &ProgressPanel::stopRequested);
    m_tick.setInterval(1000);
    connect(&m_tick, &QTimer::timeout, this, &ProgressPanel::showElapsed);

    auto* top = new QHBoxLayout;
    top->addWidget(m_title, 1);
    top->addWidget(m_elapsed);
    top->addSpacing(metric::kSmall);
    top->addWidget(m_stop);
    m_stageRow->setSpacing(metric::kGap);
    m_stageRow->addStretch(1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, metric::kGap, 16, 14);
    layout->setSpacing(metric::kSmall);
    layout->addLayout(top);
    layout->addWidget(m_bar);
    layout->addWidget(m_numbers);
    layout->addLayout(m_stageRow);
    layout->addWidget(m_note);
    hide();
}

void ProgressPanel::begin(const QString& title, const QStringList& stages) {
    m_title->setText(title);
    m_stageNames = stages;
    for (QLabel* label : m_stages) delete label;
    m_stages.clear();
    for (int i = 0; i < stages.size(); ++i) {
        m_stages.push_back(new QLabel(this));
        m_stages.back()->setObjectName(QStringLiteral("progressStage%1").arg(i));
        m_stageRow->insertWidget(i, m_stages.back());
    }
    m_numbers->setText(tr("Starting…"));
    m_bar->setRange(0, 0);
    m_stopping = false;
    m_stop->setEnabled(true);
    setNote({});
    m_clock.start();
    m_tick.start();
    showElapsed();
    setStage(0);
    show();
}

void ProgressPanel::setStage(int index) {
    for (int i = 0; i < static_cast<int>(m_stages.size()); ++i) {
        QLabel* label = m_stages[static_cast<size_t>(i)];
        const QString mark = i < index ? QStringLiteral("✓ ") : i == index ? QStringLiteral("● ") : QStringLiteral("○ ");
        label->setText(mark + m_stageNames[i]);
        QFont font = label->font();
        font.setBold(i == index);
        label->setFont(font);
        setRole(label, i < index ? "good" : i == index ? "" : "muted");
    }
}

void ProgressPanel::setProgress(const ProgressUpdate& update) {
    if (m_stopping) return;  // the last cells of what was asked for before
    constexpr int kSteps = 1000;
    if (update.total > 0) {
        m_bar->setRange(0, kSteps);
        m_bar->setValue(static_cast<int>(kSteps * std::min(1.0, update.done / update.total)));
    } else {
        m_bar->setRange(0, 0);
    }
    m_numbers->setText(describeProgress(update));
}

void ProgressPanel::setNote(const QString& text) {
    m_note->setText(text);
    m_note->setVisible(!text.isEmpty());
}

void ProgressPanel::setStopText(const QString& label, const QString& toolTip) {
    m_stop->setText(label);
    m_stop->setToolTip(toolTip);
}

void ProgressPanel::setStopping(const QString& text) {
    m_stopping = true;
    m_stop->setEnabled(false);
    m_numbers->setText(text);
    m_bar->setRange(0, 0);
    setNote({});
}

void ProgressPanel::end() {
    m_tick.stop();
    hide();
}

void ProgressPanel::showElapsed() { m_elapsed->setText(formatDuration(static_cast<double>(m_clock.elapsed()) / 1000)); }

}  // namespace txfm::ui
