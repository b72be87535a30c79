// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>

namespace txfm::ui {

class ModelCatalogue;
class Session;

/// List of the models in the catalogue; the one that is chosen becomes the session's, and the list follows the session.
class ModelChoice : public QComboBox {
    Q_OBJECT
public:
    explicit ModelChoice(ModelCatalogue* catalogue, QWidget* parent = nullptr);
    /// Called once, before the list is used.
    void setSession(Session* session);

private:
    void follow();
    ModelCatalogue* m_catalogue;
    Session* m_session = nullptr;
};

}  // namespace txfm::ui
