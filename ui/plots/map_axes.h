// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace txfm::ui {

/// How a map of obsm is named for people: "X_txfm_umap" → title "TxFM, UMAP", axes "UMAP 1" and "UMAP 2".
struct MapNames {
    QString title, xLabel, yLabel;
    bool numbers = false;  ///< axis values mean something (PCA)
};
MapNames mapNames(const QString& obsmKey, int first = 0, int second = 1);

}  // namespace txfm::ui
