// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/gene_values.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace txfm::ui {

namespace {

constexpr int64_t kBlock = 4096;  // cells read at once
constexpr double kScale = 1e4;
constexpr std::array kNameColumns = {"symbol", "gene_symbol", "gene_symbols", "feature_name", "gene_name", "gene_names"};

float valueAt(const CsrMatrix& matrix, int64_t row, int64_t column) {
    const auto indices = matrix.rowIndices(row);
    const auto found = std::lower_bound(indices.begin(), indices.end(), static_cast<int32_t>(column));
    if (found == indices.end() || *found != column) return 0;
    return matrix.rowValues(row)[static_cast<size_t>(found - indices.begin())];
}

double rowTotal(const CsrMatrix& matrix, int64_t row) {
    double total = 0;
    for (const float value : matrix.rowValues(row)) total += value;
    return total;
}

float logNormalised(double count, double total) {
    return total > 0 ? static_cast<float>(std::log1p(kScale * count / total)) : 0.0f;
}

}  // namespace

std::string GeneValues::unit() const {
    return m_dataset->provenance.valueKind == ValueKind::Counts ? "log-normalised" : "as stored";
}

Result<std::vector<float>> GeneValues::read(int64_t gene, Progress& progress) {
    const CountSource& counts = *m_dataset->counts;
    const bool normalise = m_dataset->provenance.valueKind == ValueKind::Counts;
    const int64_t cells = counts.cells();
    std::vector<float> values(static_cast<size_t>(cells), 0.0f);
    const CsrMatrix* whole = counts.inMemory();
    const bool keepTotals = normalise && m_cellTotals.empty();
    if (keepTotals) m_cellTotals.reserve(static_cast<size_t>(cells));
    StageProgress stage(progress, "read", static_cast<double>(cells), "cells");
    for (int64_t begin = 0; begin < cells; begin += kBlock) {
        const int64_t end = std::min(begin + kBlock, cells);
        if (progress.cancelled()) {
            if (keepTotals) m_cellTotals.clear();
            return cancelledError();
        }
        CsrMatrix block;
        if (!whole) {
            auto rows = counts.readRows(begin, end);
            if (!rows) {
                if (keepTotals) m_cellTotals.clear();
                return rows.error();
            }
            block = std::move(*rows);
        }
        const CsrMatrix& matrix = whole ? *whole : block;
        const int64_t offset = whole ? 0 : begin;
        for (int64_t cell = begin; cell < end; ++cell) {
            const float value = valueAt(matrix, cell - offset, gene);
            if (keepTotals) m_cellTotals.push_back(rowTotal(matrix, cell - offset));
            values[static_cast<size_t>(cell)] =
                normalise ? logNormalised(value, m_cellTotals[static_cast<size_t>(cell)]) : value;
        }
        stage.set(static_cast<double>(end));
    }
    return values;
}

int64_t findGene(const Table& var, const std::string& name) {
    const auto named = std::find(var.index.begin(), var.index.end(), name);
    if (named != var.index.end()) return named - var.index.begin();
    for (const char* column : kNameColumns) {
        const Column* names = var.find(column);
        if (!names) continue;
        for (size_t row = 0; row < names->size(); ++row)
            if (names->text(row) == name) return static_cast<int64_t>(row);
    }
    return -1;
}

std::vector<std::string> geneDisplayNames(const Table& var) {
    for (const char* column : kNameColumns) {
        const Column* names = var.find(column);
        if (!names) continue;
        std::vector<std::string> result(var.rows());
        for (size_t row = 0; row < result.size(); ++row) {
            result[row] = names->text(row);
            if (result[row].empty()) result[row] = var.index[row];
        }
        return result;
    }
    return var.index;
}

}  // namespace txfm::ui
