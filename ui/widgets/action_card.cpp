// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/action_card.h"

#include <QPainter>

#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {
constexpr int kPad = 16;
constexpr int kCardIcon = 28;
}  // namespace

ActionCard::ActionCard(const QString& iconName, const QString& headline, const QString& explanation, QWidget* parent)
    : QAbstractButton(parent), m_iconName(iconName), m_explanation(explanation) {
    setText(headline);
    setAccessibleDescription(explanation);
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ActionCard::setPrimary(bool primary) {
    m_primary = primary;
    update();
}

QSize ActionCard::sizeHint() const { return {280, kPad * 2 + kCardIcon + 12 + fontMetrics().height() * 5}; }

void ActionCard::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const ThemeColours& c = colours();
    const bool hot = underMouse() || isDown();
    const QRectF frame = QRectF(rect()).adjusted(1, 1, -1, -1);
    painter.setPen(QPen(hasFocus() || hot ? c.accent : m_primary ? c.accent : c.border, hasFocus() ? 2 : 1));
    painter.setBrush(m_primary ? c.accentSoft : isDown() ? c.raised : c.panel);
    painter.drawRoundedRect(frame, metric::kRadius + 2, metric::kRadius + 2);
    Theme::instance().icon(m_iconName).paint(&painter, QRect(kPad, kPad, kCardIcon, kCardIcon), Qt::AlignCenter,
                                             QIcon::Normal, m_primary || hot ? QIcon::On : QIcon::Off);
    const int width = this->width() - 2 * kPad;
    QFont bold = Theme::instance().sectionFont();
    painter.setFont(bold);
    painter.setPen(c.text);
    const int headlineTop = kPad + kCardIcon + 10;
    const int headlineHeight = QFontMetrics(bold).height();
    painter.drawText(QRect(kPad, headlineTop, width, headlineHeight), Qt::AlignLeft | Qt::AlignVCenter, text());
    painter.setFont(font());
    painter.setPen(c.muted);
    painter.drawText(QRect(kPad, headlineTop + headlineHeight + 4, width, height() - headlineTop - headlineHeight - kPad),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_explanation);
}

}  // namespace txfm::ui
