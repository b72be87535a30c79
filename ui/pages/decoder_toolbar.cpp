// SPDX-License-Identifier: GPL-3.0-or-later
// The bar above the plot of DecoderPage: which model, weights, components and gene.
#include <utility>

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

#include "ui/pages/decoder_page.h"
#include "ui/panels/model_choice.h"
#include "ui/plots/scatter_view.h"
#include "ui/widgets/busy_indicator.h"
#include "ui/widgets/gene_edit.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

QWidget* DecoderPage::makeToolbar() {
    auto* bar = new QWidget(this);
    m_choice->setObjectName(QStringLiteral("decoderModel"));
    m_choice->setMinimumContentsLength(18);
    m_source = new QComboBox(bar);
    m_source->setObjectName(QStringLiteral("decoderSource"));
    m_source->addItem(tr("Decoder weights"), true);
    m_source->addItem(tr("Codebook"), false);
    m_source->setToolTip(tr("Decoder: what the model writes for a gene. Codebook: how it reads a gene."));
    m_x = new QComboBox(bar);
    m_y = new QComboBox(bar);
    m_x->setObjectName(QStringLiteral("decoderComponentX"));
    m_y->setObjectName(QStringLiteral("decoderComponentY"));
    m_x->setToolTip(tr("Component on the horizontal axis"));
    m_y->setToolTip(tr("Component on the vertical axis"));
    for (QComboBox* box : {m_source, m_x, m_y}) {
        box->setAccessibleName(box->toolTip());
        box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    }
    m_find = new GeneEdit(bar);
    m_find->setObjectName(QStringLiteral("decoderFindGene"));
    m_find->setPlaceholderText(tr("Find a gene"));
    m_find->setAccessibleName(tr("Find a gene"));
    m_find->setMaximumWidth(200);
    connect(m_find, &GeneEdit::geneChosen, this, &DecoderPage::findGene);
    connect(m_find, &QLineEdit::textChanged, this, [this](const QString& text) {
        if (text.isEmpty()) m_view->setHighlight(-1);
    });
    auto* reset = new QToolButton(bar);
    reset->setIcon(Theme::instance().icon(QStringLiteral("fit")));
    reset->setToolTip(tr("Show all genes (0)"));
    connect(reset, &QToolButton::clicked, m_view, &ScatterView::resetView);
    auto* figure = new QToolButton(bar);
    figure->setObjectName(QStringLiteral("decoderExportButton"));
    figure->setIcon(Theme::instance().icon(QStringLiteral("export")));
    figure->setText(tr("Export figure"));
    figure->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    figure->setToolTip(tr("Export the scatter plot as SVG, PDF or PNG"));
    connect(figure, &QToolButton::clicked, this, &DecoderPage::exportFigureFile);

    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metric::kSmall);
    row->addWidget(m_choice);
    row->addWidget(m_source);
    row->addWidget(m_x);
    row->addWidget(new QLabel(tr("against"), bar));
    row->addWidget(m_y);
    row->addWidget(m_find, 1);
    row->addWidget(reset);
    row->addWidget(m_busy);
    row->addStretch(1);
    row->addWidget(figure);
    connect(m_source, &QComboBox::activated, this, &DecoderPage::load);
    for (const auto& [box, axis] : {std::pair(m_x, 0), std::pair(m_y, 1)}) {
        connect(box, &QComboBox::activated, this, [this, axis = axis](int component) {
            m_wanted[static_cast<size_t>(axis)] = component;
            refreshScatter();
        });
    }
    return bar;
}

}  // namespace txfm::ui
