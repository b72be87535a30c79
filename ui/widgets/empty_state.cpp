// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/empty_state.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {
constexpr int kTextWidth = 440;
}

EmptyState::EmptyState(const QString& iconName, const QString& headline, const QString& text, QWidget* parent)
    : QWidget(parent), m_iconName(iconName), m_icon(new QLabel(this)), m_headline(new QLabel(headline, this)),
      m_text(new QLabel(text, this)), m_button(new QPushButton(this)) {
    m_icon->setAlignment(Qt::AlignCenter);
    m_headline->setAlignment(Qt::AlignCenter);
    m_headline->setFont(Theme::instance().sectionFont());
    m_text->setAlignment(Qt::AlignCenter);
    m_text->setWordWrap(true);
    m_text->setProperty("role", "muted");
    m_text->setFixedWidth(kTextWidth);
    m_button->setProperty("primary", true);
    m_button->hide();
    connect(m_button, &QPushButton::clicked, this, &EmptyState::actionTriggered);

    auto* layout = new QVBoxLayout(this);
    layout->setSpacing(metric::kGap);
    layout->addStretch(2);
    layout->addWidget(m_icon, 0, Qt::AlignHCenter);
    layout->addWidget(m_headline, 0, Qt::AlignHCenter);
    layout->addWidget(m_text, 0, Qt::AlignHCenter);
    layout->addSpacing(metric::kSmall);
    layout->addWidget(m_button, 0, Qt::AlignHCenter);
    layout->addStretch(3);

    connect(&Theme::instance(), &Theme::changed, this, &EmptyState::refreshIcon);
    refreshIcon();
    setText(headline, text);
}

void EmptyState::setText(const QString& headline, const QString& text) {
    m_headline->setText(headline);
    m_text->setText(text);
    // A wrapped label in a centred layout gets too little height by itself.
    m_text->setMinimumHeight(m_text->heightForWidth(kTextWidth));
}

void EmptyState::setAction(const QString& label) {
    m_button->setText(label);
    m_button->setVisible(!label.isEmpty());
}

void EmptyState::refreshIcon() {
    m_icon->setPixmap(Theme::instance().icon(m_iconName).pixmap(QSize(56, 56), devicePixelRatioF()));
}

}  // namespace txfm::ui
