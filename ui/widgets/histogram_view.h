// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <limits>
#include <vector>

#include <QWidget>

#include "ui/widgets/histogram.h"

namespace txfm::ui {

/// Histogram with two thresholds that are dragged with the mouse or moved with the arrow keys (Tab
/// switches between them). Values outside the thresholds are drawn as removed. An infinite threshold is off and
/// waits at its end of the axis.
class HistogramView : public QWidget {
    Q_OBJECT
public:
    explicit HistogramView(QWidget* parent = nullptr);

    void setHistogram(const Histogram& histogram, const QString& axisTitle);
    void setThresholds(double lower, double upper);
    /// Which thresholds can be moved.
    void setMovable(bool lower, bool upper);
    double lower() const { return m_lower; }
    double upper() const { return m_upper; }

    QSize sizeHint() const override { return {260, 150}; }
    QSize minimumSizeHint() const override { return {180, 120}; }

Q_SIGNALS:
    void thresholdsChanged(double lower, double upper);

protected:
    void paintEvent(QPaintEvent*) override;
    void mousePressEvent(QMouseEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void mouseReleaseEvent(QMouseEvent*) override;
    void mouseDoubleClickEvent(QMouseEvent*) override;
    void keyPressEvent(QKeyEvent*) override;
    void leaveEvent(QEvent*) override;

private:
    enum class Handle { None, Lower, Upper };
    QRectF plotArea() const;
    double toX(double value) const;
    Handle handleAt(double x) const;
    void moveHandle(Handle handle, double value);
    void drawHandle(class QPainter& painter, Handle handle, const QRectF& area) const;

    Histogram m_histogram;
    QString m_axisTitle;
    double m_lower = -std::numeric_limits<double>::infinity();
    double m_upper = std::numeric_limits<double>::infinity();
    bool m_lowerMovable = true, m_upperMovable = true;
    Handle m_dragged = Handle::None, m_hovered = Handle::None, m_active = Handle::Lower;
};

}  // namespace txfm::ui
