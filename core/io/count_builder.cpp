// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/count_builder.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "core/io/count_collector.h"
#include "core/io/count_loader.h"

namespace txfm::io {
namespace {

/// Sorts one row by column and sums equal columns; returns the new length.
int64_t tidyRow(int32_t* columns, float* values, int64_t n, std::vector<std::pair<int32_t, float>>& scratch) {
    const auto ascending = [&] {
        for (int64_t i = 1; i < n; ++i) {
            if (columns[i] <= columns[i - 1]) return false;
        }
        return true;
    };
    if (ascending()) return n;
    scratch.clear();
    for (int64_t i = 0; i < n; ++i) scratch.emplace_back(columns[i], values[i]);
    std::stable_sort(scratch.begin(), scratch.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    int64_t out = 0;
    for (const auto& [column, value] : scratch) {
        if (out > 0 && columns[out - 1] == column) {
            values[out - 1] += value;
        } else {
            columns[out] = column;
            values[out++] = value;
        }
    }
    return out;
}

std::string slotName(const std::string& featureType) {
    std::string name = "X_";
    for (const char c : featureType)
        name += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
    return name;
}

/// Genes that a reader marked as those of a genome that was not asked for; there are too many of them to be kept apart.
bool isOtherGenome(const std::string& slot) { return slot.starts_with("X_genes_of_"); }

/// Also in other spellings; a feature without a type is a gene.
bool isGeneExpression(const std::string& featureType) { return featureType.empty() || slotName(featureType) == slotName("Gene Expression"); }

}  // namespace

CsrMatrix buildCsr(int64_t cells, int64_t genes, const std::vector<CountEntry>& entries, int64_t* duplicates) {
    CsrMatrix matrix;
    matrix.rows = cells;
    matrix.cols = genes;
    std::vector<int64_t> start(cells + 1, 0);
    for (const CountEntry& e : entries) start[e.cell + 1] += e.value != 0;
    std::partial_sum(start.begin(), start.end(), start.begin());
    matrix.indices.resize(start.back());
    matrix.values.resize(start.back());
    std::vector<int64_t> next(start.begin(), start.end() - 1);
    for (const CountEntry& e : entries) {
        if (e.value == 0) continue;
        matrix.indices[next[e.cell]] = e.gene;
        matrix.values[next[e.cell]++] = e.value;
    }
    matrix.indptr.assign(cells + 1, 0);
    int64_t kept = 0;
    std::vector<std::pair<int32_t, float>> scratch;
    for (int64_t cell = 0; cell < cells; ++cell) {
        int32_t* columns = matrix.indices.data() + start[cell];
        float* values = matrix.values.data() + start[cell];
        const int64_t n = tidyRow(columns, values, start[cell + 1] - start[cell], scratch);
        std::copy(columns, columns + n, matrix.indices.data() + kept);
        std::copy(values, values + n, matrix.values.data() + kept);
        kept += n;
        matrix.indptr[cell + 1] = kept;
    }
    if (duplicates) *duplicates = static_cast<int64_t>(matrix.indices.size()) - kept;
    matrix.indices.resize(kept);
    matrix.values.resize(kept);
    return matrix;
}

void setValueKind(Provenance& provenance, ValueKind kind) {
    provenance.valueKind = kind;
    if (kind != ValueKind::Counts)
        provenance.notes.push_back("The values are not counts but look like " + toString(kind) + "; the model needs raw counts.");
}

Result<void> checkValues(const ValueSummary& values, const std::filesystem::path& path, Provenance& provenance) {
    if (values.nonFinite)
        return badInput("'" + path.string() + "' holds a value that is not a finite number (in cell " + std::to_string(values.row + 1) + ").",
                        "Export the raw counts again.");
    setValueKind(provenance, values.kind());
    return {};
}

Result<Dataset> keepGeneExpression(Dataset dataset, const std::filesystem::path& path, Progress& progress) {
    const Column* types = dataset.var.find("feature_types");
    if (!types) return dataset;
    struct Place {
        DenseMatrix* slot = nullptr;  ///< nullptr = among the genes
        int32_t column = 0;           ///< -1 = left out
    };
    std::vector<Place> places;
    std::vector<int64_t> genes;
    std::map<std::string, int32_t> others;
    for (size_t g = 0; g < dataset.var.rows(); ++g) {
        const std::string type = types->text(g);
        const bool isGene = isGeneExpression(type);
        places.push_back({nullptr, isGene ? static_cast<int32_t>(genes.size()) : others[slotName(type)]++});
        if (isGene) genes.push_back(static_cast<int64_t>(g));
    }
    if (others.empty()) return dataset;
    if (genes.empty())
        return badInput("'" + path.string() + "' holds no feature of type 'Gene Expression'.", "Choose the gene expression matrix.");
    for (const auto& [name, count] : others) {
        if (isOtherGenome(name)) {
            dataset.provenance.notes.push_back(std::to_string(count) + " genes of another genome are left out; txfm convert --genome NAME takes them instead.");
            continue;
        }
        dataset.obsm[name] = DenseMatrix(dataset.cells(), count);
        dataset.provenance.notes.push_back(std::to_string(count) + " features that are not genes are kept apart in obsm['" + name + "'].");
    }
    for (size_t g = 0; g < places.size(); ++g) {
        const std::string name = slotName(types->text(g));
        if (!others.contains(name)) continue;
        if (isOtherGenome(name))
            places[g].column = -1;
        else
            places[g].slot = &dataset.obsm.at(name);
    }

    CountCollector collector(progress.token());
    constexpr int64_t kBlock = 4096;
    StageProgress stage(progress, "read", static_cast<double>(dataset.cells()), "cells");
    for (int64_t begin = 0; begin < dataset.cells(); begin += kBlock) {
        if (progress.cancelled()) return cancelledError();
        TXFM_TRY(const CsrMatrix block, dataset.counts->readRows(begin, std::min(begin + kBlock, dataset.cells())));
        for (int64_t row = 0; row < block.rows; ++row) {
            const auto columns = block.rowIndices(row);
            for (size_t k = 0; k < columns.size(); ++k) {
                const Place& place = places[static_cast<size_t>(columns[k])];
                const float value = block.rowValues(row)[k];
                if (place.column < 0) continue;
                if (place.slot)
                    (*place.slot)(begin + row, place.column) = value;
                else if (!collector.add(static_cast<int32_t>(begin + row), place.column, value))
                    return collector.status().error();
            }
        }
        stage.set(static_cast<double>(begin + block.rows));
    }
    TXFM_TRY(const CollectedCounts kept, collector.finish(dataset.cells(), static_cast<int64_t>(genes.size())));
    dataset.var = dataset.var.select(genes);
    dataset.counts = kept.counts;
    return dataset;
}

int64_t countGeneExpression(const Table& var) {
    const Column* types = var.find("feature_types");
    int64_t genes = 0;
    for (size_t g = 0; g < var.rows(); ++g) genes += !types || isGeneExpression(types->text(g));
    return genes;
}

int64_t makeUnique(std::vector<std::string>& names) {
    std::unordered_set<std::string> taken(names.begin(), names.end());
    std::unordered_set<std::string> seen;
    std::unordered_map<std::string, int> suffix;
    int64_t changed = 0;
    for (std::string& name : names) {
        if (seen.insert(name).second) continue;
        std::string candidate;
        do {
            candidate = name + "-" + std::to_string(++suffix[name]);
        } while (!taken.insert(candidate).second);
        seen.insert(candidate);
        name = candidate;
        ++changed;
    }
    return changed;
}

}  // namespace txfm::io
