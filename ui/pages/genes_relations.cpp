// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/genes_relations.h"

#include <algorithm>
#include <cmath>

#include "ui/session/background.h"
#include "ui/session/model_genes.h"
#include "ui/session/session.h"

namespace txfm::ui {

namespace {

/// Colours of a heat map saturate at the strongest relation between different genes, so that weak maps show too.
double colorLimit(const DenseMatrix& cosines) {
    double strongest = 0;
    for (int64_t i = 0; i < cosines.rows; ++i)
        for (int64_t j = 0; j < i; ++j) strongest = std::max(strongest, std::abs(static_cast<double>(cosines(i, j))));
    return std::clamp(std::ceil(strongest * 20) / 20, 0.1, 1.0);
}

}  // namespace

GenesRelations::GenesRelations(Session* session, QObject* parent) : QObject(parent), m_session(session) {
    connect(session, &Session::modelChanged, this, &GenesRelations::modelChanged);
    modelChanged();
}

void GenesRelations::modelChanged() {
    ++m_modelGeneration;
    m_genes = m_session->modelGenes();
    m_vectors.clear();
    m_waiting.clear();
    m_databases.clear();
    m_known.reset();
    const QStringList paths = std::exchange(m_pairPaths, {});
    for (const QString& path : paths) loadPairs(path);
    Q_EMIT modelReady();
}

int64_t GenesRelations::geneIndex(const QString& symbol) const { return m_genes ? m_genes->find(symbol) : -1; }
QString GenesRelations::symbol(int64_t gene) const { return m_genes ? m_genes->symbol(gene) : QString(); }
QStringList GenesRelations::symbols() const { return m_genes ? m_genes->symbols() : QStringList(); }

QStringList GenesRelations::pairFiles() const {
    QStringList names;
    for (const auto& database : m_databases) names << QString::fromStdString(database.name);
    return names;
}

void GenesRelations::withVectors(bool decoder, std::function<void(Vectors)> use) {
    if (!m_genes) return;
    if (const auto found = m_vectors.find(decoder); found != m_vectors.end()) {
        use(found->second);
        return;
    }
    m_waiting[decoder].push_back(std::move(use));
    if (m_waiting[decoder].size() > 1) return;
    Q_EMIT busy(true);
    runInBackground(
        m_session->computePool(), this,
        [genes = m_genes, decoder]() -> Result<Vectors> {
            TXFM_TRY(const DenseMatrix values, genes->vectors(decoder));
            Progress silent;
            TXFM_TRY(analysis::GeneVectors vectors, analysis::GeneVectors::make(values.values, values.rows, values.cols, 0, silent));
            return std::make_shared<const analysis::GeneVectors>(std::move(vectors));
        },
        [this, decoder, generation = m_modelGeneration](Result<Vectors> result) {
            Q_EMIT busy(false);
            if (generation != m_modelGeneration) return;
            const auto waiting = std::exchange(m_waiting[decoder], {});
            if (!result) {
                Q_EMIT failed(result.error());
                return;
            }
            m_vectors[decoder] = *result;
            for (const auto& use : waiting) use(*result);
        });
}

void GenesRelations::askNeighbors(int64_t gene, bool decoder, int64_t count) {
    const quint64 generation = ++m_neighborGeneration;
    withVectors(decoder, [this, gene, count, generation](const Vectors& vectors) {
        if (generation != m_neighborGeneration) return;
        runInBackground(
            m_session->computePool(), this,
            [vectors, gene, count, known = m_known, genes = m_genes] {
                std::vector<GenesNeighborModel::Row> rows;
                for (const auto& neighbor : vectors->nearest(gene, count)) {
                    GenesNeighborModel::Row row{genes->symbol(neighbor.gene), neighbor.cosine, neighbor.percentile, {}};
                    if (known)
                        for (const std::string& name : known->databasesWith(gene, neighbor.gene)) row.knownIn << QString::fromStdString(name);
                    rows.push_back(std::move(row));
                }
                return rows;
            },
            [this, generation, compared = m_known != nullptr](std::vector<GenesNeighborModel::Row> rows) {
                if (generation == m_neighborGeneration) Q_EMIT neighborsReady(std::move(rows), compared);
            });
    });
}

void GenesRelations::askHeatMap(const std::vector<int64_t>& genes, bool decoder, bool clustered) {
    const quint64 generation = ++m_mapGeneration;
    if (genes.empty()) {
        Q_EMIT heatMapReady(nullptr);
        return;
    }
    withVectors(decoder, [this, genes, clustered, generation](const Vectors& vectors) {
        if (generation != m_mapGeneration) return;
        runInBackground(
            m_session->computePool(), this,
            [vectors, genes, clustered, names = m_genes]() -> std::shared_ptr<const HeatMapData> {
                const analysis::GeneHeatMap map = analysis::geneHeatMap(*vectors, genes, clustered);
                auto data = std::make_shared<HeatMapData>();
                for (const int64_t gene : map.genes) data->labels.push_back(names->symbol(gene));
                data->values = map.cosines.values;
                data->quantity = QStringLiteral("cosine");
                data->limit = colorLimit(map.cosines);
                return data;
            },
            [this, generation](std::shared_ptr<const HeatMapData> data) {
                if (generation == m_mapGeneration) Q_EMIT heatMapReady(std::move(data));
            });
    });
}

void GenesRelations::loadPairs(const QString& file) {
    const auto model = m_session->model();
    if (!model || m_pairPaths.contains(file)) return;
    m_pairPaths << file;
    Q_EMIT busy(true);
    runInBackground(
        m_session->computePool(), this,
        [model, file] { return analysis::readGenePairs(file.toStdString(), model->vocabulary().symbols); },
        [this, file, generation = m_modelGeneration](Result<analysis::GenePairDatabase> result) {
            Q_EMIT busy(false);
            if (generation != m_modelGeneration) return;
            if (!result) {
                m_pairPaths.removeAll(file);
                Q_EMIT failed(result.error());
                return;
            }
            m_databases.push_back(std::move(*result));
            m_known = std::make_shared<const analysis::KnownPairs>(m_databases);
            Q_EMIT pairsChanged();
        });
}

void GenesRelations::forgetPairs() {
    m_pairPaths.clear();
    m_databases.clear();
    m_known.reset();
    Q_EMIT pairsChanged();
}

}  // namespace txfm::ui
