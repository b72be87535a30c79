// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QAbstractTableModel>

#include "core/io/model_directory.h"
#include "core/preprocess/gene_matching.h"

namespace txfm::ui {

/// What happened to each gene of the file: its name, group and the model's gene it became. Roles: KindRole = GeneMatchKind as int.
class GeneMatchModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Role { KindRole = Qt::UserRole };
    using QAbstractTableModel::QAbstractTableModel;
    void set(std::shared_ptr<const GeneMatch> match, std::shared_ptr<const io::ModelDirectory> model);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 3; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    static QString kindText(GeneMatchKind kind);

private:
    std::shared_ptr<const GeneMatch> m_match;
    std::shared_ptr<const io::ModelDirectory> m_model;
};

}  // namespace txfm::ui
