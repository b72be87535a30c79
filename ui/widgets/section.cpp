// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/section.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/widgets/theme.h"

namespace txfm::ui {

Section::Section(const QString& title, QWidget* parent)
    : QFrame(parent), m_title(new QLabel(title, this)), m_explanation(new QLabel(this)), m_fold(new QToolButton(this)),
      m_header(new QWidget(this)), m_content(new QWidget(this)), m_body(new QVBoxLayout(m_content)) {
    setProperty("role", "card");
    m_title->setFont(Theme::instance().sectionFont());
    m_explanation->setProperty("role", "muted");
    m_explanation->setWordWrap(true);
    m_explanation->hide();
    m_fold->setAutoRaise(true);
    m_fold->setArrowType(Qt::DownArrow);
    m_fold->setAccessibleName(tr("Show or hide %1").arg(title));
    m_fold->hide();
    connect(m_fold, &QToolButton::clicked, this, [this] { setFolded(!m_content->isHidden()); });

    auto* header = new QHBoxLayout(m_header);
    header->setContentsMargins(0, 0, 0, 0);
    header->setSpacing(metric::kSmall);
    header->addWidget(m_fold);
    header->addWidget(m_title);
    header->addStretch(1);
    m_body->setContentsMargins(0, 0, 0, 0);
    m_body->setSpacing(metric::kSmall);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, metric::kGap, 16, 14);
    layout->setSpacing(metric::kSmall);
    layout->addWidget(m_header);
    layout->addWidget(m_explanation);
    layout->addWidget(m_content, 1);
}

void Section::setExplanation(const QString& text) {
    m_explanation->setText(text);
    m_explanation->setVisible(!text.isEmpty());
}

void Section::setTitle(const QString& title) { m_title->setText(title); }

void Section::setFoldable(bool foldable, bool folded) {
    m_fold->setVisible(foldable);
    setFolded(foldable && folded);
}

void Section::addHeaderWidget(QWidget* widget) { m_header->layout()->addWidget(widget); }

void Section::setFolded(bool folded) {
    m_content->setVisible(!folded);
    m_fold->setArrowType(folded ? Qt::RightArrow : Qt::DownArrow);
}

}  // namespace txfm::ui
