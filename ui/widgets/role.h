// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyle>
#include <QWidget>

namespace txfm::ui {

/// Gives a widget that is already on screen another role of the style sheet ("muted", "good", "bad" …; "" = plain). The
/// style reads the property only when it is applied anew.
inline void setRole(QWidget* widget, const char* role) {
    if (widget->property("role").toString() == QLatin1String(role)) return;
    widget->setProperty("role", role);
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

}  // namespace txfm::ui
