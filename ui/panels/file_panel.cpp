// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/file_panel.h"

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
    auto* label = new QLabel(name, this);
    label->setProperty("role", "muted");
    auto* text = new QLabel(value, this);
    text->setWordWrap(true);
    text->setTextFormat(Qt::PlainText);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_facts->addWidget(label, m_rows, 0, Qt::AlignTop);
    m_facts->addWidget(text, m_rows, 1, Qt::AlignTop);
    ++m_rows;
}

void FilePanel::show(const std::shared_ptr<const Dataset>& dataset, const QString& path) {
    while (QLayoutItem* item = m_facts->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    m_rows = 0;
    m_notes->hide();
    if (!dataset) return;
    const Provenance& from = dataset->provenance;
    const QFileInfo info(path);
    addFact(tr("Place"), info.isDir() ? path : tr("%1 (%2)").arg(path, formatBytes(static_cast<double>(info.size()))));
    addFact(tr("Format"), QString::fromStdString(from.format));
    addFact(tr("Counts found in"), QString::fromStdString(from.countsIn));
    addFact(tr("Values"), valueKindText(from.valueKind));
    addFact(tr("Size"), tr("%1 cells × %2 genes").arg(formatCount(dataset->cells()), formatCount(dataset->genes())));
    const int64_t nonZeros = dataset->counts->nonZeros();
    if (nonZeros >= 0) {
        const double all = static_cast<double>(dataset->cells()) * static_cast<double>(dataset->genes());
        addFact(tr("Non-zero counts"), tr("%1 (%2 of all)").arg(formatCount(nonZeros), formatShare(all > 0 ? static_cast<double>(nonZeros) / all : 0)));
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
