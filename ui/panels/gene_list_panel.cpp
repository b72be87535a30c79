// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/gene_list_panel.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

#include "core/base/atomic_file.h"
#include "ui/models/gene_match_model.h"
#include "ui/session/background.h"
#include "ui/session/data_report.h"
#include "ui/session/session.h"
#include "ui/widgets/format.h"
#include "ui/widgets/save_dialog.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

/// Name contains the text and the group is the chosen one (-1 = all).
class MatchFilter : public QSortFilterProxyModel {
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;
    void set(const QString& text, int kind) {
        m_text = text;
        m_kind = kind;
        invalidateFilter();
    }

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override {
        const QModelIndex name = sourceModel()->index(row, 0, parent);
        if (m_kind >= 0 && name.data(GeneMatchModel::KindRole).toInt() != m_kind) return false;
        if (m_text.isEmpty()) return true;
        return name.data().toString().contains(m_text, Qt::CaseInsensitive) ||
               sourceModel()->index(row, 2, parent).data().toString().contains(m_text, Qt::CaseInsensitive);
    }

private:
    QString m_text;
    int m_kind = -1;
};

}  // namespace

GeneListPanel::GeneListPanel(QWidget* parent)
    : QWidget(parent), m_model(new GeneMatchModel(this)), m_filter(new MatchFilter(this)), m_search(new QLineEdit(this)),
      m_kind(new QComboBox(this)), m_table(new QTableView(this)), m_answer(new QLabel(this)), m_shown(new QLabel(this)),
      m_export(new QPushButton(tr("Export list…"), this)), m_delay(new QTimer(this)) {
    m_filter->setSourceModel(m_model);
    m_search->setObjectName(QStringLiteral("geneSearch"));
    m_search->setPlaceholderText(tr("Find a gene, or ask why it is missing (symbol, alias, Ensembl id)"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(Theme::instance().icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
    m_kind->setAccessibleName(tr("Show"));
    m_kind->addItem(tr("All genes"), -1);
    for (const GeneMatchKind kind : {GeneMatchKind::Matched, GeneMatchKind::Renamed, GeneMatchKind::Duplicated, GeneMatchKind::Dropped})
        m_kind->addItem(GeneMatchModel::kindText(kind), static_cast<int>(kind));
    m_table->setModel(m_filter);
    m_table->setObjectName(QStringLiteral("geneTable"));
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 10);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_answer->setObjectName(QStringLiteral("geneAnswer"));
    m_answer->setWordWrap(true);
    m_answer->setTextFormat(Qt::PlainText);
    m_answer->hide();
    m_shown->setProperty("role", "muted");
    m_export->setToolTip(tr("Write every gene, its group and the model's gene as a CSV table"));

    auto* row = new QHBoxLayout;
    row->setSpacing(metric::kSmall);
    row->addWidget(m_search, 1);
    row->addWidget(m_kind);
    row->addWidget(m_export);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metric::kGap, metric::kGap, metric::kGap, metric::kGap);
    layout->setSpacing(metric::kSmall);
    layout->addLayout(row);
    layout->addWidget(m_answer);
    layout->addWidget(m_table, 1);
    layout->addWidget(m_shown);

    m_delay->setSingleShot(true);
    m_delay->setInterval(150);
    connect(m_search, &QLineEdit::textChanged, m_delay, qOverload<>(&QTimer::start));
    connect(m_delay, &QTimer::timeout, this, &GeneListPanel::applySearch);
    connect(m_kind, &QComboBox::currentIndexChanged, this, &GeneListPanel::applySearch);
    connect(m_export, &QPushButton::clicked, this, &GeneListPanel::exportCsv);
}

void GeneListPanel::setSession(Session* session) {
    m_session = session;
    connect(session->report(), &DataReport::matchChanged, this, &GeneListPanel::refresh);
    refresh();
}

void GeneListPanel::refresh() {
    m_model->set(m_session->report()->match(), m_session->model());
    m_export->setEnabled(m_session->report()->match() != nullptr);
    applySearch();
}

void GeneListPanel::applySearch() {
    const QString text = m_search->text().trimmed();
    static_cast<MatchFilter*>(m_filter)->set(text, m_kind->currentData().toInt());
    m_shown->setText(tr("%1 of %2 genes shown").arg(formatCount(m_filter->rowCount()), formatCount(m_model->rowCount())));
    const auto match = m_session ? m_session->report()->match() : nullptr;
    const auto model = m_session ? m_session->model() : nullptr;
    const quint64 question = ++m_question;
    if (text.size() < 2 || !match || !model) {
        m_answer->hide();
        return;
    }
    // The table of names is loaded at the first question, which takes longer than a frame.
    runInBackground(
        m_session->computePool(), this,
        [text = text.toStdString(), match, model]() -> Result<std::string> {
            TXFM_TRY(const auto table, GeneTable::shared());
            return explainGene(text, *match, model->vocabulary(), *table);
        },
        [this, question](Result<std::string> answer) {
            if (question != m_question) return;
            m_answer->setText(QString::fromStdString(answer ? *answer : answer.error().message));
            m_answer->show();
        });
}

void GeneListPanel::exportCsv() {
    const auto match = m_session->report()->match();
    const auto model = m_session->model();
    if (!match || !model) return;
    const QString source = m_session->sourcePath();
    const QString path = askSavePath(this, tr("Export the gene list"), QFileInfo(source).completeBaseName() + QStringLiteral("-genes.csv"),
                                     tr("Table (*.csv)"), source);
    if (path.isEmpty()) return;
    runInBackground(
        m_session->computePool(), this,
        [path, match, model] { return writeFileAtomically(path.toStdString(), match->toCsv(model->vocabulary())); },
        [this, path](Result<void> result) {
            if (result) {
                Q_EMIT exported(path);
            } else {
                Q_EMIT exportFailed(result.error());
            }
        });
}

}  // namespace txfm::ui
