// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include <QAbstractListModel>

#include "ui/plots/scatter_scene.h"

namespace txfm::ui {

/// Categories of a colouring as a checkable list (display = name, decoration = swatch, CountRole =
/// number of cells, check state = shown). The last row stands for missing values where there are any.
class LegendModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { CountRole = Qt::UserRole };
    using QAbstractListModel::QAbstractListModel;

    void setColors(std::shared_ptr<const PointColors> colors);
    const std::vector<uint8_t>& shown() const { return m_shown; }
    void showAll(bool shown);
    void showOnly(int row);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

Q_SIGNALS:
    void filterChanged();

private:
    void changed();
    std::shared_ptr<const PointColors> m_colors;
    std::vector<uint8_t> m_shown;
};

}  // namespace txfm::ui
