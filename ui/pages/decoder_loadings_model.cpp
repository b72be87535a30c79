// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/decoder_loadings_model.h"

#include <algorithm>
#include <numeric>

namespace txfm::ui {
namespace {

/// Names stand left, scores right; so do their headers.
bool isScore(int column) { return column % 2 == 1; }
int alignment(int column) { return static_cast<int>((isScore(column) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter); }

}  // namespace

void DecoderLoadingsModel::set(std::shared_ptr<const DenseMatrix> scores, std::shared_ptr<const ModelGenes> genes, int64_t component,
                               int64_t count) {
    beginResetModel();
    m_scores = std::move(scores);
    m_genes = std::move(genes);
    m_component = component;
    m_top.clear();
    m_bottom.clear();
    if (m_scores && component < m_scores->cols) {
        std::vector<int64_t> order(static_cast<size_t>(m_scores->rows));
        std::iota(order.begin(), order.end(), int64_t{0});
        const auto n = static_cast<ptrdiff_t>(std::min<int64_t>(count, m_scores->rows));
        const auto score = [this](int64_t gene) { return (*m_scores)(gene, m_component); };
        std::partial_sort(order.begin(), order.begin() + n, order.end(),
                          [&](int64_t a, int64_t b) { return score(a) > score(b); });
        m_top.assign(order.begin(), order.begin() + n);
        std::partial_sort(order.begin(), order.begin() + n, order.end(),
                          [&](int64_t a, int64_t b) { return score(a) < score(b); });
        m_bottom.assign(order.begin(), order.begin() + n);
    }
    endResetModel();
}

QString DecoderLoadingsModel::geneAt(const QModelIndex& index) const {
    if (!index.isValid() || static_cast<size_t>(index.row()) >= m_top.size()) return {};
    const auto& genes = index.column() < 2 ? m_top : m_bottom;
    return m_genes->symbol(genes[static_cast<size_t>(index.row())]);
}

int DecoderLoadingsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_top.size());
}

QVariant DecoderLoadingsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    if (role == Qt::TextAlignmentRole) return alignment(index.column());
    if (role == Qt::ToolTipRole) return tr("Click to see the neighbours of %1").arg(geneAt(index));
    if (role != Qt::DisplayRole) return {};
    if (!isScore(index.column())) return geneAt(index);
    const auto& genes = index.column() < 2 ? m_top : m_bottom;
    return QString::number(static_cast<double>((*m_scores)(genes[static_cast<size_t>(index.row())], m_component)), 'f', 3);
}

QVariant DecoderLoadingsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role == Qt::TextAlignmentRole) return orientation == Qt::Horizontal ? alignment(section) : static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    if (orientation == Qt::Vertical) return section + 1;
    switch (section) {
    case 0: return tr("Highest");
    case 2: return tr("Lowest");
    default: return tr("Score");
    }
}

}  // namespace txfm::ui
