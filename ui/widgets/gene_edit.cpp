// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/gene_edit.h"

#include <QAbstractItemView>
#include <QCompleter>
#include <QStringListModel>

namespace txfm::ui {

GeneEdit::GeneEdit(QWidget* parent) : QLineEdit(parent), m_names(new QStringListModel(this)) {
    setClearButtonEnabled(true);
    auto* completer = new QCompleter(m_names, this);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    completer->setMaxVisibleItems(12);
    completer->popup()->setObjectName(QStringLiteral("completions"));
    setCompleter(completer);
    connect(completer, qOverload<const QString&>(&QCompleter::activated), this, &GeneEdit::geneChosen);
    connect(this, &QLineEdit::returnPressed, this, [this] { Q_EMIT geneChosen(text().trimmed()); });
}

void GeneEdit::setNames(const QStringList& names) { m_names->setStringList(names); }

QString GeneEdit::spelled(const QString& typed) const {
    for (const QString& name : m_names->stringList())
        if (name.compare(typed, Qt::CaseInsensitive) == 0) return name;
    return typed;
}

}  // namespace txfm::ui
