// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/merge.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "core/io/count_builder.h"

namespace txfm::io {
namespace {

/// One column over all parts. Columns of one numeric type keep it; everything else becomes labels.
Column uniteColumn(const std::string& name, const std::vector<const Table*>& tables) {
    size_t total = 0;
    bool numeric = true;
    for (const Table* table : tables) {
        total += table->rows();
        if (const Column* column = table->find(name)) numeric &= column->isNumeric();
    }
    if (numeric) {
        std::vector<double> values;
        values.reserve(total);
        for (const Table* table : tables) {
            const Column* column = table->find(name);
            for (size_t row = 0; row < table->rows(); ++row)
                values.push_back(column ? column->number(row) : std::numeric_limits<double>::quiet_NaN());
        }
        return Column{name, std::move(values), {}};
    }
    std::vector<std::string> values;
    values.reserve(total);
    for (const Table* table : tables) {
        const Column* column = table->find(name);
        for (size_t row = 0; row < table->rows(); ++row) values.push_back(column ? column->text(row) : std::string());
    }
    Column text{name, std::move(values), {}};
    return Column{name, text.toCategorical(), {}};
}

std::vector<std::string> unionOfColumns(const std::vector<const Table*>& tables) {
    std::vector<std::string> names;
    for (const Table* table : tables) {
        for (const Column& column : table->columns) {
            if (!std::ranges::count(names, column.name)) names.push_back(column.name);
        }
    }
    return names;
}

Table uniteObs(const std::vector<NamedDataset>& parts, std::vector<std::string>& notes) {
    std::vector<const Table*> tables;
    Categorical sample;
    std::unordered_map<std::string, int32_t> codes;
    Table obs;
    for (const NamedDataset& part : parts) {
        tables.push_back(&part.dataset.obs);
        obs.index.insert(obs.index.end(), part.dataset.obs.index.begin(), part.dataset.obs.index.end());
        // A part that was merged before keeps its own samples apart.
        const Column* own = part.dataset.obs.find("sample");
        for (size_t row = 0; row < part.dataset.obs.rows(); ++row) {
            const std::string name = own ? part.name + "_" + own->text(row) : part.name;
            const auto [code, added] = codes.try_emplace(name, static_cast<int32_t>(sample.categories.size()));
            if (added) sample.categories.push_back(name);
            sample.codes.push_back(code->second);
        }
    }
    for (const std::string& name : unionOfColumns(tables)) {
        if (name != "sample") obs.set(uniteColumn(name, tables));
    }
    obs.set(Column{"sample", std::move(sample), {}});
    if (const int64_t changed = makeUnique(obs.index); changed > 0)
        notes.push_back(std::to_string(changed) + " cells had the name of a cell of another sample and got a suffix such as '-1'.");
    return obs;
}

/// What a part measured, in the genes of the whole; a part that was merged before brings several sets.
void addMeasured(const Dataset& part, const std::vector<int32_t>& target, int64_t genes, Dataset& merged) {
    const auto first = static_cast<int32_t>(merged.measured.size());
    const size_t sets = std::max<size_t>(1, part.measured.size());
    for (size_t set = 0; set < sets; ++set) {
        std::vector<uint8_t> measured(static_cast<size_t>(genes), 0);
        for (size_t g = 0; g < target.size(); ++g)
            if (part.measured.empty() || part.measured[set][g]) measured[static_cast<size_t>(target[g])] = 1;
        merged.measured.push_back(std::move(measured));
    }
    for (int64_t cell = 0; cell < part.cells(); ++cell)
        merged.sourceOfCell.push_back(first + (part.sourceOfCell.empty() ? 0 : part.sourceOfCell[static_cast<size_t>(cell)]));
}

}  // namespace

Result<Dataset> mergeDatasets(std::vector<NamedDataset> parts, Progress& progress) {
    if (parts.empty()) return failed("There is nothing to merge.");
    Dataset merged;
    Provenance& provenance = merged.provenance;
    provenance = parts.front().dataset.provenance;
    provenance.notes.clear();

    std::unordered_map<std::string, int32_t> geneIndex;
    std::vector<std::pair<size_t, int64_t>> firstSeen;  // part and row of each gene
    std::vector<std::vector<int32_t>> target(parts.size());
    int64_t cells = 0;
    for (size_t p = 0; p < parts.size(); ++p) {
        const Dataset& part = parts[p].dataset;
        for (const std::string& note : part.provenance.notes) provenance.notes.push_back(parts[p].name + ": " + note);
        if (part.provenance.valueKind != ValueKind::Counts) provenance.valueKind = part.provenance.valueKind;
        cells += part.cells();
        for (size_t g = 0; g < part.var.index.size(); ++g) {
            const auto [at, added] = geneIndex.try_emplace(part.var.index[g], static_cast<int32_t>(geneIndex.size()));
            if (added) firstSeen.emplace_back(p, static_cast<int64_t>(g));
            target[p].push_back(at->second);
        }
    }
    const auto genes = static_cast<int64_t>(firstSeen.size());

    CsrMatrix counts;
    counts.rows = cells;
    counts.cols = genes;
    StageProgress stage(progress, "read", static_cast<double>(cells), "cells");
    for (size_t p = 0; p < parts.size(); ++p) {
        const Dataset& part = parts[p].dataset;
        addMeasured(part, target[p], genes, merged);
        constexpr int64_t kBlock = 4096;
        std::vector<std::pair<int32_t, float>> row;
        for (int64_t begin = 0; begin < part.cells(); begin += kBlock) {
            if (progress.cancelled()) return cancelledError();
            TXFM_TRY(const CsrMatrix block, part.counts->readRows(begin, std::min(begin + kBlock, part.cells())));
            for (int64_t r = 0; r < block.rows; ++r) {
                row.clear();
                const auto columns = block.rowIndices(r);
                for (size_t k = 0; k < columns.size(); ++k) row.emplace_back(target[p][columns[k]], block.rowValues(r)[k]);
                std::ranges::sort(row);
                for (const auto& [gene, value] : row) {
                    counts.indices.push_back(gene);
                    counts.values.push_back(value);
                }
                counts.indptr.push_back(static_cast<int64_t>(counts.indices.size()));
            }
            stage.advance(static_cast<double>(block.rows));
        }
    }
    merged.counts = std::make_shared<MemoryCounts>(std::move(counts));
    merged.obs = uniteObs(parts, provenance.notes);

    std::vector<const Table*> varTables;
    for (const NamedDataset& part : parts) varTables.push_back(&part.dataset.var);
    for (const auto& [p, g] : firstSeen) merged.var.index.push_back(parts[p].dataset.var.index[g]);
    for (const std::string& name : unionOfColumns(varTables)) {
        std::vector<std::string> values;
        for (const auto& [p, g] : firstSeen) {
            const Column* column = parts[p].dataset.var.find(name);
            values.push_back(column ? column->text(g) : std::string());
        }
        merged.var.set(Column{name, std::move(values), {}});
    }
    const bool allMeasured = std::ranges::all_of(merged.measured, [](const auto& flags) { return std::ranges::count(flags, 0) == 0; });
    if (allMeasured) {
        merged.measured.clear();
        merged.sourceOfCell.clear();
    } else {
        provenance.notes.push_back("The samples measure different genes; a gene that a sample lacks counts as not measured there, not as zero.");
    }
    return merged;
}

}  // namespace txfm::io
