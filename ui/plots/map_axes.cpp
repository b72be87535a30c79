// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/map_axes.h"

namespace txfm::ui {

MapNames mapNames(const QString& obsmKey, int first, int second) {
    QString rest = obsmKey.startsWith(QStringLiteral("X_")) ? obsmKey.mid(2) : obsmKey;
    const bool txfm = rest == QStringLiteral("txfm") || rest.startsWith(QStringLiteral("txfm_"));
    if (txfm) rest = rest.mid(5);
    QString method = rest.isEmpty() ? QStringLiteral("embedding") : rest;
    if (rest == QStringLiteral("umap") || rest == QStringLiteral("pca")) method = rest.toUpper();
    if (rest == QStringLiteral("tsne")) method = QStringLiteral("t-SNE");
    const QString axis = rest == QStringLiteral("pca") ? QStringLiteral("PC") : method;
    const bool known = method != rest;
    MapNames names;
    names.title = (txfm ? QStringLiteral("TxFM, ") : known ? QStringLiteral("Expression, ") : QString()) + method;
    names.xLabel = axis + QLatin1Char(' ') + QString::number(first + 1);
    names.yLabel = axis + QLatin1Char(' ') + QString::number(second + 1);
    names.numbers = rest == QStringLiteral("pca");
    return names;
}

}  // namespace txfm::ui
