// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <QOpenGLWidget>
#include <QPolygonF>

#include "ui/plots/scatter_scene.h"

namespace txfm::ui {

class PointIndex;
class ScatterOverlay;
class ScatterRenderer;

/// Interactive scatter plot drawn by VTK: drag pans (or draws, with the lasso and rectangle tools), the
/// wheel zooms at the pointer, hovering names a point, Shift adds to the selection, Alt removes, Esc
/// clears. The view reports what the user encloses; whoever owns the selection decides and calls
/// setSelected(). Needs an OpenGL 3.2 core default surface format set before QApplication
/// (ScatterView::setDefaultFormat). Thread: the UI thread.
class ScatterView : public QOpenGLWidget {
    Q_OBJECT
public:
    enum class Tool { Pan, Lasso, Rectangle };
    enum class Combine { Replace, Add, Remove };
    Q_ENUM(Tool)

    explicit ScatterView(QWidget* parent = nullptr);
    ~ScatterView() override;
    /// Call once before QApplication is made.
    static void setDefaultFormat();

    /// Replaces everything; keeps pan and zoom when the points are the same object as before.
    /// `index` may be given when it was made elsewhere (large data), else it is made here.
    void setScene(ScatterScene scene, std::shared_ptr<const PointIndex> index = nullptr);
    void setColors(std::shared_ptr<const PointColors> colors);
    void setShown(PointMask shown);
    void setSelected(PointMask selected);
    void setLabels(std::vector<PlotLabel> labels);
    void setSizeFactor(double factor);
    void setDark(bool dark);
    void setTool(Tool tool);
    Tool tool() const { return m_tool; }
    /// Text of the hover tooltip ("" = none).
    void setHoverText(std::function<QString(int64_t point)> text) { m_hoverText = std::move(text); }
    /// Rings a point, e.g. the one that the pointer is over in another view; -1 = none.
    void setHighlight(int64_t point);
    /// Shows everything.
    void resetView();
    /// The part of the plane that the user zoomed to, empty = everything is shown.
    QRectF zoomWindow() const;
    /// Zooms there, if that is a part of the plane that zooming by hand can reach.
    void showWindow(const QRectF& window);
    void zoomBy(double factor);

    /// The scene with the part of the plane that is on show (for export).
    ScatterScene scene() const;
    /// Point under a widget position, -1 = none.
    int64_t pointAt(QPointF position) const;
    QPointF toWidget(QPointF data) const;
    QPointF toData(QPointF widget) const;
    QSize sizeHint() const override { return {480, 420}; }
    QSize minimumSizeHint() const override { return {180, 160}; }

Q_SIGNALS:
    void enclosed(const std::vector<int64_t>& points, txfm::ui::ScatterView::Combine combine);
    void selectionCleared();
    void pointClicked(int64_t point);
    void pointHovered(int64_t point);  ///< -1 = left

protected:
    void initializeGL() override;
    void paintGL() override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    friend class ScatterOverlay;
    void pointsChanged();
    void paintBackground();
    void updateLater();
    void setWindow(const QRectF& window);
    QRectF visibleWindow() const;
    double pointDiameter() const;
    void finishOutline(Combine combine);
    void hover(QPointF position, QPoint global);

    ScatterScene m_scene;
    std::shared_ptr<const PointIndex> m_index;
    std::unique_ptr<ScatterRenderer> m_renderer;
    ScatterOverlay* m_overlay;
    std::function<QString(int64_t)> m_hoverText;
    Tool m_tool = Tool::Pan;
    int m_framesLeft = 0;      // that are costly because they are the first
    bool m_stale = true;       // the renderer holds an older draw list
    quint64 m_generation = 0;  // of the scene; results for older ones are dropped
    std::shared_ptr<const DrawList> m_composed;  // made on another thread, not yet handed over
    bool m_dragging = false;   // moved far enough to be no click
    QPointF m_pressed, m_last;
    Tool m_active = Tool::Pan;
    QPolygonF m_outline;       // widget coordinates, while drawing
    int64_t m_hovered = -1, m_highlight = -1;
};

}  // namespace txfm::ui
