// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/data/dataset.h"
#include "tests/support/test_support.h"

namespace txfm::test {

/// tests/data/analysis/<name>: what scanpy and others computed from counts.json.
inline nlohmann::json analysisFixture(const std::string& name) {
    std::ifstream file(dataFile("analysis/" + name));
    return nlohmann::json::parse(file);
}

inline CsrMatrix csrFromJson(const nlohmann::json& json) {
    CsrMatrix m;
    m.rows = json.at("rows");
    m.cols = json.at("cols");
    m.indptr = json.at("indptr").get<std::vector<int64_t>>();
    m.indices = json.at("indices").get<LargeVector<int32_t>>();
    m.values = json.at("values").get<LargeVector<float>>();
    return m;
}

/// The 160 real cells of counts.json; obs['cell_type'], symbols as the index of var.
inline Dataset analysisDataset() {
    const auto json = analysisFixture("counts.json");
    Dataset data;
    data.counts = std::make_shared<MemoryCounts>(csrFromJson(json));
    data.var.index = json.at("genes").get<std::vector<std::string>>();
    const auto types = json.at("cell_type").get<std::vector<std::string>>();
    for (size_t i = 0; i < types.size(); ++i) data.obs.index.push_back("cell" + std::to_string(i));
    data.obs.columns.push_back({"cell_type", types, {}});
    return data;
}

/// max |a - b| / max(1, |b|)
template <class A, class B>
double largestDifference(const A& a, const B& b) {
    if (a.size() != b.size()) return 1e300;
    double worst = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
        worst = std::max(worst, std::abs(x - y) / std::max(1.0, std::abs(y)));
    }
    return worst;
}

}  // namespace txfm::test
