// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

namespace txfm::studio {

/// Version, licence and the licences of the libraries and data that come along.
class AboutDialog : public QDialog {
    Q_OBJECT
public:
    explicit AboutDialog(QWidget* parent = nullptr);
};

}  // namespace txfm::studio
