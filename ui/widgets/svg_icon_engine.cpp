// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/svg_icon_engine.h"

#include <QFile>
#include <QHash>
#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

#include "core/base/paths.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

/// Text of an icon file, read once.
QByteArray source(const QString& name) {
    static QHash<QString, QByteArray> cache;
    auto found = cache.constFind(name);
    if (found == cache.constEnd()) {
        QFile file(QString::fromStdString((txfm::resourceFolder() / "icons").string()) + QLatin1Char('/') + name +
                   QStringLiteral(".svg"));
        found = cache.insert(name, file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray());
    }
    return *found;
}

QColor colourFor(QIcon::Mode mode, QIcon::State state) {
    const ThemeColours& c = colours();
    if (mode == QIcon::Disabled) return c.border.darker(c.window.lightness() > 128 ? 120 : 80);
    if (mode == QIcon::Selected || state == QIcon::On) return c.accent;
    return mode == QIcon::Active ? c.text : c.muted;
}

}  // namespace

void SvgIconEngine::paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) {
    QByteArray svg = source(m_name);
    if (svg.isEmpty()) return;
    svg.replace("currentColor", colourFor(mode, state).name().toLatin1());
    QSvgRenderer renderer(svg);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    renderer.render(painter, rect);
    painter->restore();
}

QPixmap SvgIconEngine::pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) {
    return scaledPixmap(size, mode, state, 1.0);
}

QPixmap SvgIconEngine::scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) {
    QPixmap pixmap(size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paint(&painter, QRect(QPoint(), size), mode, state);
    return pixmap;
}

}  // namespace txfm::ui
