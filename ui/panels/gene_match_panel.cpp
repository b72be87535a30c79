// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/gene_match_panel.h"

#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/session/data_report.h"
#include "ui/session/session.h"
#include "ui/widgets/format.h"
#include "ui/widgets/share_bar.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {
/// Below this share of the counts a model sees too little of a cell to be trusted.
constexpr double kLowShare = 0.7;
}  // namespace

GeneMatchPanel::GeneMatchPanel(QWidget* parent)
    : Section(tr("Genes and the model"), parent), m_bar(new ShareBar(this)), m_grid(new QGridLayout),
      m_verdict(new QLabel(this)), m_notes(new QLabel(this)) {
    for (QLabel* label : {m_verdict, m_notes}) {
        label->setWordWrap(true);
        label->setTextFormat(Qt::PlainText);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    m_verdict->setObjectName(QStringLiteral("geneMatchVerdict"));
    m_notes->setProperty("role", "warning");
    m_grid->setHorizontalSpacing(metric::kGap);
    m_grid->setVerticalSpacing(6);
    m_grid->setColumnStretch(1, 1);
    const QString names[] = {tr("matched"), tr("renamed (alias or earlier name)"), tr("duplicates (counts summed)"), tr("not in the model (dropped)")};
    for (int i = 0; i < 4; ++i) {
        Row& row = m_rows[static_cast<size_t>(i)];
        row = {new QLabel(this), new QLabel(names[i], this), new QLabel(this), new QLabel(this)};
        row.swatch->setFixedSize(12, 12);
        row.share->setProperty("role", "muted");
        m_grid->addWidget(row.swatch, i, 0);
        m_grid->addWidget(row.name, i, 1);
        m_grid->addWidget(row.number, i, 2, Qt::AlignRight);
        m_grid->addWidget(row.share, i, 3, Qt::AlignRight);
    }
    body()->addWidget(m_verdict);
    body()->addWidget(m_bar);
    body()->addLayout(m_grid);
    body()->addWidget(m_notes);
    connect(&Theme::instance(), &Theme::changed, this, &GeneMatchPanel::refresh);
}

void GeneMatchPanel::setSession(Session* session) {
    m_session = session;
    connect(session->report(), &DataReport::matchChanged, this, &GeneMatchPanel::refresh);
    refresh();
}

void GeneMatchPanel::refresh() {
    if (!m_session) return;
    const auto match = m_session->report()->match();
    const auto model = m_session->model();
    const auto& error = m_session->report()->matchError();
    m_bar->setVisible(match != nullptr);
    for (const Row& row : m_rows) {
        for (QLabel* label : {row.swatch, row.name, row.number, row.share}) label->setVisible(match != nullptr);
    }
    m_notes->hide();
    if (!match) {
        m_verdict->setText(error                ? QString::fromStdString(error->message + " " + error->hint)
                           : !model             ? tr("No model is chosen; choose one on the Embed page.")
                           : m_session->dataset() ? tr("Matching the genes to %1…").arg(QString::fromStdString(model->config().name))
                                                : QString());
        return;
    }
    const ThemeColours& c = colours();
    const QColor swatches[] = {c.accent, c.good, c.warning, c.border};
    const int64_t numbers[] = {match->matched, match->renamed, match->duplicated, match->dropped};
    const double shares[] = {match->matchedShare, match->renamedShare, match->duplicatedShare, match->droppedShare};
    const bool withShares = match->matchedShare >= 0;
    const auto all = static_cast<double>(match->name.size());
    std::vector<ShareBar::Part> parts;
    for (size_t i = 0; i < m_rows.size(); ++i) {
        m_rows[i].swatch->setStyleSheet(QStringLiteral("background: %1; border-radius: 3px;").arg(swatches[i].name()));
        m_rows[i].number->setText(tr("%1 genes").arg(formatCount(numbers[i])));
        m_rows[i].share->setText(withShares ? tr("%1 of the counts").arg(formatShare(shares[i])) : QString());
        parts.push_back({m_rows[i].name->text(), withShares ? shares[i] : static_cast<double>(numbers[i]) / all, swatches[i]});
    }
    m_bar->setParts(std::move(parts));
    const QString by = match->matchedBy.empty() ? QString() : tr(" (matched by %1)").arg(QString::fromStdString(match->matchedBy));
    QString text = tr("%1 of the model's %2 genes are measured in this file%3.")
                       .arg(formatCount(match->vocabularyCovered), formatCount(model->vocabulary().size()), by);
    if (withShares && 1 - match->droppedShare < kLowShare)
        text += tr(" Only %1 of the counts reach the model; its view of these cells is narrow.").arg(formatShare(1 - match->droppedShare));
    m_verdict->setText(text);
    QStringList notes;
    for (const std::string& note : match->notes) notes << QStringLiteral("• ") + QString::fromStdString(note);
    m_notes->setText(notes.join(QLatin1Char('\n')));
    m_notes->setVisible(!notes.isEmpty());
}

}  // namespace txfm::ui
