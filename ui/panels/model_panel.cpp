// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model_panel.h"

#include <QFileDialog>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "ui/models/model_catalogue.h"
#include "ui/panels/model_choice.h"
#include "ui/session/session.h"
#include "ui/widgets/document_tables.h"
#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

QString inferenceText(const std::string& mode) {
    return mode.empty() ? ModelPanel::tr("all measured genes") : QString::fromStdString(mode);
}

}  // namespace

ModelPanel::ModelPanel(ModelCatalogue* catalogue, QWidget* parent)
    : Section(tr("Model"), parent), m_catalogue(catalogue), m_choice(new ModelChoice(catalogue, this)), m_facts(new QGridLayout),
      m_card(new QTextBrowser(this)), m_problem(new QLabel(this)) {
    m_choice->setObjectName(QStringLiteral("modelChoice"));
    m_choice->setMinimumContentsLength(24);
    auto* add = new QPushButton(tr("Add a model…"), this);
    add->setToolTip(tr("Choose a folder with config.json, genes.tsv and model.safetensors"));
    connect(add, &QPushButton::clicked, this, &ModelPanel::addFolder);
    auto* row = new QHBoxLayout;
    row->addWidget(m_choice, 1);
    row->addWidget(add);
    m_problem->setProperty("role", "bad");
    m_problem->setWordWrap(true);
    m_problem->hide();
    m_facts->setHorizontalSpacing(metric::kSection);
    m_facts->setVerticalSpacing(2);
    m_card->setOpenExternalLinks(true);
    m_card->setAccessibleName(tr("Model card"));
    m_card->document()->setDocumentMargin(metric::kGap);
    connect(&Theme::instance(), &Theme::changed, this, [this] { styleTables(m_card->document()); });
    body()->addLayout(row);
    body()->addWidget(m_problem);
    body()->addLayout(m_facts);
    body()->addSpacing(metric::kTiny);
    body()->addWidget(m_card, 1);
    body()->addStretch(0);  // without a card the sentence stays below the choice
}

void ModelPanel::setSession(Session* session) {
    m_session = session;
    connect(session, &Session::modelChanged, this, &ModelPanel::refresh);
    connect(session, &Session::modelFailed, this, [this](const Error& error, const QString&) {
        m_problem->setText(QString::fromStdString(error.message + (error.hint.empty() ? "" : " " + error.hint)));
        m_problem->show();
    });
    m_choice->setSession(session);
    refresh();
}

void ModelPanel::addFact(int column, const QString& name, const QString& value) {
    auto* label = new QLabel(name, this);
    label->setProperty("role", "muted");
    label->setFont(Theme::instance().smallFont());
    auto* text = new QLabel(value, this);
    m_facts->addWidget(label, 0, column);
    m_facts->addWidget(text, 1, column);
}

void ModelPanel::refresh() {
    m_problem->hide();
    while (QLayoutItem* item = m_facts->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const auto model = m_session->model();
    m_card->setVisible(model != nullptr);
    if (!model) return;
    const io::ModelConfig& config = model->config();
    addFact(0, tr("Parameters"), tr("%1 million").arg(static_cast<double>(config.parameterCount()) / 1e6, 0, 'f', 1));
    addFact(1, tr("Genes"), formatCount(config.nGenes));
    addFact(2, tr("Width × blocks"), QStringLiteral("%1 × %2").arg(config.dim).arg(config.nBlocks));
    addFact(3, tr("Best used with"), inferenceText(config.inferenceGenes));
    m_facts->setColumnStretch(4, 1);
    m_card->setMarkdown(model->card().empty() ? tr("This model has no card.") : QString::fromStdString(model->card()));
    styleTables(m_card->document());
}

void ModelPanel::addFolder() {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Add a model folder"));
    if (folder.isEmpty()) return;
    m_catalogue->addFolder(folder);
    // Not in the list means that it is no model; opening it says in one sentence why.
    m_session->chooseModel(folder);
}

}  // namespace txfm::ui
