// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

#include <QDialog>

#include "ui/plots/figure_export.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QSpinBox;

namespace txfm::ui {

/// What the user chose to write.
struct FigureRequest {
    std::vector<ScatterScene> panels;
    FigureOptions options;
    QString path;
};

/// Asks which panels, format, size, resolution and background. Object names: exportPanels, exportFormat,
/// exportWidth, exportHeight, exportDpi, exportBackground, exportLegend, exportPixels. Thread: the UI thread.
class ExportDialog : public QDialog {
    Q_OBJECT
public:
    explicit ExportDialog(std::vector<ScatterScene> scenes, QWidget* parent = nullptr);
    std::vector<ScatterScene> panels() const;
    FigureOptions options() const;
    QString ending() const;

    /// Shows the dialog, then a file dialog beside `source` (see askSavePath()); nothing = the user changed their mind.
    static std::optional<FigureRequest> ask(std::vector<ScatterScene> scenes, const QString& baseName, const QString& source, QWidget* parent);

private:
    void refresh();
    std::vector<ScatterScene> m_scenes;
    QComboBox *m_panels, *m_format, *m_points, *m_background;
    QSpinBox *m_width, *m_height, *m_dpi;
    QCheckBox* m_legend;
    QLabel* m_pixels;
};

}  // namespace txfm::ui
