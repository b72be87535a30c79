// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>

#include "ui/widgets/format.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

constexpr double kUnitsPerMm = 96 / 25.4;  // FigureOptions measures in 1/96 inch

QSpinBox* sizeBox(const char* name, double units, QWidget* parent) {
    auto* box = new QSpinBox(parent);
    box->setObjectName(QLatin1String(name));
    box->setRange(30, 1000);
    box->setSuffix(ExportDialog::tr(" mm"));
    box->setValue(qRound(units / kUnitsPerMm));
    return box;
}

}  // namespace

ExportDialog::ExportDialog(std::vector<ScatterScene> scenes, QWidget* parent)
    : QDialog(parent), m_scenes(std::move(scenes)), m_panels(new QComboBox(this)), m_format(new QComboBox(this)),
      m_points(new QComboBox(this)), m_background(new QComboBox(this)),
      m_width(sizeBox("exportWidth", FigureOptions().panelSize.width(), this)),
      m_height(sizeBox("exportHeight", FigureOptions().panelSize.height(), this)), m_dpi(new QSpinBox(this)),
      m_legend(new QCheckBox(tr("with legend"), this)), m_pixels(new QLabel(this)) {
    setWindowTitle(tr("Export figure"));
    if (m_scenes.size() > 1) m_panels->addItem(tr("All, side by side"), -1);
    for (size_t i = 0; i < m_scenes.size(); ++i) m_panels->addItem(m_scenes[i].title, static_cast<int>(i));
    m_format->addItem(tr("SVG (text and lines stay editable)"), QStringLiteral(".svg"));
    m_format->addItem(tr("PDF (text and lines stay editable)"), QStringLiteral(".pdf"));
    m_format->addItem(tr("PNG (pixels)"), QStringLiteral(".png"));
    m_points->addItem(tr("shapes up to 20,000, else pixels"), static_cast<int>(FigureOptions::Points::Automatic));
    m_points->addItem(tr("always shapes"), static_cast<int>(FigureOptions::Points::Vector));
    m_points->addItem(tr("always pixels"), static_cast<int>(FigureOptions::Points::Raster));
    m_points->setToolTip(tr("Many shapes make an SVG or PDF file large and slow to open"));
    m_background->addItem(tr("white"), false);
    m_background->addItem(tr("transparent"), true);
    m_width->setToolTip(tr("Width of each map, without the legend"));
    m_height->setToolTip(tr("Height of each map"));
    m_width->setAccessibleName(m_width->toolTip());
    m_height->setAccessibleName(m_height->toolTip());
    m_dpi->setRange(30, 2400);
    m_dpi->setValue(300);
    m_dpi->setSuffix(tr(" dpi"));
    m_legend->setChecked(true);
    m_panels->setObjectName(QStringLiteral("exportPanels"));
    m_format->setObjectName(QStringLiteral("exportFormat"));
    m_dpi->setObjectName(QStringLiteral("exportDpi"));
    m_background->setObjectName(QStringLiteral("exportBackground"));
    m_legend->setObjectName(QStringLiteral("exportLegend"));
    m_pixels->setObjectName(QStringLiteral("exportPixels"));
    m_pixels->setProperty("role", "muted");

    auto* size = new QHBoxLayout;
    size->setSpacing(metric::kSmall);
    size->addWidget(m_width, 1);
    size->addWidget(new QLabel(QStringLiteral("×"), this));
    size->addWidget(m_height, 1);
    auto* form = new QFormLayout(this);
    form->setContentsMargins(metric::kMargin, metric::kMargin, metric::kMargin, metric::kMargin);
    form->setSpacing(metric::kGap);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    form->addRow(tr("Maps"), m_panels);
    form->addRow(tr("Format"), m_format);
    form->addRow(tr("Size of a map"), size);
    form->addRow(tr("Resolution"), m_dpi);
    form->addRow(QString(), m_pixels);
    form->addRow(tr("Background"), m_background);
    form->addRow(tr("Points"), m_points);
    form->addRow(QString(), m_legend);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    auto* next = new QPushButton(tr("Choose file…"), this);
    next->setProperty("primary", true);
    buttons->addButton(next, QDialogButtonBox::AcceptRole);
    next->setDefault(true);
    form->addRow(buttons);
    const QList<QWidget*> order{m_panels, m_format, m_width, m_height, m_dpi, m_background, m_points, m_legend, buttons};
    for (qsizetype i = 1; i < order.size(); ++i) setTabOrder(order[i - 1], order[i]);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    for (QComboBox* box : {m_panels, m_format, m_points}) connect(box, &QComboBox::currentIndexChanged, this, &ExportDialog::refresh);
    for (QSpinBox* box : {m_width, m_height, m_dpi}) connect(box, &QSpinBox::valueChanged, this, &ExportDialog::refresh);
    connect(m_legend, &QCheckBox::toggled, this, &ExportDialog::refresh);
    refresh();
}

void ExportDialog::refresh() {
    const bool pixels = ending() == QStringLiteral(".png");
    m_points->setEnabled(!pixels);
    const QSize size = figurePixels(panels(), options());
    m_pixels->setText(pixels ? tr("%1 × %2 pixels in all").arg(formatCount(size.width()), formatCount(size.height()))
                             : tr("of points drawn as pixels"));
}

std::vector<ScatterScene> ExportDialog::panels() const {
    const int chosen = m_panels->currentData().toInt();
    if (chosen < 0) return m_scenes;
    return {m_scenes[static_cast<size_t>(chosen)]};
}

FigureOptions ExportDialog::options() const {
    FigureOptions options;
    options.panelSize = QSizeF(m_width->value(), m_height->value()) * kUnitsPerMm;
    options.dpi = m_dpi->value();
    options.legend = m_legend->isChecked();
    options.points = static_cast<FigureOptions::Points>(m_points->currentData().toInt());
    options.transparent = m_background->currentData().toBool();
    return options;
}

QString ExportDialog::ending() const { return m_format->currentData().toString(); }

std::optional<FigureRequest> ExportDialog::ask(std::vector<ScatterScene> scenes, const QString& baseName, const QString& source, QWidget* parent) {
    ExportDialog dialog(std::move(scenes), parent);
    if (dialog.exec() != QDialog::Accepted) return std::nullopt;
    FigureRequest request{dialog.panels(), dialog.options(), {}};
    request.path = askSavePath(parent, dialog.windowTitle(), baseName + dialog.ending(), tr("Figure (*.svg *.pdf *.png)"), source);
    if (request.path.isEmpty()) return std::nullopt;
    return request;
}

}  // namespace txfm::ui
