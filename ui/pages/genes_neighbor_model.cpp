// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/genes_neighbor_model.h"

#include "ui/widgets/theme.h"

namespace txfm::ui {

void GenesNeighborModel::set(std::vector<Row> rows, bool compared) {
    beginResetModel();
    m_rows = std::move(rows);
    m_compared = compared;
    endResetModel();
}

QString GenesNeighborModel::knownText(const Row& row) const {
    if (!m_compared) return {};
    return row.knownIn.isEmpty() ? tr("new") : row.knownIn.join(QStringLiteral(", "));
}

std::string GenesNeighborModel::toCsv() const {
    QString text = QStringLiteral("gene,cosine,percentile,known\n");
    for (const Row& row : m_rows)
        text += QStringLiteral("%1,%2,%3,%4\n").arg(row.gene, QString::number(static_cast<double>(row.cosine), 'g', 7),
                                                    QString::number(row.percentile, 'g', 7), row.knownIn.join(QLatin1Char(';')));
    return text.toStdString();
}

int GenesNeighborModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

namespace {

/// Of the cells and of the header above them.
int alignment(int column) {
    const bool text = column == GenesNeighborModel::GeneColumn || column == GenesNeighborModel::KnownColumn;
    return static_cast<int>((text ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
}

}  // namespace

QVariant GenesNeighborModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const Row& row = m_rows[static_cast<size_t>(index.row())];
    if (role == Qt::TextAlignmentRole) return alignment(index.column());
    if (role == Qt::ForegroundRole && index.column() == KnownColumn && m_compared)
        return row.knownIn.isEmpty() ? colours().accent : colours().muted;
    if (role != Qt::DisplayRole && role != SortRole) return {};
    switch (index.column()) {
    case RankColumn: return index.row() + 1;
    case GeneColumn: return row.gene;
    case CosineColumn:
        return role == SortRole ? QVariant(static_cast<double>(row.cosine)) : QString::number(static_cast<double>(row.cosine), 'f', 3);
    case PercentileColumn:
        return role == SortRole ? QVariant(row.percentile) : QString::number(row.percentile, 'f', 3);
    case KnownColumn: return knownText(row);
    default: return {};
    }
}

QVariant GenesNeighborModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical) return {};
    if (role == Qt::TextAlignmentRole) return alignment(section);
    if (role == Qt::ToolTipRole) {
        if (section == RankColumn) return tr("Rank by cosine");
        if (section == CosineColumn) return tr("Cosine of the two genes' vectors after subtracting the mean of all genes; 1 = same direction");
        if (section == PercentileColumn) return tr("Percent of random gene pairs with a lower cosine");
        if (section == KnownColumn) return tr("Files of known relations that hold the pair; new = in none of them");
        return {};
    }
    if (role != Qt::DisplayRole) return {};
    switch (section) {
    case RankColumn: return QStringLiteral("#");
    case GeneColumn: return tr("Gene");
    case CosineColumn: return tr("Cosine");
    case PercentileColumn: return tr("Percentile");
    case KnownColumn: return tr("Known in");
    default: return {};
    }
}

}  // namespace txfm::ui
