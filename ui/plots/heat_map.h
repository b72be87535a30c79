// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <QWidget>

class QPainter;

namespace txfm::ui {

/// A square matrix of relations, e.g. cosines of genes; values in [-1, 1] or any range around 0.
struct HeatMapData {
    std::vector<QString> labels;   ///< n, in drawing order
    std::vector<float> values;     ///< [n × n], row-major, in drawing order; NaN = not known
    QString quantity;              ///< e.g. "cosine"
    double limit = 1;              ///< colours saturate at ± limit
    size_t size() const { return labels.size(); }
};

/// First line and column: labels; C locale.
std::string heatMapCsv(const HeatMapData& data);

/// Heat map with diverging colours centred at 0, labels where there is room, the value under the pointer
/// as a tooltip. Thread: the UI thread.
class HeatMap : public QWidget {
    Q_OBJECT
public:
    explicit HeatMap(QWidget* parent = nullptr);
    void setData(std::shared_ptr<const HeatMapData> data);
    std::shared_ptr<const HeatMapData> data() const { return m_data; }
    void setEmptyText(const QString& text);

    /// Draws map, labels and colour bar into `area`; shared by screen and export.
    static void paint(QPainter& painter, const HeatMapData& data, const QRectF& area, const QColor& ink);

    QSize sizeHint() const override { return {420, 420}; }
    QSize minimumSizeHint() const override { return {200, 200}; }

Q_SIGNALS:
    /// A square was clicked.
    void pairClicked(int row, int column);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    QPoint squareAt(QPointF position) const;
    std::shared_ptr<const HeatMapData> m_data;
    QString m_emptyText;
    QPoint m_hovered{-1, -1};
};

}  // namespace txfm::ui
