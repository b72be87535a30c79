// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <QAbstractTableModel>

#include "core/analysis/gene_relations.h"

namespace txfm::ui {

/// Ranked neighbours of one gene: rank, gene, cosine, percentile, where the pair is known. Sort through a
/// proxy with SortRole. Thread: the UI thread.
class GenesNeighborModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { RankColumn, GeneColumn, CosineColumn, PercentileColumn, KnownColumn, ColumnCount };
    enum Role { SortRole = Qt::UserRole };
    struct Row {
        QString gene;
        float cosine = 0;
        double percentile = 0;
        QStringList knownIn;  ///< names of the pair files that hold the pair
    };
    using QAbstractTableModel::QAbstractTableModel;
    /// `compared`: pair files are loaded, so a pair in none of them is called new.
    void set(std::vector<Row> rows, bool compared);
    const std::vector<Row>& rows() const { return m_rows; }
    /// gene,cosine,percentile,known as `txfm genes neighbors` writes it.
    std::string toCsv() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : ColumnCount; }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString knownText(const Row& row) const;
    std::vector<Row> m_rows;
    bool m_compared = false;
};

}  // namespace txfm::ui
