// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/gene_match_model.h"

namespace txfm::ui {

void GeneMatchModel::set(std::shared_ptr<const GeneMatch> match, std::shared_ptr<const io::ModelDirectory> model) {
    beginResetModel();
    m_match = std::move(match);
    m_model = std::move(model);
    endResetModel();
}

int GeneMatchModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !m_match ? 0 : static_cast<int>(m_match->name.size());
}

QString GeneMatchModel::kindText(GeneMatchKind kind) {
    switch (kind) {
    case GeneMatchKind::Matched: return tr("matched");
    case GeneMatchKind::Renamed: return tr("renamed");
    case GeneMatchKind::Duplicated: return tr("duplicate, summed");
    case GeneMatchKind::Dropped: return tr("not in the model");
    }
    return {};
}

QVariant GeneMatchModel::data(const QModelIndex& index, int role) const {
    if (!m_match || !index.isValid()) return {};
    const auto row = static_cast<size_t>(index.row());
    const GeneMatchKind kind = m_match->kind[row];
    if (role == KindRole) return static_cast<int>(kind);
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    if (index.column() == 0) return QString::fromStdString(m_match->name[row]);
    if (index.column() == 1) return kindText(kind);
    const int32_t target = m_match->target[row];
    if (target < 0 || !m_model) return {};
    return QString::fromStdString(m_model->vocabulary().symbols[static_cast<size_t>(target)]);
}

QVariant GeneMatchModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
    return section == 0 ? tr("gene in the file") : section == 1 ? tr("result") : tr("gene of the model");
}

}  // namespace txfm::ui
