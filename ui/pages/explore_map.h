// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include <QFrame>

#include "ui/plots/scatter_view.h"

class QComboBox;
class QLabel;

namespace txfm {
struct Dataset;
}

namespace txfm::ui {

class PointIndex;
class Session;

/// One map of the Explore page: a list of the maps of the data set and the scatter plot of the chosen one.
/// The scene is prepared on the compute pool. Thread: the UI thread.
class ExploreMap : public QFrame {
    Q_OBJECT
public:
    /// `name`: "Txfm" or "Pca", the end of the object names exploreMapCombo<name>, exploreScatter<name>.
    ExploreMap(const QString& name, QWidget* parent = nullptr);
    void setSession(Session* session);
    ScatterView* view() const { return m_view; }
    QString key() const;
    /// Shows this map, if the data set has it.
    void choose(const QString& key);
    /// Zooms the map that is shown, or on its way, to this part of it; empty = shows everything.
    void showWindow(const QRectF& window);
    /// Offers the maps of the data set; shows the one chosen before if it is still there, else the first
    /// of `preferred` that exists, else any but `other`. Reads the map again when the data set changed.
    void offer(const QStringList& preferred, const QString& other);
    /// Another data set is open: forgets the map of the old one.
    void clear();
    void setColors(std::shared_ptr<const PointColors> colors);
    void setLabelsVisible(bool visible);
    void setShown(PointMask shown);
    void setSelected(PointMask selected);
    void setDark(bool dark);
    bool hasMap() const { return m_points != nullptr; }

    /// Keys of obsm with at least two columns, TxFM first.
    static QStringList mapKeys(const Dataset& dataset);

private:
    void load();
    void apply();
    void refreshLabels();

    Session* m_session = nullptr;
    QComboBox* m_combo;
    ScatterView* m_view;
    std::shared_ptr<const PointSet> m_points;
    std::shared_ptr<const PointIndex> m_index;
    std::shared_ptr<const PointColors> m_colors;
    PointMask m_shown, m_selected;
    std::weak_ptr<const Dataset> m_loadedFrom;
    QString m_loadedKey;
    bool m_labels = true, m_dark = false;
    bool m_loading = false;
    QRectF m_wantedWindow;  // once the map is there
    quint64 m_generation = 0, m_labelGeneration = 0;
};

}  // namespace txfm::ui
