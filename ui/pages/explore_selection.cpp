// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/explore_selection.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/session/background.h"
#include "ui/session/session.h"
#include "ui/widgets/format.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

constexpr int kMaxRows = 200;  // of the composition, largest first

struct Summary {
    double mean = NAN, median = NAN;
    int64_t count = 0;
};

Summary summarise(std::vector<float> values) {
    Summary summary;
    summary.count = static_cast<int64_t>(values.size());
    if (values.empty()) return summary;
    double total = 0;
    for (const float value : values) total += value;
    summary.mean = total / static_cast<double>(values.size());
    const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    summary.median = *middle;
    return summary;
}

}  // namespace

ExploreSelection::ExploreSelection(QWidget* parent)
    : QWidget(parent), m_count(new QLabel(this)), m_hint(new QLabel(this)), m_table(new QTableWidget(this)), m_clear(new QToolButton(this)),
      m_invert(new QToolButton(this)), m_name(new QLineEdit(this)), m_keep(new QPushButton(tr("Keep"), this)) {
    m_count->setObjectName(QStringLiteral("exploreSelectionCount"));
    m_count->setFont(Theme::instance().sectionFont());
    m_clear->setObjectName(QStringLiteral("exploreClearSelection"));
    m_clear->setText(tr("Clear"));
    m_clear->setToolTip(tr("Select nothing (Esc)"));
    m_invert->setObjectName(QStringLiteral("exploreInvertSelection"));
    m_invert->setText(tr("Invert"));
    m_invert->setToolTip(tr("Select the other cells"));
    m_table->setObjectName(QStringLiteral("exploreCompositionTable"));
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionMode(QAbstractItemView::NoSelection);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setTextElideMode(Qt::ElideRight);
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    m_table->setAccessibleName(tr("Composition of the selection"));
    m_name->setObjectName(QStringLiteral("exploreSelectionName"));
    m_name->setText(QStringLiteral("selection"));
    m_name->setToolTip(tr("Name of the new column in obs"));
    m_name->setAccessibleName(tr("Column name"));
    m_keep->setObjectName(QStringLiteral("exploreSelectionColumn"));
    m_keep->setToolTip(tr("Add the selection to the data as a column (selected / not selected); it is saved with the file"));

    m_hint->setText(tr("Draw around cells with the lasso or the rectangle; Shift adds, Alt removes, Esc clears."));
    m_hint->setProperty("role", "muted");
    m_hint->setWordWrap(true);

    auto* keep = new QHBoxLayout;
    keep->setSpacing(metric::kSmall);
    keep->addWidget(m_name, 1);
    keep->addWidget(m_keep);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kSmall);
    column->addWidget(m_count);
    column->addWidget(m_hint);
    column->addWidget(m_table, 1);
    column->addStretch(0);
    column->addLayout(keep);

    connect(m_clear, &QToolButton::clicked, this, [this] { m_session->selection()->clear(); });
    connect(m_invert, &QToolButton::clicked, this, [this] { m_session->selection()->invert(); });
    connect(m_keep, &QPushButton::clicked, this, &ExploreSelection::keepAsColumn);
    connect(m_name, &QLineEdit::textChanged, this, &ExploreSelection::refreshKeep);
}

QList<QWidget*> ExploreSelection::headerWidgets() const { return {m_clear, m_invert}; }

void ExploreSelection::setSession(Session* session) {
    m_session = session;
    connect(session->selection(), &SelectionModel::changed, this, &ExploreSelection::refresh);
    refresh();
}

void ExploreSelection::setColors(std::shared_ptr<const PointColors> colors) {
    m_colors = std::move(colors);
    refresh();
}

void ExploreSelection::refresh() {
    if (!m_session) return;
    const SelectionModel* selection = m_session->selection();
    const auto selected = static_cast<int64_t>(selection->cells().size());
    m_count->setText(selected == 0 ? tr("Nothing selected")
                                   : tr("%1 of %2 cells").arg(formatCount(selected), formatCount(selection->cellCount())));
    m_hint->setVisible(selected == 0);
    m_clear->setEnabled(selected > 0);
    m_invert->setEnabled(selected > 0);
    m_name->setEnabled(selected > 0);
    refreshKeep();
    ++m_question;
    m_table->setVisible(selected > 0 && m_colors && m_colors->kind != PointColors::Kind::Plain);
    m_table->setRowCount(0);
    if (!m_table->isVisibleTo(this) || m_colors->colors.size() != static_cast<size_t>(selection->cellCount())) return;
    if (m_colors->kind == PointColors::Kind::Categorical) fillCategories();
    else fillValues();
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_table->horizontalHeaderItem(0)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->horizontalHeaderItem(0)->setToolTip(m_colors->title);
    for (const int column : {1, 2}) m_table->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
}

