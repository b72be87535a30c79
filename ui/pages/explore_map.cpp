// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/explore_map.h"

#include <algorithm>
#include <utility>

#include <QComboBox>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include "core/data/dataset.h"
#include "ui/plots/map_axes.h"
#include "ui/plots/point_index.h"
#include "ui/session/background.h"
#include "ui/session/session.h"
#include "ui/widgets/theme.h"

namespace txfm::ui {

namespace {

constexpr size_t kMaxLabels = 60;  // more would cover the map

struct LoadedMap {
    std::shared_ptr<const PointSet> points;
    std::shared_ptr<const PointIndex> index;
};

LoadedMap loadMap(const DenseMatrix& map) {
    std::vector<float> x(static_cast<size_t>(map.rows)), y(x.size());
    for (int64_t i = 0; i < map.rows; ++i) {
        x[static_cast<size_t>(i)] = map(i, 0);
        y[static_cast<size_t>(i)] = map(i, 1);
    }
    LoadedMap loaded;
    loaded.points = makePointSet(std::move(x), std::move(y));
    loaded.index = std::make_shared<const PointIndex>(loaded.points);
    return loaded;
}

}  // namespace

ExploreMap::ExploreMap(const QString& name, QWidget* parent)
    : QFrame(parent), m_combo(new QComboBox(this)), m_view(new ScatterView(this)) {
    setProperty("role", "card");
    m_combo->setObjectName(QStringLiteral("exploreMapCombo") + name);
    m_combo->setToolTip(tr("Map to show here"));
    m_combo->setAccessibleName(tr("Map"));
    m_combo->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_view->setObjectName(QStringLiteral("exploreScatter") + name);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metric::kSmall, metric::kSmall, metric::kSmall, metric::kSmall);
    column->setSpacing(metric::kTiny);
    column->addWidget(m_combo, 0, Qt::AlignLeft);
    column->addWidget(m_view, 1);
    connect(m_combo, &QComboBox::currentIndexChanged, this, &ExploreMap::load);
}

void ExploreMap::setSession(Session* session) { m_session = session; }

QString ExploreMap::key() const { return m_combo->currentData().toString(); }

void ExploreMap::choose(const QString& key) {
    if (const int row = m_combo->findData(key); row >= 0) m_combo->setCurrentIndex(row);
}

void ExploreMap::showWindow(const QRectF& window) {
    m_wantedWindow = window;
    if (window.isEmpty()) m_view->resetView();
    else apply();
}

QStringList ExploreMap::mapKeys(const Dataset& dataset) {
    QStringList keys;
    for (const auto& [key, matrix] : dataset.obsm) {
        const QString name = QString::fromStdString(key);
        // The embedding itself is no map: its first two of hundreds of numbers mean nothing.
        if (matrix.cols >= 2 && name != QStringLiteral("X_txfm")) keys << name;
    }
    std::stable_partition(keys.begin(), keys.end(), [](const QString& key) { return key.startsWith(QStringLiteral("X_txfm_")); });
    return keys;
}

void ExploreMap::offer(const QStringList& preferred, const QString& other) {
    const auto dataset = m_session->dataset();
    const QStringList keys = dataset ? mapKeys(*dataset) : QStringList();
    const bool keep = dataset && keys.contains(m_loadedKey) && m_points &&
                      m_points->size() == static_cast<size_t>(dataset->cells());
    QString chosen = keep ? m_loadedKey : QString();
    for (const QString& key : preferred)
        if (chosen.isEmpty() && keys.contains(key) && key != other) chosen = key;
    for (const QString& key : keys)
        if (chosen.isEmpty() && key != other) chosen = key;
    {
        const QSignalBlocker blocker(m_combo);
        m_combo->clear();
        for (const QString& key : keys) m_combo->addItem(mapNames(key).title, key);
        for (int i = 0; i < m_combo->count(); ++i) m_combo->setItemData(i, QStringLiteral("obsm['%1']").arg(keys[i]), Qt::ToolTipRole);
        m_combo->setCurrentIndex(static_cast<int>(keys.indexOf(chosen)));
    }
    load();
}

