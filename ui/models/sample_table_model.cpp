// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/sample_table_model.h"

#include <cmath>

#include "ui/widgets/format.h"

namespace txfm::ui {

const Table* SampleTableModel::table() const {
    if (!m_dataset) return nullptr;
    return m_which == Which::Cells ? &m_dataset->obs : &m_dataset->var;
}

void SampleTableModel::setDataset(std::shared_ptr<const Dataset> dataset) {
    beginResetModel();
    m_dataset = std::move(dataset);
    endResetModel();
}

int SampleTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !table() ? 0 : static_cast<int>(table()->rows());
}

int SampleTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() || !table() ? 0 : static_cast<int>(table()->columns.size()) + 1;
}

QVariant SampleTableModel::data(const QModelIndex& index, int role) const {
    if (!table() || !index.isValid()) return {};
    const auto row = static_cast<size_t>(index.row());
    if (index.column() == 0) {
        if (role == Qt::DisplayRole || role == Qt::ToolTipRole) return QString::fromStdString(table()->index[row]);
        return {};
    }
    const Column& column = table()->columns[static_cast<size_t>(index.column() - 1)];
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment(column.isNumeric() ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter));
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    if (column.isNumeric()) {
        const double value = column.number(row);
        return std::isfinite(value) ? formatNumber(value, 5) : QString();
    }
    return QString::fromStdString(column.text(row));
}

QVariant SampleTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (!table() || role != Qt::DisplayRole) return {};
    if (orientation == Qt::Vertical) return section + 1;
    if (section == 0) return m_which == Which::Cells ? tr("cell") : tr("gene");
    return QString::fromStdString(table()->columns[static_cast<size_t>(section - 1)].name);
}

}  // namespace txfm::ui
