// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/command_palette.h"

#include <algorithm>

#include <QAction>
#include <QApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QVBoxLayout>

namespace txfm::ui {
namespace {

QString plainText(const QAction* action) {
    QString text = action->text();
    return text.remove(QLatin1Char('&')).remove(QChar(0x2026));
}

/// Every word typed occurs in the name.
bool matches(const QString& name, const QString& typed) {
    const QStringList words = typed.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    return std::ranges::all_of(words, [&](const QString& word) { return name.contains(word, Qt::CaseInsensitive); });
}

}  // namespace

CommandPalette::CommandPalette(QWidget* window) : QFrame(window, Qt::Popup), m_search(new QLineEdit(this)), m_list(new QListWidget(this)) {
    setProperty("role", "card");
    setAttribute(Qt::WA_StyledBackground);
    m_search->setPlaceholderText(tr("Type a command"));
    m_search->installEventFilter(this);
    m_list->setFocusPolicy(Qt::NoFocus);
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(m_search);
    layout->addWidget(m_list);
    connect(m_search, &QLineEdit::textChanged, this, &CommandPalette::filter);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::runCurrent);
}

void CommandPalette::open(const QList<QAction*>& actions) {
    m_actions.clear();
    for (QAction* action : actions) {
        if (action->isEnabled() && !action->menu() && !plainText(action).isEmpty() && !action->isSeparator()) m_actions.append(action);
    }
    m_search->clear();
    filter({});
    constexpr QSize kSize(460, 340);
    resize(kSize);
    const QWidget* window = parentWidget();
    move(window->mapToGlobal(QPoint((window->width() - kSize.width()) / 2, 72)));
    show();
    m_search->setFocus();
}

void CommandPalette::filter(const QString& text) {
    m_list->clear();
    for (int i = 0; i < m_actions.size(); ++i) {
        const QString name = plainText(m_actions[i]);
        if (!matches(name, text)) continue;
        const QString keys = m_actions[i]->shortcut().toString(QKeySequence::NativeText);
        auto* item = new QListWidgetItem(keys.isEmpty() ? name : QStringLiteral("%1    %2").arg(name, keys), m_list);
        item->setData(Qt::UserRole, i);
        item->setSizeHint({0, fontMetrics().height() + 10});
    }
    m_list->setCurrentRow(0);
}

void CommandPalette::runCurrent() {
    const QListWidgetItem* item = m_list->currentItem();
    if (!item) return;
    QAction* action = m_actions[item->data(Qt::UserRole).toInt()];
    hide();
    action->trigger();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() != QEvent::KeyPress) return QFrame::eventFilter(watched, event);
    switch (static_cast<QKeyEvent*>(event)->key()) {
    case Qt::Key_Down:
    case Qt::Key_Up:
    case Qt::Key_PageDown:
    case Qt::Key_PageUp: QApplication::sendEvent(m_list, event); return true;
    case Qt::Key_Return:
    case Qt::Key_Enter: runCurrent(); return true;
    case Qt::Key_Escape: hide(); return true;
    default: return QFrame::eventFilter(watched, event);
    }
}

}  // namespace txfm::ui
