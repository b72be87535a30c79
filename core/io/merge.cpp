// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/io/merge.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "core/io/count_builder.h"
#include "core/io/joined_counts.h"
#include "core/io/reader.h"

namespace txfm::io {
namespace {

constexpr int64_t kBytesPerValue = 8;  // of counts in memory

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

Result<CsrMatrix> readAll(const CountSource& counts, Progress& progress) {
    constexpr int64_t kBlock = 4096;
    CsrMatrix all;
    all.rows = counts.cells();
    all.cols = counts.genes();
    StageProgress stage(progress, "read", static_cast<double>(all.rows), "cells");
    for (int64_t begin = 0; begin < all.rows; begin += kBlock) {
        if (progress.cancelled()) return cancelledError();
        TXFM_TRY(const CsrMatrix block, counts.readRows(begin, std::min(begin + kBlock, all.rows)));
        const int64_t before = all.nnz();
        for (int64_t row = 1; row <= block.rows; ++row) all.indptr.push_back(before + block.indptr[row]);
        all.indices.insert(all.indices.end(), block.indices.begin(), block.indices.end());
        all.values.insert(all.values.end(), block.values.begin(), block.values.end());
        stage.advance(static_cast<double>(block.rows));
    }
    return all;
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

    std::vector<JoinedCounts::Part> joined;
    for (size_t p = 0; p < parts.size(); ++p) {
        addMeasured(parts[p].dataset, target[p], genes, merged);
        joined.push_back({parts[p].dataset.counts, std::move(target[p])});
    }
    const auto counts = std::make_shared<JoinedCounts>(std::move(joined), genes);
    merged.counts = counts;
    if (counts->nonZeros() >= 0 && kBytesPerValue * counts->nonZeros() <= memoryForCounts()) {
        TXFM_TRY(CsrMatrix all, readAll(*counts, progress));
        merged.counts = std::make_shared<MemoryCounts>(std::move(all));
    }
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
