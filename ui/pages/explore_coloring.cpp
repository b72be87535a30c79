// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/explore_coloring.h"

#include "core/data/dataset.h"
#include "ui/plots/gene_values.h"
#include "ui/session/background.h"
#include "ui/session/session.h"

namespace txfm::ui {

namespace {

using Colors = Result<std::shared_ptr<const PointColors>>;

Colors colorColumn(const Dataset& dataset, const std::string& name, bool dark) {
    const Column* column = dataset.obs.find(name);
    if (!column) return badInput("The data has no column '" + name + "'.", "Choose another one.");
    const QString title = QString::fromStdString(name);
    if (!column->isNumeric()) return colorByCategory(column->toCategorical(), title, dark);
    std::vector<float> values(column->size());
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(column->number(i));
    return colorByValue(std::move(values), title, {}, dark);
}

Colors colorGene(GeneValues& genes, const Dataset& dataset, const std::string& name, bool dark, Progress& progress) {
    const int64_t gene = findGene(dataset.var, name);
    if (gene < 0) return badInput("The data has no gene '" + name + "'.", "Check the spelling, or look on the Data page for its other names.");
    TXFM_TRY(std::vector<float> values, genes.read(gene, progress));
    return colorByValue(std::move(values), QString::fromStdString(name), QString::fromStdString(genes.unit()), dark);
}

}  // namespace

ExploreColoring::ExploreColoring(Session* session, QObject* parent) : QObject(parent), m_session(session) {}

ExploreColoring::~ExploreColoring() { m_token.cancel(); }

ColorChoice ExploreColoring::defaultChoice(const Dataset& dataset) {
    for (const char* name : {"txfm_leiden", "leiden", "cell_type", "celltype", "louvain"})
        if (dataset.obs.find(name)) return {ColorChoice::Kind::Column, QString::fromLatin1(name)};
    for (const Column& column : dataset.obs.columns) {
        const auto* labels = std::get_if<Categorical>(&column.values);
        if (labels && labels->categories.size() >= 2 && labels->categories.size() <= 100)
            return {ColorChoice::Kind::Column, QString::fromStdString(column.name)};
    }
    return {};
}

void ExploreColoring::choose(const ColorChoice& choice, bool dark) {
    m_token.cancel();
    m_token = CancelToken();
    m_choice = choice;
    const quint64 generation = ++m_generation;
    const auto dataset = m_session->dataset();
    if (!dataset) return;
    const std::string name = choice.name.toStdString();
    const auto done = [this, generation](Colors result) { finish(generation, std::move(result)); };
    Q_EMIT started();
    switch (choice.kind) {
    case ColorChoice::Kind::None:
        runInBackground(m_session->computePool(), this,
                        [n = static_cast<size_t>(dataset->cells()), dark]() -> Colors { return plainColors(n, dark); }, done);
        return;
    case ColorChoice::Kind::Column:
        runInBackground(m_session->computePool(), this,
                        [dataset, name, dark]() -> Colors { return colorColumn(*dataset, name, dark); }, done);
        return;
    case ColorChoice::Kind::Gene:
        if (!m_genes || m_genesOf.lock() != dataset) {
            m_genes = std::make_shared<GeneValues>(dataset);
            m_genesOf = dataset;
        }
        runInBackground(m_session->ioPool(), this,
                        [dataset, genes = m_genes, name, dark, token = m_token]() -> Colors {
                            Progress progress(token);
                            return colorGene(*genes, *dataset, name, dark, progress);
                        },
                        done);
        return;
    }
}

void ExploreColoring::finish(quint64 generation, Result<std::shared_ptr<const PointColors>> result) {
    if (generation != m_generation) return;
    if (result) Q_EMIT ready(*result);
    else Q_EMIT failed(result.error());
}

}  // namespace txfm::ui
