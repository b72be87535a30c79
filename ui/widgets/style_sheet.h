// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "ui/widgets/theme.h"

namespace txfm::ui {

/// The application's style sheet for these colours. Roles are dynamic properties: QPushButton[primary=true],
/// QLabel[role=muted|title|section|number], QFrame[role=card].
QString styleSheet(const ThemeColours& colours);

}  // namespace txfm::ui
