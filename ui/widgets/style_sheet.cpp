// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/style_sheet.h"

namespace txfm::ui {
namespace {

/// @name stands for a colour; replaced below.
constexpr auto kTemplate = R"(
QToolTip { background: @raised; color: @text; border: 1px solid @border; padding: 4px 6px; }
QFrame[role="card"] { background: @panel; border: 1px solid @border; border-radius: 8px; }
QLabel { background: transparent; }
QLabel[role="muted"] { color: @muted; }
QLabel[role="good"] { color: @good; }
QLabel[role="warning"] { color: @warning; }
QLabel[role="bad"] { color: @bad; }

QPushButton { background: @panel; color: @text; border: 1px solid @border; border-radius: 6px; padding: 6px 14px; min-height: 18px; }
QPushButton:hover { background: @raised; }
QPushButton:pressed { background: @border; }
QPushButton:focus { border: 2px solid @accent; padding: 5px 13px; }
QPushButton:disabled { color: @faded; background: @window; }
QPushButton[primary="true"] { background: @accent; color: @accentText; border: 1px solid @accent; font-weight: 600; }
QPushButton[primary="true"]:hover { background: @accentHover; }
QPushButton[primary="true"]:focus { border: 2px solid @text; }
QPushButton[primary="true"]:disabled { background: @raised; color: @faded; border-color: @border; }
QPushButton[flat="true"] { border-color: transparent; background: transparent; }
QPushButton[flat="true"]:hover { background: @raised; }
QPushButton[flat="true"]:focus { border: 2px solid @accent; }

QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 4px; color: @text; background: transparent; }
QToolButton:hover { background: @raised; }
QToolButton:checked { background: @accentSoft; color: @accent; }
QToolButton:focus { border: 1px solid @accent; }
QToolButton:disabled { color: @faded; }

#rail { background: @panel; border: none; border-right: 1px solid @border; }
#rail QToolButton { border-radius: 8px; padding: 8px 2px 6px 2px; margin: 2px 8px; color: @muted; min-width: 72px; }
#rail QToolButton:hover { background: @raised; color: @text; }
#rail QToolButton:checked { background: @accentSoft; color: @accent; font-weight: 600; }
#rail QToolButton:focus { border: 1px solid @accent; }

QTableView, QTreeView, QListView, QTextBrowser, QPlainTextEdit {
    background: @panel; color: @text; border: 1px solid @border; border-radius: 6px;
    selection-background-color: @accentSoft; selection-color: @text; alternate-background-color: @stripe; gridline-color: @border; }
QTableView:focus, QTreeView:focus, QListView:focus { border: 1px solid @accent; }
QTableView::item { padding: 0 7px; }
QHeaderView { background: @panel; border: none; }
QHeaderView::section { background: @raised; color: @muted; border: none; border-right: 1px solid @border; border-bottom: 1px solid @border; padding: 5px 8px; font-weight: 600; }
QTableCornerButton::section { background: @raised; border: none; }

QLineEdit { background: @panel; color: @text; border: 1px solid @border; border-radius: 6px; padding: 5px 8px; }
QLineEdit:focus { border: 1px solid @accent; }
QLineEdit:disabled { color: @faded; background: @window; }

QTabWidget::pane { border: 1px solid @border; border-radius: 6px; background: @panel; top: -1px; }
QTabBar::tab { padding: 7px 14px; color: @muted; border: none; border-bottom: 2px solid transparent; background: transparent; }
QTabBar::tab:selected { color: @accent; border-bottom: 2px solid @accent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:focus { color: @accent; }

QProgressBar { border: none; border-radius: 4px; background: @raised; color: transparent; max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: @accent; border-radius: 4px; }

QScrollArea { border: none; background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: @border; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: @muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenuBar { background: @panel; border-bottom: 1px solid @border; padding: 2px; }
QMenuBar::item { padding: 5px 10px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: @raised; }
QMenu { background: @panel; border: 1px solid @border; padding: 4px; }
QMenu::item { padding: 6px 26px 6px 22px; border-radius: 4px; }
QMenu::item:selected { background: @accentSoft; color: @text; }
QMenu::item:disabled { color: @faded; }
QMenu::separator { height: 1px; background: @border; margin: 4px 8px; }
QStatusBar { background: @panel; border-top: 1px solid @border; color: @muted; }
QStatusBar::item { border: none; }
QSplitter::handle { background: transparent; }
)";

QString rgba(const QColor& c) {
    return QStringLiteral("rgba(%1,%2,%3,%4)").arg(c.red()).arg(c.green()).arg(c.blue()).arg(c.alpha());
}

QColor blend(const QColor& a, const QColor& b, double t) {
    return QColor::fromRgbF(static_cast<float>(a.redF() * (1 - t) + b.redF() * t),
                            static_cast<float>(a.greenF() * (1 - t) + b.greenF() * t),
                            static_cast<float>(a.blueF() * (1 - t) + b.blueF() * t));
}

}  // namespace

QString styleSheet(const ThemeColours& c) {
    // Longer names first: @accentText must not be taken for @accent.
    const std::pair<const char*, QColor> names[] = {
        {"@accentHover", blend(c.accent, c.text, 0.15)}, {"@accentText", c.accentText},
        {"@accentSoft", c.accentSoft}, {"@accent", c.accent}, {"@window", c.window}, {"@panel", c.panel},
        {"@raised", c.raised}, {"@stripe", blend(c.panel, c.raised, 0.45)}, {"@border", c.border}, {"@text", c.text},
        {"@muted", c.muted}, {"@faded", blend(c.muted, c.window, 0.4)}, {"@good", c.good},
        {"@warning", c.warning}, {"@bad", c.bad}};
    QString sheet = QString::fromLatin1(kTemplate);
    for (const auto& [name, colour] : names) sheet.replace(QLatin1String(name), rgba(colour));
    return sheet;
}

}  // namespace txfm::ui
