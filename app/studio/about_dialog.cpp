// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/about_dialog.h"

#include <QApplication>
#include <QDialogButtonBox>
#include <QFile>
#include <QLabel>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "ui/widgets/document_tables.h"
#include "ui/widgets/theme.h"

namespace txfm::studio {

AboutDialog::AboutDialog(QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("About TxFM Studio"));
    resize(720, 560);
    auto* headline = new QLabel(tr("TxFM Studio %1").arg(QApplication::applicationVersion()), this);
    headline->setFont(ui::Theme::instance().titleFont());
    auto* text = new QLabel(tr("From an RNA-seq count file to a foundation-model embedding, a fine-tuned model and a map of gene "
                               "relationships, on your own computer.\n\nFree software under the GNU General Public License, version 3 or "
                               "later, without any warranty."), this);
    text->setWordWrap(true);
    auto* licences = new QTextBrowser(this);
    licences->setAccessibleName(tr("Third-party software and data"));
    QFile file(QStringLiteral(":/THIRD-PARTY.md"));
    if (file.open(QIODevice::ReadOnly)) licences->setMarkdown(QString::fromUtf8(file.readAll()));
    ui::styleTables(licences->document());
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(ui::metric::kMargin, ui::metric::kMargin, ui::metric::kMargin, ui::metric::kMargin);
    layout->setSpacing(ui::metric::kGap);
    layout->addWidget(headline);
    layout->addWidget(text);
    layout->addWidget(licences, 1);
    layout->addWidget(buttons);
}

}  // namespace txfm::studio
