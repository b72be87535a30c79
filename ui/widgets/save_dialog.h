// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

class QWidget;

namespace txfm::ui {

/// Asks where to write a result; "" = the user changed their mind. `name` is the file proposed, and its ending is added
/// where the answer has none that `filter` names. The dialog starts in the folder of `source`, which the result is from;
/// without one, or where that is the program's own demo data, in the folder of the last answer or in the documents.
QString askSavePath(QWidget* parent, const QString& title, const QString& name, const QString& filter, const QString& source = {});

}  // namespace txfm::ui
