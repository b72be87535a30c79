// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/legend_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QPainter>
#include <QStackedWidget>
#include <QStyledItemDelegate>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/plots/color_bar.h"
#include "ui/plots/legend_model.h"
#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

/// Adds the number of cells at the right end of a row.
class LegendDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const QString count = formatCount(index.data(LegendModel::CountRole).toLongLong());
        const int width = option.fontMetrics.horizontalAdvance(count) + 10;
        QStyleOptionViewItem narrow = option;
        narrow.rect.setRight(option.rect.right() - width);
        QStyledItemDelegate::paint(painter, narrow, index);
        painter->save();
        painter->setPen(colours().muted);
        painter->drawText(option.rect.adjusted(0, 0, -5, 0), Qt::AlignRight | Qt::AlignVCenter, count);
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override {
        return {80, option.fontMetrics.height() + 8};
    }
};

}  // namespace

LegendPanel::LegendPanel(QWidget* parent)
    : QWidget(parent), m_model(new LegendModel(this)), m_title(new QLabel(this)), m_note(new QLabel(this)),
      m_list(new QListView(this)), m_bar(new ColorBar(this)), m_stack(new QStackedWidget(this)),
      m_all(new QToolButton(this)), m_none(new QToolButton(this)) {
    m_title->setFont(Theme::instance().sectionFont());
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);
    m_list->setObjectName(QStringLiteral("legendList"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(new LegendDelegate(m_list));
    m_list->setUniformItemSizes(true);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setSelectionMode(QAbstractItemView::NoSelection);
    m_list->setTextElideMode(Qt::ElideMiddle);
    m_list->setToolTip(tr("Tick to show or hide; double click to show one alone"));
    m_list->setAccessibleName(tr("Legend"));
    m_all->setObjectName(QStringLiteral("legendAllButton"));
    m_all->setText(tr("All"));
    m_all->setToolTip(tr("Show every category"));
    m_none->setObjectName(QStringLiteral("legendNoneButton"));
    m_none->setText(tr("None"));
    m_none->setToolTip(tr("Hide every category, to tick a few"));

    auto* bar = new QWidget(this);
    auto* barColumn = new QVBoxLayout(bar);
    barColumn->setContentsMargins(0, 0, 0, 0);
    barColumn->addWidget(m_bar);
    barColumn->addWidget(m_note);
    barColumn->addStretch(1);
    m_stack->addWidget(new QWidget(this));
    m_stack->addWidget(m_list);
    m_stack->addWidget(bar);

    auto* header = new QHBoxLayout;
    header->addWidget(m_title, 1);
    header->addWidget(m_all);
    header->addWidget(m_none);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kTiny);
    column->addLayout(header);
    column->addWidget(m_stack, 1);

    connect(m_model, &LegendModel::filterChanged, this, &LegendPanel::filterChanged);
    connect(m_all, &QToolButton::clicked, this, [this] { m_model->showAll(true); });
    connect(m_none, &QToolButton::clicked, this, [this] { m_model->showAll(false); });
    connect(m_list, &QListView::doubleClicked, this, [this](const QModelIndex& index) { m_model->showOnly(index.row()); });
    setColors(nullptr);
}

void LegendPanel::setColors(std::shared_ptr<const PointColors> colors) {
    m_colors = std::move(colors);
    m_model->setColors(m_colors);
    m_bar->setColors(m_colors);
    const auto kind = m_colors ? m_colors->kind : PointColors::Kind::Plain;
    const bool categorical = kind == PointColors::Kind::Categorical;
    m_stack->setCurrentIndex(categorical ? 1 : kind == PointColors::Kind::Continuous ? 2 : 0);
    m_all->setVisible(categorical);
    m_none->setVisible(categorical);
    m_title->setText(m_colors ? m_colors->title : QString());
    updateCounts();
}

void LegendPanel::updateCounts() {
    if (!m_colors || m_colors->kind != PointColors::Kind::Continuous) return;
    QString note = m_colors->unit;
    if (m_colors->missing > 0)
        note += (note.isEmpty() ? QString() : QStringLiteral("; ")) +
                tr("%1 cells without a value are grey").arg(formatCount(m_colors->missing));
    m_note->setText(note);
}

const std::vector<uint8_t>& LegendPanel::shownCategories() const { return m_model->shown(); }

PointMask LegendPanel::shownPoints() const {
    const auto& shown = m_model->shown();
    if (shown.empty() || std::all_of(shown.begin(), shown.end(), [](uint8_t s) { return s != 0; })) return nullptr;
    auto mask = std::make_shared<std::vector<uint8_t>>(m_colors->codes.size());
    for (size_t i = 0; i < mask->size(); ++i) {
        const int32_t code = m_colors->codes[i];
        (*mask)[i] = shown[code < 0 ? shown.size() - 1 : static_cast<size_t>(code)];
    }
    return mask;
}

}  // namespace txfm::ui
