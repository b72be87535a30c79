// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/legend_model.h"

#include <algorithm>

#include <QPainter>
#include <QPixmap>

#include "ui/plots/color_scale.h"
#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

QPixmap swatch(QRgb color) {
    constexpr int kSize = 28;  // painted at twice its size, so sharp on dense screens
    QPixmap pixmap(kSize, kSize);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(QColor(color));
    painter.drawEllipse(QRectF(2, 2, kSize - 4, kSize - 4));
    painter.end();
    pixmap.setDevicePixelRatio(2);
    return pixmap;
}

}  // namespace

void LegendModel::setColors(std::shared_ptr<const PointColors> colors) {
    beginResetModel();
    m_colors = std::move(colors);
    const bool categorical = m_colors && m_colors->kind == PointColors::Kind::Categorical;
    m_shown.assign(categorical ? m_colors->entries.size() + 1 : 0, 1);
    endResetModel();
}

void LegendModel::changed() {
    Q_EMIT dataChanged(index(0), index(rowCount() - 1), {Qt::CheckStateRole});
    Q_EMIT filterChanged();
}

void LegendModel::showAll(bool shown) {
    std::fill(m_shown.begin(), m_shown.end(), shown ? 1 : 0);
    if (!m_shown.empty()) changed();
}

void LegendModel::showOnly(int row) {
    if (row < 0 || row >= rowCount()) return;
    std::fill(m_shown.begin(), m_shown.end(), 0);
    m_shown[static_cast<size_t>(row)] = 1;
    changed();
}

int LegendModel::rowCount(const QModelIndex& parent) const {
    if (parent.isValid() || m_shown.empty()) return 0;
    return static_cast<int>(m_colors->entries.size()) + (m_colors->missing > 0 ? 1 : 0);
}

QVariant LegendModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const auto row = static_cast<size_t>(index.row());
    const bool missing = row == m_colors->entries.size();
    const qlonglong count = missing ? m_colors->missing : m_colors->entries[row].count;
    const QString label = missing ? tr("no value") : m_colors->entries[row].label;
    switch (role) {
    case Qt::DisplayRole: return label;
    case Qt::ToolTipRole: return tr("%1: %2 cells").arg(label, formatCount(count));
    case Qt::DecorationRole:
        return swatch(missing ? missingColor(Theme::instance().isDark()) : m_colors->entries[row].color);
    case Qt::CheckStateRole: return m_shown[row] ? Qt::Checked : Qt::Unchecked;
    case CountRole: return count;
    default: return {};
    }
}

bool LegendModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    if (role != Qt::CheckStateRole || !index.isValid()) return false;
    m_shown[static_cast<size_t>(index.row())] = value.toInt() == Qt::Checked ? 1 : 0;
    changed();
    return true;
}

Qt::ItemFlags LegendModel::flags(const QModelIndex& index) const {
    return QAbstractListModel::flags(index) | Qt::ItemIsUserCheckable;
}

}  // namespace txfm::ui
