// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model_choice.h"

#include "ui/models/model_catalogue.h"
#include "ui/session/session.h"

namespace txfm::ui {

ModelChoice::ModelChoice(ModelCatalogue* catalogue, QWidget* parent) : QComboBox(parent), m_catalogue(catalogue) {
    setModel(catalogue);
    setAccessibleName(tr("Model"));
    setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    connect(this, &QComboBox::activated, this, [this](int row) {
        m_session->chooseModel(m_catalogue->index(row).data(ModelCatalogue::FolderRole).toString());
    });
}

void ModelChoice::setSession(Session* session) {
    m_session = session;
    connect(session, &Session::modelChanged, this, &ModelChoice::follow);
    connect(m_catalogue, &QAbstractItemModel::modelReset, this, &ModelChoice::follow);
    follow();
}

void ModelChoice::follow() {
    setCurrentIndex(m_catalogue->indexOfFolder(m_session->modelFolder()));
    setPlaceholderText(m_catalogue->rowCount() > 0 ? tr("Choose a model") : tr("No model found"));
}

}  // namespace txfm::ui
