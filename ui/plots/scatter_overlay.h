// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <QWidget>

#include "ui/plots/scatter_scene.h"

class QPainter;

namespace txfm::ui {

class ScatterView;

/// Axes, axis names and labels of a scatter plot inside `frame`; `toFrame` maps data to painter units.
/// Shared by the screen and the exported figure, so that both look the same.
void paintScatterAnnotations(QPainter& painter, const ScatterScene& scene, const QRectF& frame,
                             const std::function<QPointF(QPointF)>& toFrame);

/// Text and outlines above the points; lets the mouse through.
class ScatterOverlay : public QWidget {
    Q_OBJECT
public:
    explicit ScatterOverlay(ScatterView* view);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ScatterView* m_view;
};

}  // namespace txfm::ui
