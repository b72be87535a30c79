// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include <QWidget>

#include "ui/plots/scatter_scene.h"

class QLabel;
class QListView;
class QStackedWidget;
class QToolButton;

namespace txfm::ui {

class ColorBar;
class LegendModel;

/// Key of a scatter plot: categories with swatch, count and a box that shows or hides their points
/// (double click: only this one), or a colour bar. Object names: legendList (QListView, check state
/// = shown), legendAllButton, legendNoneButton. Thread: the UI thread.
class LegendPanel : public QWidget {
    Q_OBJECT
public:
    explicit LegendPanel(QWidget* parent = nullptr);
    void setColors(std::shared_ptr<const PointColors> colors);
    /// One flag per category, the last one for points without a value; empty = nothing is filtered.
    const std::vector<uint8_t>& shownCategories() const;
    /// Flag per point for these colours; null when nothing is hidden.
    PointMask shownPoints() const;

Q_SIGNALS:
    void filterChanged();

private:
    void updateCounts();
    std::shared_ptr<const PointColors> m_colors;
    LegendModel* m_model;
    QLabel *m_title, *m_note;
    QListView* m_list;
    ColorBar* m_bar;
    QStackedWidget* m_stack;
    QToolButton *m_all, *m_none;
};

}  // namespace txfm::ui
