// SPDX-License-Identifier: GPL-3.0-or-later
// The left side of GenesPage: what is asked for.
#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTimer>
#include <QVBoxLayout>

#include "ui/pages/genes_page.h"
#include "ui/pages/genes_relations.h"
#include "ui/panels/model_choice.h"
#include "ui/widgets/busy_indicator.h"
#include "ui/widgets/gene_edit.h"
#include "ui/widgets/section.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

QWidget* GenesPage::makeControls() {
    auto* panel = new QWidget(this);
    panel->setFixedWidth(metric::kSidePanel);
    m_search = new GeneEdit(panel);
    m_search->setObjectName(QStringLiteral("genesSearch"));
    m_search->setPlaceholderText(tr("Gene symbol, e.g. CD3D"));
    m_search->setAccessibleName(tr("Gene"));
    connect(m_search, &GeneEdit::geneChosen, this, &GenesPage::showGene);
    m_source = new QComboBox(panel);
    m_source->setObjectName(QStringLiteral("genesSource"));
    m_source->addItem(tr("Codebook"), false);
    m_source->addItem(tr("Decoder weights"), true);
    m_source->setToolTip(tr("Codebook: how the model reads a gene. Decoder: what it writes for a gene."));
    m_source->setAccessibleName(tr("Gene vectors"));
    connect(m_source, &QComboBox::activated, this, [this] {
        askNeighbors();
        askHeatMap();
    });
    m_count = new QSpinBox(panel);
    m_count->setObjectName(QStringLiteral("genesCount"));
    m_count->setRange(5, 1000);
    m_count->setValue(50);
    m_count->setSuffix(tr(" neighbours"));
    m_count->setKeyboardTracking(false);
    m_count->setAccessibleName(tr("Number of neighbours"));
    connect(m_count, &QSpinBox::valueChanged, this, &GenesPage::askNeighbors);
    auto* model = new Section(tr("Model"), panel);
    m_choice->setObjectName(QStringLiteral("genesModel"));
    model->body()->addWidget(m_choice);
    auto* gene = new Section(tr("Gene"), panel);
    gene->addHeaderWidget(m_busy);
    for (QWidget* widget : {static_cast<QWidget*>(m_search), static_cast<QWidget*>(m_source), static_cast<QWidget*>(m_count)})
        gene->body()->addWidget(widget);

    m_loadPairs = new QPushButton(tr("Load pairs file…"), panel);
    m_loadPairs->setObjectName(QStringLiteral("genesLoadPairs"));
    m_loadPairs->setToolTip(tr("Two columns of gene symbols (CSV or tab separated), for example from Reactome, STRING, CORUM or your own list"));
    m_forgetPairs = new QPushButton(tr("Clear"), panel);
    m_forgetPairs->setObjectName(QStringLiteral("genesForgetPairs"));
    m_pairs = new QLabel(panel);
    m_pairs->setObjectName(QStringLiteral("genesPairsLabel"));
    m_pairs->setProperty("role", "muted");
    m_pairs->setWordWrap(true);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(metric::kSmall);
    buttons->addWidget(m_loadPairs, 1);
    buttons->addWidget(m_forgetPairs);
    auto* known = new Section(tr("Known relations"), panel);
    known->body()->addLayout(buttons);
    known->body()->addWidget(m_pairs);
    connect(m_loadPairs, &QPushButton::clicked, this, &GenesPage::choosePairFile);
    connect(m_forgetPairs, &QPushButton::clicked, this, [this] { m_relations->forgetPairs(); });

    m_mapOf = new QComboBox(panel);
    m_mapOf->setObjectName(QStringLiteral("genesMapOf"));
    m_mapOf->addItem(tr("The gene and its neighbours"));
    m_mapOf->addItem(tr("A set of genes"));
    m_mapOf->setAccessibleName(tr("Heat map of"));
    m_set = new QPlainTextEdit(panel);
    m_set->setObjectName(QStringLiteral("genesSet"));
    m_set->setPlaceholderText(tr("Gene symbols, separated by spaces, commas or lines"));
    m_set->setAccessibleName(tr("Set of genes"));
    m_set->setTabChangesFocus(true);
    m_setNote = new QLabel(panel);
    m_setNote->setProperty("role", "muted");
    m_setNote->setWordWrap(true);
    m_clustered = new QCheckBox(tr("similar genes side by side"), panel);
    m_clustered->setObjectName(QStringLiteral("genesClustered"));
    m_clustered->setChecked(true);
    m_clustered->setToolTip(tr("Order by average-linkage clustering of 1 − cosine; otherwise the order given"));
    auto* map = new Section(tr("Heat map"), panel);
    map->body()->addWidget(m_mapOf);
    map->body()->addWidget(m_set, 1);
    map->body()->addWidget(m_setNote);
    map->body()->addWidget(m_clustered);
    connect(m_mapOf, &QComboBox::currentIndexChanged, this, [this](int index) {
        m_set->setVisible(index == 1);
        m_setNote->setVisible(index == 1);
        askHeatMap();
        if (index == 1) m_set->setFocus();
    });
    connect(m_set, &QPlainTextEdit::textChanged, m_setTimer, qOverload<>(&QTimer::start));
    connect(m_clustered, &QCheckBox::toggled, this, &GenesPage::askHeatMap);
    m_set->hide();
    m_setNote->hide();

    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kGap);
    column->addWidget(model);
    column->addWidget(gene);
    column->addWidget(known);
    column->addWidget(map);
    column->addStretch(1);
    return panel;
}

}  // namespace txfm::ui
