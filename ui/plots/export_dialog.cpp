// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QPushButton>
#include <QSpinBox>

#include "ui/widgets/theme.h"

namespace txfm::ui {

ExportDialog::ExportDialog(const QStringList& panelTitles, QWidget* parent)
    : QDialog(parent), m_panels(new QComboBox(this)), m_format(new QComboBox(this)), m_points(new QComboBox(this)),
      m_dpi(new QSpinBox(this)), m_legend(new QCheckBox(tr("with legend"), this)) {
    setWindowTitle(tr("Export figure"));
    if (panelTitles.size() > 1) m_panels->addItem(tr("All, side by side"), -1);
    for (int i = 0; i < panelTitles.size(); ++i) m_panels->addItem(panelTitles[i], i);
    m_format->addItem(tr("SVG (text and lines stay editable)"), QStringLiteral("svg"));
    m_format->addItem(tr("PNG (pixels)"), QStringLiteral("png"));
    m_points->addItem(tr("shapes up to 20,000, else pixels"), static_cast<int>(FigureOptions::Points::Automatic));
    m_points->addItem(tr("always shapes"), static_cast<int>(FigureOptions::Points::Vector));
    m_points->addItem(tr("always pixels"), static_cast<int>(FigureOptions::Points::Raster));
    m_points->setToolTip(tr("Many shapes make an SVG file large and slow to open"));
    m_dpi->setRange(30, 2400);
    m_dpi->setValue(300);
    m_dpi->setSuffix(tr(" dpi"));
    m_legend->setChecked(true);
    m_panels->setObjectName(QStringLiteral("exportPanels"));
    m_format->setObjectName(QStringLiteral("exportFormat"));
    m_dpi->setObjectName(QStringLiteral("exportDpi"));
    m_legend->setObjectName(QStringLiteral("exportLegend"));

    auto* form = new QFormLayout(this);
    form->setContentsMargins(metric::kMargin, metric::kMargin, metric::kMargin, metric::kMargin);
    form->setSpacing(metric::kGap);
    form->addRow(tr("Maps"), m_panels);
    form->addRow(tr("Format"), m_format);
    form->addRow(tr("Points in SVG"), m_points);
    form->addRow(tr("Resolution"), m_dpi);
    form->addRow(QString(), m_legend);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    QPushButton* next = buttons->addButton(tr("Choose file…"), QDialogButtonBox::AcceptRole);
    next->setProperty("primary", true);
    next->setDefault(true);
    form->addRow(buttons);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_format, &QComboBox::currentIndexChanged, this, [this](int i) { m_points->setEnabled(i == 0); });
}

QList<int> ExportDialog::panels() const {
    const int chosen = m_panels->currentData().toInt();
    if (chosen >= 0) return {chosen};
    QList<int> all;
    for (int i = 0; i + 1 < m_panels->count(); ++i) all << i;
    return all;
}

FigureOptions ExportDialog::options() const {
    FigureOptions options;
    options.dpi = m_dpi->value();
    options.legend = m_legend->isChecked();
    options.points = static_cast<FigureOptions::Points>(m_points->currentData().toInt());
    return options;
}

QString ExportDialog::ending() const { return QLatin1Char('.') + m_format->currentData().toString(); }

QString ExportDialog::ask(ExportDialog& dialog, const QString& suggestedBase) {
    if (dialog.exec() != QDialog::Accepted) return {};
    const QString ending = dialog.ending();
    QString path = QFileDialog::getSaveFileName(dialog.parentWidget(), dialog.windowTitle(), suggestedBase + ending,
                                                tr("Figure (*%1)").arg(ending));
    if (!path.isEmpty() && !path.endsWith(ending, Qt::CaseInsensitive)) path += ending;
    return path;
}

}  // namespace txfm::ui
