// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/join_dialog.h"

#include <QDialogButtonBox>
#include <QFileInfo>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QRadioButton>
#include <QVBoxLayout>

#include "ui/widgets/theme.h"

namespace txfm::studio {
using namespace ui;

JoinDialog::JoinDialog(const QStringList& files, const QString& openName, QWidget* parent)
    : QDialog(parent), m_together(new QRadioButton(tr("Open them together, as one data set"), this)),
      m_toOpen(new QRadioButton(tr("Add their cells to %1").arg(openName), this)),
      m_first(new QRadioButton(tr("Open only %1").arg(QFileInfo(files.constFirst()).fileName()), this)) {
    setWindowTitle(tr("Open %n files", nullptr, static_cast<int>(files.size())));
    m_together->setObjectName(QStringLiteral("joinTogether"));
    m_toOpen->setObjectName(QStringLiteral("joinToOpen"));
    m_first->setObjectName(QStringLiteral("joinFirst"));
    m_together->setChecked(true);
    m_toOpen->setVisible(!openName.isEmpty());
    auto* list = new QListWidget(this);
    for (const QString& file : files) {
        auto* item = new QListWidgetItem(QFileInfo(file).fileName(), list);
        item->setToolTip(file);
    }
    list->setAccessibleName(tr("Files"));
    list->setSelectionMode(QAbstractItemView::NoSelection);
    list->setMaximumHeight(130);
    auto* text = new QLabel(tr("Joined cells get a column “sample” with the file they are from. The genes are united; one that a file "
                               "lacks counts as not measured in its cells."), this);
    text->setProperty("role", "muted");
    text->setWordWrap(true);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    auto* accept = new QPushButton(tr("Open"), this);
    accept->setObjectName(QStringLiteral("joinAccept"));
    accept->setProperty("primary", true);
    buttons->addButton(accept, QDialogButtonBox::AcceptRole);
    accept->setDefault(true);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metric::kMargin, metric::kMargin, metric::kMargin, metric::kMargin);
    column->setSpacing(metric::kGap);
    column->addWidget(list);
    for (QRadioButton* choice : {m_together, m_toOpen, m_first}) column->addWidget(choice);
    column->addWidget(text);
    column->addWidget(buttons);
    setMinimumWidth(460);
}

JoinDialog::Answer JoinDialog::answer() const {
    return m_toOpen->isChecked() ? Answer::ToOpen : m_first->isChecked() ? Answer::First : Answer::Together;
}

}  // namespace txfm::studio
