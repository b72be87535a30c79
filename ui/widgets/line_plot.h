// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QColor>
#include <QPointF>
#include <QWidget>

namespace txfm::ui {

/// Curves over a common x axis: axes with round numbers, legend, values under the mouse. Long series are
/// thinned to what the width can show (minimum and maximum of each pixel column).
class LinePlot : public QWidget {
    Q_OBJECT
public:
    struct Series {
        QString name;
        QColor colour;
        std::vector<QPointF> points;  ///< x ascending; not-finite y are gaps
        bool faint = false;           ///< thin and pale, left out of the legend (raw values below a smoothed curve)
        bool dots = false;            ///< marks each point (sparse measurements)
    };
    explicit LinePlot(QWidget* parent = nullptr);
    void setTitles(const QString& title, const QString& xTitle);
    void setSeries(std::vector<Series> series);
    void setEmptyText(const QString& text);

    QSize sizeHint() const override { return {480, 240}; }
    QSize minimumSizeHint() const override { return {220, 120}; }

    /// Exponential moving average with bias correction; weight in [0, 1), 0 = the values themselves.
    static std::vector<QPointF> smooth(const std::vector<QPointF>& points, double weight);

protected:
    void paintEvent(QPaintEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void leaveEvent(QEvent*) override;

private:
    QRectF plotArea() const;
    void updateRange();
    QPointF toPixel(const QPointF& point, const QRectF& area) const;
    void drawAxes(class QPainter& painter, const QRectF& area) const;
    void drawSeries(QPainter& painter, const QRectF& area, const Series& series) const;
    void drawLegend(QPainter& painter, const QRectF& area) const;
    void drawHover(QPainter& painter, const QRectF& area) const;

    std::vector<Series> m_series;
    QString m_title, m_xTitle, m_emptyText;
    double m_xMin = 0, m_xMax = 1, m_yMin = 0, m_yMax = 1;
    bool m_hasPoints = false;
    double m_hoverX = -1;  // pixels, < 0 = none
};

}  // namespace txfm::ui
