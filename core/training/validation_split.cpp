// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/validation_split.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "core/base/random.h"
#include "core/training/seeds.h"

namespace txfm::training {
namespace {

/// Data sets below this size give no validation sample unless the fraction itself rounds to one.
constexpr int64_t kSmallestSplitSet = 10;
/// With fewer batches a held-out one would take more than a fifth of the data unasked.
constexpr size_t kFewestBatches = 5;

bool isBatchName(const std::string& name) {
    return std::ranges::equal(name, std::string_view("batch"),
                              [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

size_t distinctValues(const Column& column) {
    std::set<std::string> values;
    for (size_t row = 0; row < column.size() && values.size() < kFewestBatches; ++row) values.insert(column.text(row));
    return values.size();
}

/// The first `held` of `items` become a random choice of them.
template <class T>
void drawFirst(std::vector<T>& items, int64_t held, RandomStream random) {
    const auto n = static_cast<int64_t>(items.size());
    for (int64_t i = 0; i < held; ++i)
        std::swap(items[static_cast<size_t>(i)],
                  items[static_cast<size_t>(i + static_cast<int64_t>(random.below(static_cast<uint64_t>(n - i))))]);
}

}  // namespace

Result<const Column*> batchColumn(const Table& obs, const std::string& choice, const std::string& path) {
    const Column* none = nullptr;
    if (choice.empty() || choice == kSingleCells) return none;
    if (choice == kBatchesIfNamed) {
        for (const Column& column : obs.columns)
            if (isBatchName(column.name) && distinctValues(column) >= kFewestBatches) return &column;
        return none;
    }
    if (const Column* column = obs.find(choice)) return column;
    std::string known;
    for (const Column& column : obs.columns)
        if (known.size() < 200) known += (known.empty() ? "" : ", ") + column.name;
    return badInput("'" + path + "' has no obs column '" + choice + "' for --val-batches.",
                    known.empty() ? "Use --val-batches none." : "Its columns are: " + known + ".");
}

ValidationSplit splitSamples(std::span<const int64_t> rows, double fraction, uint64_t seed, uint32_t stream,
                             const Column* batches, std::span<const int64_t> rowInObs) {
    ValidationSplit split;
    const RandomStream random(domainSeed(seed, SeedDomain::Split), stream);
    const auto n = static_cast<int64_t>(rows.size());
    std::map<std::string, std::vector<int64_t>> byBatch;
    if (batches && fraction > 0)
        for (int64_t row : rows)
            byBatch[batches->text(static_cast<size_t>(rowInObs.empty() ? row : rowInObs[static_cast<size_t>(row)]))].push_back(row);
    if (byBatch.size() > 1) {
        std::vector<std::string> names;
        for (const auto& [name, members] : byBatch) names.push_back(name);
        const auto count = static_cast<int64_t>(names.size());
        const int64_t held = std::clamp<int64_t>(std::llround(fraction * static_cast<double>(count)), 1, count - 1);
        drawFirst(names, held, random);
        split.column = batches->name;
        split.batches.assign(names.begin(), names.begin() + held);
        std::ranges::sort(split.batches);
        for (const auto& [name, members] : byBatch) {
            auto& to = std::ranges::binary_search(split.batches, name) ? split.validation : split.train;
            to.insert(to.end(), members.begin(), members.end());
        }
    } else {
        auto held = static_cast<int64_t>(std::llround(fraction * static_cast<double>(n)));
        if (fraction > 0 && held == 0 && n >= kSmallestSplitSet) held = 1;
        held = std::min(held, std::max<int64_t>(n - 1, 0));
        std::vector<int64_t> shuffled(rows.begin(), rows.end());
        drawFirst(shuffled, held, random);
        split.validation.assign(shuffled.begin(), shuffled.begin() + held);
        split.train.assign(shuffled.begin() + held, shuffled.end());
    }
    std::ranges::sort(split.validation);
    std::ranges::sort(split.train);
    return split;
}

}  // namespace txfm::training
