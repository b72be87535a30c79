// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include "ui/plots/figure_export.h"

class QCheckBox;
class QComboBox;
class QSpinBox;

namespace txfm::ui {

/// Asks which panels, format and resolution; then for the file name. Object names: exportPanels,
/// exportFormat, exportDpi, exportLegend. Thread: the UI thread.
class ExportDialog : public QDialog {
    Q_OBJECT
public:
    /// `panelTitles`: what can be exported, e.g. {"TxFM, UMAP", "Expression, PCA"}.
    explicit ExportDialog(const QStringList& panelTitles, QWidget* parent = nullptr);
    /// Indices into panelTitles.
    QList<int> panels() const;
    FigureOptions options() const;
    QString ending() const;

    /// Shows the dialog, then a file dialog; "" = the user changed their mind. Adds the ending where it is missing.
    static QString ask(ExportDialog& dialog, const QString& suggestedBase);

private:
    QComboBox *m_panels, *m_format, *m_points;
    QSpinBox* m_dpi;
    QCheckBox* m_legend;
};

}  // namespace txfm::ui
