// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/genes_relations.h"

#include <algorithm>
#include <cmath>

#include "core/io/model_directory.h"
#include "ui/session/background.h"
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
    m_symbols.clear();
    m_indexOf.clear();
    m_vectors.clear();
    m_waiting.clear();
    if (const auto model = m_session->model()) {
        const auto& symbols = model->vocabulary().symbols;
        for (size_t i = 0; i < symbols.size(); ++i) {
            m_symbols << QString::fromStdString(symbols[i]);
            m_indexOf.emplace(m_symbols.back().toUpper(), static_cast<int64_t>(i));
        }
    }
    m_databases.clear();
    m_known.reset();
    const QStringList paths = std::exchange(m_pairPaths, {});
    for (const QString& path : paths) loadPairs(path);
    Q_EMIT modelReady();
}

int64_t GenesRelations::geneIndex(const QString& symbol) const {
    const auto found = m_indexOf.find(symbol.trimmed().toUpper());
    return found == m_indexOf.end() ? -1 : found->second;
}

QString GenesRelations::symbol(int64_t gene) const {
    return gene >= 0 && gene < m_symbols.size() ? m_symbols[gene] : QString();
}

QStringList GenesRelations::pairFiles() const {
    QStringList names;
    for (const auto& database : m_databases) names << QString::fromStdString(database.name);
    return names;
}

void GenesRelations::withVectors(bool decoder, std::function<void(Vectors)> use) {
    const auto model = m_session->model();
    if (!model) return;
    if (const auto found = m_vectors.find(decoder); found != m_vectors.end()) {
        use(found->second);
        return;
    }
    m_waiting[decoder].push_back(std::move(use));
    if (m_waiting[decoder].size() > 1) return;
    Q_EMIT busy(true);
    runInBackground(
        m_session->computePool(), this,
        [model, decoder]() -> Result<Vectors> {
            int64_t width = 0;
            TXFM_TRY(const std::vector<float> values, model->geneVectors(decoder, &width));
            Progress silent;
            TXFM_TRY(analysis::GeneVectors vectors,
                     analysis::GeneVectors::make(values, model->vocabulary().size(), width, 0, silent));
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
            [vectors, gene, count, known = m_known, symbols = m_symbols] {
                std::vector<GenesNeighborModel::Row> rows;
                for (const auto& neighbor : vectors->nearest(gene, count)) {
                    GenesNeighborModel::Row row{symbols[neighbor.gene], neighbor.cosine, neighbor.percentile, {}};
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
            [vectors, genes, clustered, symbols = m_symbols]() -> std::shared_ptr<const HeatMapData> {
                const analysis::GeneHeatMap map = analysis::geneHeatMap(*vectors, genes, clustered);
                auto data = std::make_shared<HeatMapData>();
                for (const int64_t gene : map.genes) data->labels.push_back(symbols[gene]);
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
