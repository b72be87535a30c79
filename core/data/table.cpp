// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace txfm {
namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string numberText(double value) {
    if (std::isnan(value)) return {};
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return {buffer, end};
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool naturalLess(const std::string& a, const std::string& b) {
    size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        if (isDigit(a[i]) && isDigit(b[j])) {
            size_t p = i, q = j;
            while (p < a.size() && a[p] == '0') ++p;
            while (q < b.size() && b[q] == '0') ++q;
            size_t pEnd = p, qEnd = q;
            while (pEnd < a.size() && isDigit(a[pEnd])) ++pEnd;
            while (qEnd < b.size() && isDigit(b[qEnd])) ++qEnd;
            if (pEnd - p != qEnd - q) return pEnd - p < qEnd - q;
            const int order = a.compare(p, pEnd - p, b, q, qEnd - q);
            if (order != 0) return order < 0;
            i = pEnd;
            j = qEnd;
        } else {
            if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
            ++i;
            ++j;
        }
    }
    if (i == a.size() && j == b.size()) return a < b;  // "01" and "1": a strict order all the same
    return i == a.size();
}

size_t Column::size() const {
    return std::visit(Overloaded{[](const Categorical& c) { return c.codes.size(); },
                                 [](const auto& v) { return v.size(); }},
                      values);
}

bool Column::isNumeric() const {
    return std::holds_alternative<std::vector<double>>(values) ||
           std::holds_alternative<std::vector<int64_t>>(values);
}

std::string Column::text(size_t row) const {
    if (!missing.empty() && missing[row]) return {};
    return std::visit(
        Overloaded{[&](const std::vector<double>& v) { return numberText(v[row]); },
                   [&](const std::vector<int64_t>& v) { return std::to_string(v[row]); },
                   [&](const std::vector<uint8_t>& v) { return std::string(v[row] ? "True" : "False"); },
                   [&](const std::vector<std::string>& v) { return v[row]; },
                   [&](const Categorical& c) {
                       return c.codes[row] < 0 ? std::string() : c.categories[c.codes[row]];
                   }},
        values);
}

double Column::number(size_t row) const {
    if (!missing.empty() && missing[row]) return std::numeric_limits<double>::quiet_NaN();
    if (const auto* v = std::get_if<std::vector<double>>(&values)) return (*v)[row];
    if (const auto* v = std::get_if<std::vector<int64_t>>(&values)) return static_cast<double>((*v)[row]);
    if (const auto* v = std::get_if<std::vector<uint8_t>>(&values)) return (*v)[row];
    const std::string label = text(row);
    double value = 0;
    const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
    if (label.empty() || error != std::errc() || end != label.data() + label.size())
        return std::numeric_limits<double>::quiet_NaN();
    return value;
}

Categorical Column::toCategorical() const {
    if (const auto* c = std::get_if<Categorical>(&values)) return *c;
    Categorical result;
    result.codes.assign(size(), -1);
    std::unordered_map<std::string, int32_t> known;
    for (size_t row = 0; row < size(); ++row) {
        std::string label = text(row);
        const bool absent = (!missing.empty() && missing[row]) || (isNumeric() && label.empty());
        if (absent) continue;
        const auto [it, isNew] = known.try_emplace(std::move(label), static_cast<int32_t>(known.size()));
        if (isNew) result.categories.push_back(it->first);
        result.codes[row] = it->second;
    }
    std::vector<int32_t> order(result.categories.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
    if (isNumeric()) {
        std::vector<double> value(order.size());
        for (size_t row = 0; row < size(); ++row)
            if (result.codes[row] >= 0) value[result.codes[row]] = number(row);
        std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return value[a] < value[b]; });
    } else {
        std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
            return naturalLess(result.categories[a], result.categories[b]);
        });
    }
    std::vector<int32_t> rank(order.size());
    std::vector<std::string> sorted(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
        rank[order[i]] = static_cast<int32_t>(i);
        sorted[i] = std::move(result.categories[order[i]]);
    }
    result.categories = std::move(sorted);
    for (int32_t& code : result.codes)
        if (code >= 0) code = rank[code];
    return result;
}

Column Column::select(const std::vector<int64_t>& rows) const {
    const auto pick = [&](const auto& from) {
        std::remove_cvref_t<decltype(from)> to;
        to.reserve(rows.size());
        for (const int64_t row : rows) to.push_back(from[row]);
        return to;
    };
    Column result;
    result.name = name;
    result.values = std::visit(Overloaded{[&](const Categorical& c) {
                                              return Values(Categorical{c.categories, pick(c.codes), c.ordered});
                                          },
                                          [&](const auto& v) { return Values(pick(v)); }},
                               values);
    if (!missing.empty()) result.missing = pick(missing);
    return result;
}

const Column* Table::find(const std::string& name) const {
    for (const Column& column : columns)
        if (column.name == name) return &column;
    return nullptr;
}

Column* Table::find(const std::string& name) {
    return const_cast<Column*>(static_cast<const Table&>(*this).find(name));
}

void Table::set(Column column) {
    if (Column* old = find(column.name))
        *old = std::move(column);
    else
        columns.push_back(std::move(column));
}

Table Table::select(const std::vector<int64_t>& rows) const {
    Table result;
    result.indexName = indexName;
    result.index.reserve(rows.size());
    for (const int64_t row : rows) result.index.push_back(index[row]);
    for (const Column& column : columns) result.columns.push_back(column.select(rows));
    return result;
}

}  // namespace txfm
