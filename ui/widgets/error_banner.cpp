// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/error_banner.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/widgets/theme.h"

namespace txfm::ui {

ErrorBanner::ErrorBanner(QWidget* parent)
    : QFrame(parent), m_icon(new QLabel(this)), m_text(new QLabel(this)), m_details(new QPlainTextEdit(this)),
      m_more(new QToolButton(this)), m_close(new QToolButton(this)), m_action(new QPushButton(this)) {
    setProperty("role", "banner");
    m_text->setObjectName(QStringLiteral("bannerText"));
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->setTextFormat(Qt::PlainText);
    m_details->setReadOnly(true);
    m_details->setFont(Theme::instance().monoFont());
    m_details->setMaximumHeight(140);
    m_details->hide();
    m_more->setText(tr("Details"));
    m_more->setCheckable(true);
    connect(m_more, &QToolButton::toggled, m_details, &QWidget::setVisible);
    m_close->setIcon(Theme::instance().icon(QStringLiteral("close")));
    m_close->setToolTip(tr("Dismiss this message"));
    m_close->setAccessibleName(tr("Dismiss"));
    connect(m_close, &QToolButton::clicked, this, &ErrorBanner::dismiss);
    connect(m_action, &QPushButton::clicked, this, &ErrorBanner::actionTriggered);
    m_action->hide();

    auto* row = new QHBoxLayout;
    row->setSpacing(metric::kGap);
    row->addWidget(m_icon, 0, Qt::AlignVCenter);
    row->addWidget(m_text, 1);
    row->addWidget(m_action);
    row->addWidget(m_more);
    row->addWidget(m_close);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(metric::kGap, metric::kSmall, metric::kSmall, metric::kSmall);
    layout->addLayout(row);
    layout->addWidget(m_details);

    connect(&Theme::instance(), &Theme::changed, this, &ErrorBanner::restyle);
    restyle();
    hide();
}

void ErrorBanner::showError(const Error& error, const QString& details) {
    QString text = QString::fromStdString(error.message);
    if (!error.hint.empty()) text += QLatin1Char(' ') + QString::fromStdString(error.hint);
    showMessage(error.code == ErrorCode::Cancelled ? Kind::Info : Kind::Error, text, details);
}

void ErrorBanner::showMessage(Kind kind, const QString& text, const QString& details) {
    m_kind = kind;
    m_text->setText(text);
    m_details->setPlainText(details);
    m_more->setChecked(false);
    m_more->setVisible(!details.isEmpty());
    restyle();
    show();
}

void ErrorBanner::setAction(const QString& label) {
    m_action->setText(label);
    m_action->setVisible(!label.isEmpty());
}

void ErrorBanner::showEvent(QShowEvent* event) {
    QFrame::showEvent(event);
    Q_EMIT shownChanged(true);
}

void ErrorBanner::hideEvent(QHideEvent* event) {
    QFrame::hideEvent(event);
    Q_EMIT shownChanged(false);
}

QString ErrorBanner::text() const { return isHidden() ? QString() : m_text->text(); }

void ErrorBanner::dismiss() {
    hide();
    Q_EMIT dismissed();
}

void ErrorBanner::restyle() {
    const ThemeColours& c = colours();
    const QColor colour = m_kind == Kind::Error ? c.bad : m_kind == Kind::Warning ? c.warning : c.accent;
    setStyleSheet(QStringLiteral("QFrame[role=\"banner\"] { background: rgba(%1,%2,%3,28); border: 1px solid rgba(%1,%2,%3,110); border-radius: 8px; }")
                      .arg(colour.red())
                      .arg(colour.green())
                      .arg(colour.blue()));
    const QString icon = m_kind == Kind::Info ? QStringLiteral("info") : QStringLiteral("warning");
    QPixmap pixmap = Theme::instance().icon(icon).pixmap(QSize(20, 20), devicePixelRatioF(), QIcon::Normal, QIcon::On);
    QPainter painter(&pixmap);
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(pixmap.rect(), colour);
    painter.end();
    m_icon->setPixmap(pixmap);
}

}  // namespace txfm::ui
