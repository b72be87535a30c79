// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/file_panel.h"

#include <algorithm>

#include <QComboBox>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

QString valueKindText(ValueKind kind) {
    switch (kind) {
    case ValueKind::Counts: return FilePanel::tr("raw counts (whole numbers)");
    case ValueKind::Log1pNormalised: return FilePanel::tr("log-normalised values, not counts");
    case ValueKind::Normalised: return FilePanel::tr("normalised values, not counts");
    case ValueKind::Scaled: return FilePanel::tr("scaled values with negatives, not counts");
    case ValueKind::Unknown: return FilePanel::tr("not recognised");
    }
    return {};
}

QString names(const std::vector<Column>& columns) {
    QStringList list;
    for (const Column& column : columns) list << QString::fromStdString(column.name);
    return list.isEmpty() ? FilePanel::tr("none") : list.join(QStringLiteral(", "));
}

}  // namespace

FilePanel::FilePanel(QWidget* parent) : Section(tr("What the file holds"), parent), m_facts(new QGridLayout), m_notes(new QLabel(this)) {
    m_facts->setHorizontalSpacing(metric::kSection);
    m_facts->setVerticalSpacing(6);
    m_facts->setColumnStretch(1, 1);
    m_notes->setWordWrap(true);
    m_notes->setProperty("role", "warning");
    m_notes->setTextFormat(Qt::PlainText);
    m_notes->setTextInteractionFlags(Qt::TextSelectableByMouse);
    body()->addLayout(m_facts);
    body()->addWidget(m_notes);
}

void FilePanel::addFact(const QString& name, const QString& value) {
    auto* text = new QLabel(value, this);
    text->setWordWrap(true);
    text->setTextFormat(Qt::PlainText);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    addFact(name, text);
}

void FilePanel::addFact(const QString& name, QWidget* value) {
    auto* label = new QLabel(name, this);
    label->setProperty("role", "muted");
    m_facts->addWidget(label, m_rows, 0, Qt::AlignTop);
    m_facts->addWidget(value, m_rows, 1, Qt::AlignTop);
    ++m_rows;
}

void FilePanel::addCountsChoice(const QString& current, const std::vector<Session::CountsChoice>& choices) {
    auto* combo = new QComboBox(this);
    combo->setObjectName(QStringLiteral("countsChoice"));
    combo->setAccessibleName(tr("Counts found in"));
    combo->setToolTip(tr("Take another matrix of the file for the counts; the file is opened again"));
    combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    for (const Session::CountsChoice& choice : choices)
        combo->addItem(tr("%1: %2").arg(choice.option, choice.values), choice.option);
    const auto shown = std::ranges::find_if(choices, [&](const Session::CountsChoice& choice) {
        // Provenance writes layers as anndata does.
        return choice.option == current || current == QStringLiteral("layers['%1']").arg(choice.option.section(QLatin1Char('/'), 1));
    });
    combo->setCurrentIndex(shown == choices.end() ? -1 : static_cast<int>(shown - choices.begin()));
    connect(combo, &QComboBox::activated, this, [this, combo, before = combo->currentIndex()](int row) {
        if (row != before) Q_EMIT countsChosen(combo->itemData(row).toString());
    });
    addFact(tr("Counts found in"), combo);
}

void FilePanel::show(const std::shared_ptr<const Dataset>& dataset, const QString& path,
                     const std::vector<Session::CountsChoice>& choices) {
    while (QLayoutItem* item = m_facts->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    m_rows = 0;
    m_notes->hide();
    if (!dataset) return;
    const Provenance& from = dataset->provenance;
    const QFileInfo info(path);
    addFact(tr("Folder"), info.absolutePath());
    addFact(tr("Name"), info.fileName());
    if (!info.isDir()) addFact(tr("File size"), formatBytes(static_cast<double>(info.size())));
    addFact(tr("Format"), QString::fromStdString(from.format));
    const QString countsIn = QString::fromStdString(from.countsIn);
    if (choices.empty()) {
        addFact(tr("Counts found in"), countsIn);
    } else {
        addCountsChoice(countsIn, choices);
    }
    addFact(tr("Values"), valueKindText(from.valueKind));
    addFact(tr("Size"), tr("%1 cells × %2 genes").arg(formatCount(dataset->cells()), formatCount(dataset->genes())));
    const int64_t nonZeros = dataset->counts->nonZeros();
    if (nonZeros >= 0) {
        const double all = static_cast<double>(dataset->cells()) * static_cast<double>(dataset->genes());
        addFact(from.valueKind == ValueKind::Counts ? tr("Non-zero counts") : tr("Non-zero values"), tr("%1 (%2 of all)").arg(formatCount(nonZeros), formatShare(all > 0 ? static_cast<double>(nonZeros) / all : 0)));
    }
    addFact(tr("Cell columns"), names(dataset->obs.columns));
    addFact(tr("Gene columns"), names(dataset->var.columns));
    if (!dataset->obsm.empty()) {
        QStringList keys;
        for (const auto& [key, matrix] : dataset->obsm) keys << tr("%1 (%2 columns)").arg(QString::fromStdString(key)).arg(matrix.cols);
        addFact(tr("Embeddings and maps"), keys.join(QStringLiteral(", ")));
    }
    QStringList notes;
    for (const std::string& note : from.notes) notes << QStringLiteral("• ") + QString::fromStdString(note);
    m_notes->setText(notes.join(QLatin1Char('\n')));
    m_notes->setVisible(!notes.isEmpty());
}

}  // namespace txfm::ui
