// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

#include "ui/widgets/section.h"

class QGridLayout;
class QLabel;

namespace txfm::ui {

class Session;
class ShareBar;

/// How the file's genes fit the chosen model: matched, renamed, summed and dropped, by number and by share of the counts.
class GeneMatchPanel : public Section {
    Q_OBJECT
public:
    explicit GeneMatchPanel(QWidget* parent = nullptr);
    void setSession(Session* session);

private:
    void refresh();
    struct Row {
        QLabel *swatch, *name, *number, *share;
    };
    Session* m_session = nullptr;
    ShareBar* m_bar;
    QGridLayout* m_grid;
    std::array<Row, 4> m_rows;
    QLabel *m_verdict, *m_notes;
};

}  // namespace txfm::ui
