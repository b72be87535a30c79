// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <QObject>
#include <QStringList>

#include "core/analysis/gene_pairs.h"
#include "core/analysis/gene_relations.h"
#include "core/base/result.h"
#include "ui/pages/genes_neighbor_model.h"
#include "ui/plots/heat_map.h"

namespace txfm::ui {

class ModelGenes;
class Session;

/// Answers the questions of the Genes page away from the UI thread: neighbours of a gene, heat map of a
/// set. Keeps the prepared vectors of the chosen model and the files of known pairs. Of each kind of
/// question only the newest is answered. Thread: the UI thread.
class GenesRelations : public QObject {
    Q_OBJECT
public:
    explicit GenesRelations(Session* session, QObject* parent = nullptr);

    /// Index of a symbol in any case; -1 when the model has no such gene.
    int64_t geneIndex(const QString& symbol) const;
    QString symbol(int64_t gene) const;
    QStringList symbols() const;
    QStringList pairFiles() const;

    void askNeighbors(int64_t gene, bool decoder, int64_t count);
    void askHeatMap(const std::vector<int64_t>& genes, bool decoder, bool clustered);
    void loadPairs(const QString& file);
    void forgetPairs();

Q_SIGNALS:
    void modelReady();
    void busy(bool busy);
    void neighborsReady(std::vector<txfm::ui::GenesNeighborModel::Row> rows, bool compared);
    void heatMapReady(std::shared_ptr<const txfm::ui::HeatMapData> data);
    void pairsChanged();
    void failed(const txfm::Error& error);

private:
    using Vectors = std::shared_ptr<const analysis::GeneVectors>;
    void modelChanged();
    /// Calls use(vectors) on the UI thread once they are prepared.
    void withVectors(bool decoder, std::function<void(Vectors)> use);

    Session* m_session;
    std::shared_ptr<const ModelGenes> m_genes;
    std::map<bool, Vectors> m_vectors;
    std::map<bool, std::vector<std::function<void(Vectors)>>> m_waiting;
    std::vector<analysis::GenePairDatabase> m_databases;
    std::shared_ptr<const analysis::KnownPairs> m_known;
    QStringList m_pairPaths;
    quint64 m_modelGeneration = 0, m_neighborGeneration = 0, m_mapGeneration = 0;
};

}  // namespace txfm::ui
