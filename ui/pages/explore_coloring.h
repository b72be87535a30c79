// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include <QObject>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "ui/plots/scatter_scene.h"

namespace txfm {
struct Dataset;
}

namespace txfm::ui {

class GeneValues;
class Session;

/// What the cells of the Explore page are coloured by.
struct ColorChoice {
    enum class Kind { None, Column, Gene };
    Kind kind = Kind::None;
    QString name;
    bool operator==(const ColorChoice&) const = default;
};

/// Works out colours for a choice away from the UI thread: columns on the compute pool, genes on the io
/// pool. Only the newest request is answered. Thread: the UI thread.
class ExploreColoring : public QObject {
    Q_OBJECT
public:
    explicit ExploreColoring(Session* session, QObject* parent = nullptr);
    ~ExploreColoring() override;
    const ColorChoice& choice() const { return m_choice; }
    void choose(const ColorChoice& choice, bool dark);
    /// The column to start with: clusters, else labels, else nothing.
    static ColorChoice defaultChoice(const Dataset& dataset);

Q_SIGNALS:
    void started();
    void ready(std::shared_ptr<const txfm::ui::PointColors> colors);
    void failed(const txfm::Error& error);

private:
    void finish(quint64 generation, Result<std::shared_ptr<const PointColors>> result);
    Session* m_session;
    ColorChoice m_choice;
    quint64 m_generation = 0;
    CancelToken m_token;
    std::shared_ptr<GeneValues> m_genes;
    std::weak_ptr<const Dataset> m_genesOf;
};

}  // namespace txfm::ui
