// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QWidget>

#include "ui/plots/scatter_view.h"

class QButtonGroup;
class QHBoxLayout;
class QLabel;
class QSlider;
class QToolButton;

namespace txfm::ui {

/// The tools above the maps of the Explore page.
///
/// Object names for tests: explorePanButton, exploreLassoButton, exploreRectangleButton, exploreResetButton,
/// exploreLabelsButton, explorePointSize, exploreExportButton, exploreSaveButton.
class ExploreToolbar : public QWidget {
    Q_OBJECT
public:
    explicit ExploreToolbar(QWidget* parent = nullptr);
    /// Steps of the point size slider, 0 = automatic.
    int pointSize() const;
    void setPointSize(int steps);
    bool labelsShown() const;
    void setLabelsShown(bool shown);

Q_SIGNALS:
    void toolChosen(txfm::ui::ScatterView::Tool tool);
    void resetRequested();
    void labelsToggled(bool on);
    void sizeFactorChanged(double factor);
    void exportRequested();
    void saveRequested();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QToolButton* addButton(const char* name, const char* icon, const QString& toolTip, const QString& text = {});
    void addTool(const char* name, const char* icon, const QString& toolTip, ScatterView::Tool tool);
    QHBoxLayout* m_row;
    QButtonGroup* m_tools;
    QToolButton* m_labels;
    std::vector<QToolButton*> m_withText;
    QLabel* m_sizeLabel;
    QSlider* m_size;
};

}  // namespace txfm::ui
