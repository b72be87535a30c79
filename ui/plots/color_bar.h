// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QWidget>

#include "ui/plots/scatter_scene.h"

namespace txfm::ui {

/// Horizontal viridis bar with round numbers below.
class ColorBar : public QWidget {
    Q_OBJECT
public:
    using QWidget::QWidget;
    void setColors(std::shared_ptr<const PointColors> colors);
    QSize sizeHint() const override { return {200, 48}; }
    QSize minimumSizeHint() const override { return {120, 48}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::shared_ptr<const PointColors> m_colors;
};

}  // namespace txfm::ui
