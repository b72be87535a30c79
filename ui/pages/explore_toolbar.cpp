// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/explore_toolbar.h"

#include <cmath>

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLabel>
#include <QSlider>
#include <QToolButton>

#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {
constexpr int kLabelFrom = 600, kTextsFrom = 540;  // pixels of the bar
}

ExploreToolbar::ExploreToolbar(QWidget* parent) : QWidget(parent), m_row(new QHBoxLayout(this)), m_tools(new QButtonGroup(this)) {
    m_row->setContentsMargins(0, 0, 0, 0);
    m_row->setSpacing(metric::kTiny);
    addTool("explorePanButton", "pan", tr("Move the map (drag); the wheel zooms"), ScatterView::Tool::Pan);
    addTool("exploreLassoButton", "lasso", tr("Lasso: draw around cells to select them. Shift adds, Alt removes, Esc clears"), ScatterView::Tool::Lasso);
    addTool("exploreRectangleButton", "rectangle", tr("Select a rectangle of cells. Shift adds, Alt removes, Esc clears"), ScatterView::Tool::Rectangle);
    m_tools->buttons().constFirst()->setChecked(true);
    m_row->addSpacing(metric::kGap);
    connect(addButton("exploreResetButton", "fit", tr("Show the whole map (0)")), &QToolButton::clicked, this, &ExploreToolbar::resetRequested);
    m_labels = addButton("exploreLabelsButton", "label", tr("Write the names of the categories onto the map"));
    m_labels->setCheckable(true);
    m_labels->setChecked(true);
    connect(m_labels, &QToolButton::toggled, this, &ExploreToolbar::labelsToggled);
    m_row->addSpacing(metric::kGap);

    m_sizeLabel = new QLabel(tr("Point size"), this);
    m_sizeLabel->setProperty("role", "muted");
    m_size = new QSlider(Qt::Horizontal, this);
    m_size->setObjectName(QStringLiteral("explorePointSize"));
    m_size->setRange(-20, 20);
    m_size->setMinimumWidth(40);  // gives way before the buttons' texts are cut
    m_size->setMaximumWidth(110);
    m_size->setToolTip(tr("Size of the points"));
    m_size->setAccessibleName(tr("Point size"));
    connect(m_size, &QSlider::valueChanged, this, [this](int value) { Q_EMIT sizeFactorChanged(std::pow(2.0, value / 10.0)); });
    m_row->addWidget(m_sizeLabel);
    m_row->addWidget(m_size);
    m_row->addStretch(1);
    connect(addButton("exploreExportButton", "export", tr("Export the maps as SVG, PDF or PNG"), tr("Export figure")), &QToolButton::clicked,
            this, &ExploreToolbar::exportRequested);
    connect(addButton("exploreSaveButton", "save", tr("Save the data with embedding, maps and clusters as .h5ad"), tr("Save data")),
            &QToolButton::clicked, this, &ExploreToolbar::saveRequested);
}

void ExploreToolbar::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    // In a small window tool tips have to do, so that no text is cut.
    m_sizeLabel->setVisible(width() >= kLabelFrom);
    for (QToolButton* button : m_withText) button->setToolButtonStyle(width() >= kTextsFrom ? Qt::ToolButtonTextBesideIcon : Qt::ToolButtonIconOnly);
}

int ExploreToolbar::pointSize() const { return m_size->value(); }
void ExploreToolbar::setPointSize(int steps) { m_size->setValue(steps); }
bool ExploreToolbar::labelsShown() const { return m_labels->isChecked(); }
void ExploreToolbar::setLabelsShown(bool shown) { m_labels->setChecked(shown); }

QToolButton* ExploreToolbar::addButton(const char* name, const char* icon, const QString& toolTip, const QString& text) {
    auto* button = new QToolButton(this);
    button->setObjectName(QLatin1String(name));
    button->setIcon(Theme::instance().icon(QLatin1String(icon)));
    button->setIconSize({metric::kIcon, metric::kIcon});
    button->setToolTip(toolTip);
    button->setAccessibleName(toolTip);
    button->setText(text);
    if (!text.isEmpty()) m_withText.push_back(button);
    m_row->addWidget(button);
    return button;
}

void ExploreToolbar::addTool(const char* name, const char* icon, const QString& toolTip, ScatterView::Tool tool) {
    QToolButton* button = addButton(name, icon, toolTip);
    button->setCheckable(true);
    m_tools->addButton(button);
    connect(button, &QToolButton::toggled, this, [this, tool](bool on) {
        if (on) Q_EMIT toolChosen(tool);
    });
}

}  // namespace txfm::ui
