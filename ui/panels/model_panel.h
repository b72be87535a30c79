// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/section.h"

class QGridLayout;
class QLabel;
class QTextBrowser;

namespace txfm::ui {

class ModelCatalogue;
class ModelChoice;
class Session;

/// Choice of the model, its main numbers and its card.
class ModelPanel : public Section {
    Q_OBJECT
public:
    ModelPanel(ModelCatalogue* catalogue, QWidget* parent = nullptr);
    void setSession(Session* session);

private:
    void refresh();
    void addFolder();
    void addFact(int column, const QString& name, const QString& value);
    Session* m_session = nullptr;
    ModelCatalogue* m_catalogue;
    ModelChoice* m_choice;
    QGridLayout* m_facts;
    QTextBrowser* m_card;
    QLabel* m_problem;
};

}  // namespace txfm::ui
