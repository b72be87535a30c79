// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QAbstractTableModel>

#include "core/data/dataset.h"

namespace txfm::ui {

/// obs or var of a data set as a table: names in the vertical header, values as text. Nothing is copied, so a million rows cost nothing.
class SampleTableModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum class Which { Cells, Genes };
    explicit SampleTableModel(Which which, QObject* parent = nullptr) : QAbstractTableModel(parent), m_which(which) {}
    void setDataset(std::shared_ptr<const Dataset> dataset);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    const Table* table() const;
    Which m_which;
    std::shared_ptr<const Dataset> m_dataset;
};

}  // namespace txfm::ui
