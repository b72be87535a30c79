// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/scatter_view.h"

#include <cmath>
#include <utility>

#include <QCoreApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QOpenGLContext>
#include <QOpenGLFunctions>
#include <QSurfaceFormat>
#include <QTimer>
#include <QToolTip>
#include <QtConcurrentRun>

#include "ui/plots/point_index.h"
#include "ui/plots/scatter_overlay.h"
#include "ui/plots/scatter_renderer.h"

namespace txfm::ui {

namespace {

constexpr size_t kComposeHere = 100000;  // points; more are prepared on another thread
constexpr double kClickDistance = 4;  // device-independent pixels
constexpr double kHoverRadius = 5;
constexpr int kFirstFrames = 3;  // VTK's set-up, its first empty frame, the first points
constexpr double kMinZoom = 0.5, kMaxZoom = 2000;

ScatterView::Combine combineFor(Qt::KeyboardModifiers modifiers) {
    if (modifiers & Qt::AltModifier) return ScatterView::Combine::Remove;
    if (modifiers & Qt::ShiftModifier) return ScatterView::Combine::Add;
    return ScatterView::Combine::Replace;
}

/// Preparing VTK and its first frames take a software renderer most of a tenth of a second each, since it compiles every
/// shader: of all views together only one takes such a step in one turn of the event loop.
bool takeCostlyStep() {
    static bool taken = false;
    if (taken) return false;
    taken = true;
    QTimer::singleShot(0, QCoreApplication::instance(), [] { taken = false; });
    return true;
}

}  // namespace

ScatterView::ScatterView(QWidget* parent)
    : QOpenGLWidget(parent), m_renderer(std::make_unique<ScatterRenderer>()), m_overlay(new ScatterOverlay(this)) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Scatter plot"));
}

ScatterView::~ScatterView() {
    if (context()) {
        disconnect(context(), nullptr, this, nullptr);
        makeCurrent();
        m_renderer.reset();
        doneCurrent();
    }
}

void ScatterView::setDefaultFormat() {
    QSurfaceFormat format;
    format.setRenderableType(QSurfaceFormat::OpenGL);
    format.setVersion(3, 2);
    format.setProfile(QSurfaceFormat::CoreProfile);
    format.setSwapBehavior(QSurfaceFormat::DoubleBuffer);
    format.setRedBufferSize(8);
    format.setGreenBufferSize(8);
    format.setBlueBufferSize(8);
    format.setAlphaBufferSize(8);
    format.setDepthBufferSize(24);
    format.setStencilBufferSize(8);
    format.setSamples(0);
    QSurfaceFormat::setDefaultFormat(format);
}

void ScatterView::setScene(ScatterScene scene, std::shared_ptr<const PointIndex> index) {
    const bool samePoints = scene.points == m_scene.points && m_index;
    const QRectF window = m_scene.window;
    m_scene = std::move(scene);
    if (samePoints) {
        m_scene.window = window;
    } else {
        m_hovered = m_highlight = -1;
        m_index = index ? std::move(index)
                        : (m_scene.points ? std::make_shared<const PointIndex>(m_scene.points) : nullptr);
        if (m_scene.points && m_scene.window.isEmpty()) m_scene.window = fullWindow(*m_scene.points);
    }
    pointsChanged();
}

void ScatterView::setColors(std::shared_ptr<const PointColors> colors) {
    m_scene.colors = std::move(colors);
    pointsChanged();
}

void ScatterView::setShown(PointMask shown) {
    m_scene.shown = std::move(shown);
    pointsChanged();
}

void ScatterView::setSelected(PointMask selected) {
    m_scene.selected = std::move(selected);
    pointsChanged();
}

void ScatterView::setLabels(std::vector<PlotLabel> labels) {
    m_scene.labels = std::move(labels);
    m_overlay->update();
}

void ScatterView::setSizeFactor(double factor) {
    m_scene.sizeFactor = factor;
    update();
}

void ScatterView::setDark(bool dark) {
    if (dark == m_scene.dark) return;
    m_scene.dark = dark;
    pointsChanged();
}

void ScatterView::setHighlight(int64_t point) {
    if (point == m_highlight) return;
    m_highlight = point;
    m_overlay->update();
}

void ScatterView::setTool(Tool tool) {
    m_tool = tool;
    setCursor(tool == Tool::Pan ? Qt::ArrowCursor : Qt::CrossCursor);
}