void ExploreMap::load() {
    const auto dataset = m_session->dataset();
    const QString key = this->key();
    if (dataset && key == m_loadedKey && m_loadedFrom.lock() == dataset) return;
    const quint64 generation = ++m_generation;
    m_loadedFrom = dataset;
    m_loadedKey = key;
    const auto found = dataset && !key.isEmpty() ? dataset->obsm.find(key.toStdString()) : std::map<std::string, DenseMatrix>::const_iterator();
    if (!dataset || key.isEmpty() || found == dataset->obsm.end()) {
        m_points.reset();
        m_index.reset();
        m_loading = false;
        apply();
        return;
    }
    m_loading = true;
    runInBackground(
        m_session->computePool(), this, [dataset, matrix = &found->second] { return loadMap(*matrix); },
        [this, generation](LoadedMap loaded) {
            if (generation != m_generation) return;
            m_loading = false;
            const bool same = m_points && m_points->x == loaded.points->x && m_points->y == loaded.points->y;
            if (!same) {
                m_points = loaded.points;
                m_index = loaded.index;
            }
            apply();
        });
}

void ExploreMap::clear() {
    ++m_generation;
    m_loading = false;
    m_wantedWindow = {};
    m_points.reset();
    m_index.reset();
    m_colors.reset();
    m_shown.reset();
    m_selected.reset();
    m_loadedFrom.reset();
    m_loadedKey.clear();
    apply();
}

void ExploreMap::setColors(std::shared_ptr<const PointColors> colors) {
    m_colors = std::move(colors);
    m_shown.reset();
    apply();
}

void ExploreMap::setShown(PointMask shown) {
    m_shown = std::move(shown);
    m_view->setShown(m_shown);
    refreshLabels();
}

void ExploreMap::setSelected(PointMask selected) {
    m_selected = std::move(selected);
    m_view->setSelected(m_selected);
}

void ExploreMap::setDark(bool dark) {
    m_dark = dark;
    m_view->setDark(dark);
}

void ExploreMap::setLabelsVisible(bool visible) {
    m_labels = visible;
    refreshLabels();
}

void ExploreMap::apply() {
    const bool fits = m_points && m_colors && m_colors->colors.size() == m_points->size();
    ScatterScene scene;
    if (fits) {
        const MapNames names = mapNames(m_loadedKey);
        scene.title = names.title;
        scene.xLabel = names.xLabel;
        scene.yLabel = names.yLabel;
        scene.ticks = names.numbers;
        scene.points = m_points;
        scene.colors = m_colors;
        scene.shown = m_shown && m_shown->size() == m_points->size() ? m_shown : nullptr;
        scene.selected = m_selected && m_selected->size() == m_points->size() ? m_selected : nullptr;
        scene.sizeFactor = m_view->scene().sizeFactor;
    }
    scene.dark = m_dark;
    m_view->setScene(std::move(scene), m_index);
    if (fits && !m_loading && !m_wantedWindow.isEmpty()) m_view->showWindow(std::exchange(m_wantedWindow, {}));
    refreshLabels();
}

void ExploreMap::refreshLabels() {
    const quint64 generation = ++m_labelGeneration;
    m_view->setLabels({});
    if (!m_labels || !m_points || !m_colors || m_colors->entries.size() > kMaxLabels) return;
    runInBackground(
        m_session->computePool(), this,
        [points = m_points, colors = m_colors, shown = m_shown] { return categoryLabels(*points, *colors, shown); },
        [this, generation](std::vector<PlotLabel> labels) {
            if (generation == m_labelGeneration) m_view->setLabels(std::move(labels));
        });
}

}  // namespace txfm::ui
