// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/help_window.h"

#include <QDir>
#include <QFile>
#include <QHBoxLayout>
#include <QListWidget>
#include <QShortcut>
#include <QTextBrowser>

#include "core/base/paths.h"
#include "ui/widgets/document_tables.h"
#include "ui/widgets/theme.h"

namespace txfm::studio {
namespace {

/// Order of the topics; each is resources/help/<name>.md and its first line is the title.
const QStringList kTopics{QStringLiteral("start"),    QStringLiteral("data"),  QStringLiteral("embed"),
                          QStringLiteral("explore"),  QStringLiteral("finetune"), QStringLiteral("genes"),
                          QStringLiteral("decoder"),  QStringLiteral("shortcuts")};

QString readTopic(const QString& topic) {
    QFile file(QString::fromStdString((resourceFolder() / "help").string()) + QLatin1Char('/') + topic + QStringLiteral(".md"));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

}  // namespace

HelpWindow::HelpWindow(QWidget* parent)
    : QWidget(parent, Qt::Window), m_topics(new QListWidget(this)), m_text(new QTextBrowser(this)) {
    setWindowTitle(tr("Help"));
    resize(960, 640);
    m_topics->setFixedWidth(290);
    m_topics->setStyleSheet(QStringLiteral("QListView::item { padding: 6px 8px; }"));
    m_topics->setAccessibleName(tr("Topics"));
    m_text->setOpenExternalLinks(true);
    m_text->document()->setDocumentMargin(ui::metric::kMargin);
    for (const QString& topic : kTopics) {
        const QString title = readTopic(topic).section(QLatin1Char('\n'), 0, 0).remove(QLatin1Char('#')).trimmed();
        if (title.isEmpty()) continue;
        auto* item = new QListWidgetItem(title, m_topics);
        item->setData(Qt::UserRole, topic);
    }
    connect(m_topics, &QListWidget::currentRowChanged, this, &HelpWindow::load);
    auto* close = new QShortcut(QKeySequence(Qt::Key_Escape), this);
    connect(close, &QShortcut::activated, this, &QWidget::hide);
    auto* layout = new QHBoxLayout(this);
    layout->addWidget(m_topics);
    layout->addWidget(m_text, 1);
}

void HelpWindow::showTopic(const QString& topic) {
    int row = 0;
    for (int i = 0; i < m_topics->count(); ++i) {
        if (m_topics->item(i)->data(Qt::UserRole).toString() == topic) row = i;
    }
    m_topics->setCurrentRow(row);
    load();
    show();
    raise();
    activateWindow();
}

void HelpWindow::load() {
    const QListWidgetItem* item = m_topics->currentItem();
    if (!item) return;
    m_text->setMarkdown(readTopic(item->data(Qt::UserRole).toString()));
    ui::styleTables(m_text->document());
}

}  // namespace txfm::studio