void ScatterView::pointsChanged() {
    m_stale = true;
    m_composed.reset();
    const quint64 generation = ++m_generation;
    m_overlay->update();
    if (!m_scene.points || m_scene.points->size() <= kComposeHere) {
        update();
        return;
    }
    QtConcurrent::run([scene = m_scene] { return std::make_shared<const DrawList>(composeDrawList(scene)); })
        .then(this, [this, generation](std::shared_ptr<const DrawList> list) {
            if (generation != m_generation) return;
            m_composed = std::move(list);
            update();
        });
}

ScatterScene ScatterView::scene() const {
    ScatterScene scene = m_scene;
    scene.window = visibleWindow();
    return scene;
}

QRectF ScatterView::visibleWindow() const {
    return m_scene.equalScale ? fitWindow(m_scene.window, size()) : m_scene.window;
}

void ScatterView::setWindow(const QRectF& window) {
    m_scene.window = window;
    update();
    m_overlay->update();
}

void ScatterView::resetView() {
    if (m_scene.points) setWindow(fullWindow(*m_scene.points));
}

QRectF ScatterView::zoomWindow() const {
    return m_scene.points && m_scene.window != fullWindow(*m_scene.points) ? m_scene.window : QRectF();
}

void ScatterView::showWindow(const QRectF& window) {
    if (!m_scene.points || !std::isfinite(window.x()) || !std::isfinite(window.y()) || !(window.width() > 0 && window.height() > 0)) return;
    const double zoom = fullWindow(*m_scene.points).width() / window.width();
    if (zoom >= kMinZoom && zoom <= kMaxZoom) setWindow(window);
}

void ScatterView::zoomBy(double factor) {
    if (!m_scene.points || factor <= 0) return;
    QRectF window = m_scene.window;
    const QPointF center = window.center();
    window.setSize(window.size() / factor);
    window.moveCenter(center);
    setWindow(window);
}

QPointF ScatterView::toWidget(QPointF data) const {
    const QRectF window = visibleWindow();
    if (window.isEmpty()) return {};
    return {(data.x() - window.left()) / window.width() * width(),
            (window.bottom() - data.y()) / window.height() * height()};
}

QPointF ScatterView::toData(QPointF widget) const {
    const QRectF window = visibleWindow();
    return {window.left() + widget.x() / std::max(1, width()) * window.width(),
            window.bottom() - widget.y() / std::max(1, height()) * window.height()};
}

double ScatterView::pointDiameter() const {
    if (!m_scene.points) return 1;
    const double zoom = fullWindow(*m_scene.points).width() / std::max(1e-12, m_scene.window.width());
    return m_scene.sizeFactor * automaticPointSize(m_scene.points->size(), std::min(width(), height()), zoom);
}

int64_t ScatterView::pointAt(QPointF position) const {
    if (!m_index || !m_scene.points) return -1;
    const QRectF window = visibleWindow();
    const double radius = std::max(kHoverRadius, pointDiameter() / 2 + 1);
    return m_index->nearest(toData(position), radius * window.width() / std::max(1, width()),
                            radius * window.height() / std::max(1, height()), m_scene.shown);
}

void ScatterView::initializeGL() {
    QOpenGLContext* own = context();
    connect(own, &QOpenGLContext::aboutToBeDestroyed, this, [this] {
        makeCurrent();
        m_renderer->release();
        doneCurrent();
    });
    m_framesLeft = kFirstFrames;
    m_stale = true;
}

void ScatterView::paintBackground() {
    const QColor background(sceneBackground(m_scene.dark));
    auto* functions = context()->functions();
    functions->glClearColor(background.redF(), background.greenF(), background.blueF(), 1);
    functions->glClear(GL_COLOR_BUFFER_BIT);
}

void ScatterView::updateLater() { QTimer::singleShot(0, this, qOverload<>(&QWidget::update)); }

void ScatterView::paintGL() {
    if (!m_scene.points || m_scene.points->size() == 0) {
        paintBackground();
        return;
    }
    if (m_framesLeft > 0) {
        if (!takeCostlyStep()) {
            paintBackground();
            updateLater();
            return;
        }
        --m_framesLeft;
    }
    if (!m_renderer->isReady()) {
        QOpenGLContext* own = context();
        // The context's own makeCurrent: the widget's would bind its framebuffer again in mid-frame.
        m_renderer->initialize([own] { own->makeCurrent(own->surface()); });
        makeCurrent();
        paintBackground();
        updateLater();
        return;
    }
    if (m_stale && m_scene.points->size() <= kComposeHere) {
        m_renderer->setPoints(std::make_shared<const DrawList>(composeDrawList(m_scene)));
        m_stale = false;
    } else if (m_composed) {
        m_renderer->setPoints(std::exchange(m_composed, nullptr));
        m_stale = false;
    }
    m_renderer->setBackground(sceneBackground(m_scene.dark));
    const double ratio = devicePixelRatioF();
    const QSize pixels(qRound(width() * ratio), qRound(height() * ratio));
    if (!m_renderer->render(visibleWindow(), pixels, pointDiameter() * ratio, defaultFramebufferObject())) updateLater();
}

