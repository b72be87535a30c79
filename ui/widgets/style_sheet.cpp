// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/style_sheet.h"

#include "core/base/paths.h"

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
QListWidget { padding: 3px; }
QHeaderView { background: @panel; border: none; }
QHeaderView::section { background: @raised; color: @muted; border: none; border-right: 1px solid @border; border-bottom: 1px solid @border; padding: 5px 4px; font-weight: 600; }
QHeaderView::section:vertical { padding: 0 6px; font-weight: normal; }
/* Every section of a header with an arrow leaves out its room, so only tables that can be sorted have one. */
QTreeView QHeaderView::up-arrow, #genesTable QHeaderView::up-arrow { image: url("@icons/chevron-up.svg"); subcontrol-position: top center; width: 9px; height: 9px; }
QTreeView QHeaderView::down-arrow, #genesTable QHeaderView::down-arrow { image: url("@icons/chevron-down.svg"); subcontrol-position: top center; width: 9px; height: 9px; }
QTableCornerButton::section { background: @raised; border: none; }

QLineEdit { background: @panel; color: @text; border: 1px solid @border; border-radius: 6px; padding: 5px 8px; }
QLineEdit:focus { border: 1px solid @accent; }
QLineEdit:disabled { color: @faded; background: @window; }

QComboBox, QAbstractSpinBox { background: @panel; color: @text; border: 1px solid @border; border-radius: 6px; padding: 4px 8px; min-height: 19px; }
QComboBox:hover, QAbstractSpinBox:hover { background: @stripe; }
QComboBox:focus, QAbstractSpinBox:focus { border: 1px solid @accent; }
QComboBox:disabled, QAbstractSpinBox:disabled { color: @faded; background: @window; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { border: none; border-radius: 0; padding: 0; background: transparent; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("@icons/chevron-down.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @panel; color: @text; border: 1px solid @border; border-radius: 0; outline: none; padding: 2px; }
QComboBox QAbstractItemView::item, #completions::item { min-height: 24px; padding: 0 6px; }
QComboBoxPrivateContainer { border: none; }
#completions { border-radius: 0; padding: 2px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { subcontrol-origin: border; width: 22px; border: none; background: transparent; }
QAbstractSpinBox::up-button { subcontrol-position: top right; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: @raised; border-radius: 4px; }
QAbstractSpinBox::up-arrow { image: url("@icons/chevron-up.svg"); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url("@icons/chevron-down.svg"); width: 10px; height: 10px; }

QCheckBox, QRadioButton { spacing: 7px; }
QCheckBox::indicator, QRadioButton::indicator, QListView::indicator, QTreeView::indicator { width: 14px; height: 14px; border: 1px solid @muted; background: @panel; }
QCheckBox::indicator, QListView::indicator, QTreeView::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked, QListView::indicator:checked, QTreeView::indicator:checked { border-color: @accent; background: @accent; image: url("@icons/@tick.svg"); }
QRadioButton::indicator:checked { width: 8px; height: 8px; border: 4px solid @accent; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: @border; background: @window; }
QCheckBox:focus, QRadioButton:focus { color: @accent; }

QTabWidget::pane { border: 1px solid @border; border-radius: 6px; background: @panel; top: -1px; }
QTabBar::tab { padding: 7px 14px; color: @muted; border: none; border-bottom: 2px solid transparent; background: transparent; }
QTabBar::tab:selected { color: @accent; border-bottom: 2px solid @accent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:focus { color: @accent; }

QProgressBar { border: none; border-radius: 4px; background: @raised; color: transparent; max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: @accent; border-radius: 4px; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }

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
#dropHint { background: @accentSoft; color: @accent; border: 2px dashed @accent; border-radius: 12px; margin: 12px; }
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
    sheet.replace(QStringLiteral("@tick"), c.accentText.lightness() > 128 ? QStringLiteral("tick-light") : QStringLiteral("tick-dark"));
    sheet.replace(QStringLiteral("@icons"), QString::fromStdString((resourceFolder() / "icons").string()));
    return sheet;
}

}  // namespace txfm::ui
