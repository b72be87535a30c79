// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIconEngine>
#include <QString>

namespace txfm::ui {

/// Draws resources/icons/<name>.svg in the theme's colours: `currentColor` becomes the text colour, the
/// accent colour when the icon is on or selected, faded when disabled. Vector at every scale.
class SvgIconEngine final : public QIconEngine {
public:
    explicit SvgIconEngine(QString name) : m_name(std::move(name)) {}
    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override;
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override;
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale) override;
    QIconEngine* clone() const override { return new SvgIconEngine(m_name); }

private:
    QString m_name;
};

}  // namespace txfm::ui