void ScatterView::resizeEvent(QResizeEvent* event) {
    QOpenGLWidget::resizeEvent(event);
    m_overlay->setGeometry(rect());
}

void ScatterView::mousePressEvent(QMouseEvent* event) {
    setFocus(Qt::MouseFocusReason);
    if (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton) return;
    m_pressed = m_last = event->position();
    m_dragging = false;
    m_active = event->button() == Qt::MiddleButton ? Tool::Pan : m_tool;
    m_outline.clear();
    if (m_active != Tool::Pan) m_outline << event->position();
}

void ScatterView::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & (Qt::LeftButton | Qt::MiddleButton))) {
        hover(event->position(), event->globalPosition().toPoint());
        return;
    }
    if (!m_dragging && QLineF(m_pressed, event->position()).length() < kClickDistance) return;
    m_dragging = true;
    if (m_active == Tool::Pan) {
        const QPointF moved = toData(m_last) - toData(event->position());
        setWindow(m_scene.window.translated(moved));
    } else if (m_active == Tool::Rectangle) {
        m_outline = QPolygonF(QRectF(m_pressed, event->position()).normalized());
        m_overlay->update();
    } else {
        m_outline << event->position();
        m_overlay->update();
    }
    m_last = event->position();
}

void ScatterView::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton) return;
    if (m_dragging && m_active != Tool::Pan) {
        finishOutline(combineFor(event->modifiers()));
    } else if (!m_dragging && event->button() == Qt::LeftButton) {
        const int64_t point = pointAt(event->position());
        if (point >= 0) Q_EMIT pointClicked(point);
    }
    m_outline.clear();
    m_dragging = false;
    m_overlay->update();
}

void ScatterView::finishOutline(Combine combine) {
    if (!m_index || !m_scene.points) return;
    QPolygonF outline;
    for (const QPointF& p : m_outline) outline << toData(p);
    Q_EMIT enclosed(m_active == Tool::Rectangle ? m_index->inRectangle(outline.boundingRect(), m_scene.shown)
                                                : m_index->inPolygon(outline, m_scene.shown),
                    combine);
}

void ScatterView::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && m_tool == Tool::Pan) resetView();
}

void ScatterView::wheelEvent(QWheelEvent* event) {
    if (!m_scene.points) return;
    const double factor = std::pow(1.0015, event->angleDelta().y());
    const double zoom = fullWindow(*m_scene.points).width() / std::max(1e-12, m_scene.window.width()) * factor;
    event->accept();
    if (zoom < kMinZoom || zoom > kMaxZoom) return;
    const QPointF anchor = toData(event->position());
    QRectF window = m_scene.window;
    window.setTopLeft(anchor + (window.topLeft() - anchor) / factor);
    window.setSize(m_scene.window.size() / factor);
    setWindow(window);
}

void ScatterView::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_Escape:
        m_outline.clear();
        m_overlay->update();
        Q_EMIT selectionCleared();
        return;
    case Qt::Key_Plus:
    case Qt::Key_Equal: zoomBy(1.25); return;
    case Qt::Key_Minus: zoomBy(0.8); return;
    case Qt::Key_0: resetView(); return;
    case Qt::Key_Left: setWindow(m_scene.window.translated(-m_scene.window.width() / 10, 0)); return;
    case Qt::Key_Right: setWindow(m_scene.window.translated(m_scene.window.width() / 10, 0)); return;
    case Qt::Key_Up: setWindow(m_scene.window.translated(0, m_scene.window.height() / 10)); return;
    case Qt::Key_Down: setWindow(m_scene.window.translated(0, -m_scene.window.height() / 10)); return;
    default: QOpenGLWidget::keyPressEvent(event);
    }
}

void ScatterView::hover(QPointF position, QPoint global) {
    const int64_t point = pointAt(position);
    if (point != m_hovered) {
        m_hovered = point;
        m_overlay->update();
        Q_EMIT pointHovered(point);
    }
    if (point >= 0 && m_hoverText) {
        QToolTip::showText(global + QPoint(4, 4), m_hoverText(point), this);
    } else {
        QToolTip::hideText();
    }
}

void ScatterView::leaveEvent(QEvent*) {
    if (m_hovered < 0) return;
    m_hovered = -1;
    m_overlay->update();
    Q_EMIT pointHovered(-1);
}

}  // namespace txfm::ui
