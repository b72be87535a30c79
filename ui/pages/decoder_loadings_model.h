// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <QAbstractTableModel>

#include "ui/session/model_genes.h"

namespace txfm::ui {

/// The genes with the highest and lowest scores on one principal component, as two lists side by side:
/// columns gene, score (top), gene, score (bottom). Thread: the UI thread.
class DecoderLoadingsModel : public QAbstractTableModel {
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;
    /// `scores` [genes × components].
    void set(std::shared_ptr<const DenseMatrix> scores, std::shared_ptr<const ModelGenes> genes, int64_t component,
             int64_t count = 30);
    /// Gene of a cell of the table, "" = none.
    QString geneAt(const QModelIndex& index) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 4; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::shared_ptr<const DenseMatrix> m_scores;
    std::shared_ptr<const ModelGenes> m_genes;
    int64_t m_component = 0;
    std::vector<int64_t> m_top, m_bottom;  // genes, most extreme first
};

}  // namespace txfm::ui
