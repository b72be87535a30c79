// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>

namespace txfm::ui {

/// Names of the pages as used by navigation, `--page` and saved geometry.
namespace page {
inline const QString kStart = QStringLiteral("start");
inline const QString kData = QStringLiteral("data");
inline const QString kEmbed = QStringLiteral("embed");
inline const QString kExplore = QStringLiteral("explore");
inline const QString kFineTune = QStringLiteral("finetune");
inline const QString kGenes = QStringLiteral("genes");
inline const QString kDecoder = QStringLiteral("decoder");
}  // namespace page

/// How pages send the user elsewhere without knowing each other: a page emits, the window and the page
/// concerned listen. Thread: the UI thread.
class Navigation : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

public Q_SLOTS:
    void showPage(const QString& id) { Q_EMIT pageRequested(id); }
    /// Opens Genes with this gene (symbol of the model's vocabulary).
    void showGene(const QString& symbol) {
        Q_EMIT geneRequested(symbol);
        Q_EMIT pageRequested(page::kGenes);
    }
    /// Opens Explore, coloured by an obs column.
    void colourByColumn(const QString& column) {
        Q_EMIT colourByColumnRequested(column);
        Q_EMIT pageRequested(page::kExplore);
    }
    /// Opens Explore, coloured by a gene's expression.
    void colourByGene(const QString& symbol) {
        Q_EMIT colourByGeneRequested(symbol);
        Q_EMIT pageRequested(page::kExplore);
    }
    /// Asks where to save data and results, and saves them.
    void saveResults() { Q_EMIT saveRequested(); }
    /// One short line in the status bar.
    void showStatus(const QString& text) { Q_EMIT statusRequested(text); }
    /// A help topic (file name without .md in resources/help).
    void showHelp(const QString& topic) { Q_EMIT helpRequested(topic); }

Q_SIGNALS:
    void pageRequested(const QString& id);
    void geneRequested(const QString& symbol);
    void colourByColumnRequested(const QString& column);
    void colourByGeneRequested(const QString& symbol);
    void saveRequested();
    void statusRequested(const QString& text);
    void helpRequested(const QString& topic);
};

}  // namespace txfm::ui