void ExploreSelection::refreshKeep() { m_keep->setEnabled(!m_session->selection()->isEmpty() && !m_name->text().trimmed().isEmpty()); }

void ExploreSelection::addRow(const QString& label, const QString& selected, const QString& share) {
    const int row = m_table->rowCount();
    m_table->insertRow(row);
    auto* name = new QTableWidgetItem(label);
    name->setToolTip(label);
    m_table->setItem(row, 0, name);
    for (const auto& [column, text] : {std::pair(1, selected), std::pair(2, share)}) {
        auto* item = new QTableWidgetItem(text);
        item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        m_table->setItem(row, column, item);
    }
}

void ExploreSelection::fillCategories() {
    m_table->setColumnCount(3);
    m_table->setHorizontalHeaderLabels({m_colors->title, tr("Cells"), tr("Share")});
    m_table->horizontalHeaderItem(2)->setToolTip(tr("Part of the cells of this category that is selected"));
    std::vector<int64_t> counts(m_colors->entries.size() + 1, 0);
    for (const int64_t cell : m_session->selection()->cells()) {
        const int32_t code = m_colors->codes[static_cast<size_t>(cell)];
        ++counts[code < 0 ? counts.size() - 1 : static_cast<size_t>(code)];
    }
    std::vector<size_t> order;
    for (size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return counts[a] > counts[b]; });
    order.resize(std::min<size_t>(order.size(), kMaxRows));
    for (const size_t i : order) {
        const bool missing = i + 1 == counts.size();
        const int64_t all = missing ? m_colors->missing : m_colors->entries[i].count;
        addRow(missing ? tr("no value") : m_colors->entries[i].label, formatCount(counts[i]),
               formatShare(static_cast<double>(counts[i]) / static_cast<double>(std::max<int64_t>(all, 1))));
    }
}

void ExploreSelection::fillValues() {
    m_table->setColumnCount(3);
    m_table->setHorizontalHeaderLabels({m_colors->title, tr("Selected"), tr("Others")});
    // The medians of a million values take longer than a frame.
    runInBackground(
        m_session->computePool(), this,
        [colors = m_colors, mask = m_session->selection()->mask()] {
            std::vector<float> inside, outside;
            for (size_t i = 0; i < colors->values.size(); ++i) {
                if (std::isnan(colors->values[i])) continue;
                (mask[i] ? inside : outside).push_back(colors->values[i]);
            }
            return std::pair(summarise(std::move(inside)), summarise(std::move(outside)));
        },
        [this, question = m_question](const std::pair<Summary, Summary>& sides) {
            if (question != m_question) return;
            const auto& [a, b] = sides;
            const auto text = [](double value) { return std::isnan(value) ? QStringLiteral("–") : formatNumber(value); };
            addRow(tr("mean"), text(a.mean), text(b.mean));
            addRow(tr("median"), text(a.median), text(b.median));
            addRow(tr("cells"), formatCount(a.count), formatCount(b.count));
            m_table->item(m_table->rowCount() - 1, 0)->setToolTip(tr("Cells with a value"));
        });
}

void ExploreSelection::keepAsColumn() {
    const QString name = m_name->text().trimmed();
    Categorical labels;
    labels.categories = {"selected", "not selected"};
    const Column* present = m_session->dataset()->obs.find(name.toStdString());
    const auto* kept = present ? std::get_if<Categorical>(&present->values) : nullptr;
    if (present && (!kept || kept->categories != labels.categories)) {
        m_session->navigation()->showStatus(tr("The data has a column %1 already; choose another name.").arg(name));
        m_name->setFocus();
        m_name->selectAll();
        return;
    }
    for (const uint8_t flag : m_session->selection()->mask()) labels.codes.push_back(flag ? 0 : 1);
    Column column;
    column.name = name.toStdString();
    column.values = std::move(labels);
    m_session->setObsColumn(column, tr("Keep selection as %1").arg(name));
    m_session->navigation()->showStatus(tr("The selection is now the column %1.").arg(name));
}

}  // namespace txfm::ui
