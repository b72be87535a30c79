// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace txfm {

/// A column of labels: code i refers to categories[code]; -1 = missing.
struct Categorical {
    std::vector<std::string> categories;
    std::vector<int32_t> codes;
    bool ordered = false;
    bool operator==(const Categorical&) const = default;
};

/// One column of a sample or gene table. `missing` is empty or has one flag per row
/// (nullable integers, booleans and strings); floating-point columns use NaN.
struct Column {
    using Values = std::variant<std::vector<double>, std::vector<int64_t>, std::vector<uint8_t>,
                                std::vector<std::string>, Categorical>;  // uint8_t = boolean
    std::string name;
    Values values;
    std::vector<uint8_t> missing;

    size_t size() const;
    bool isCategorical() const { return std::holds_alternative<Categorical>(values); }
    bool isNumeric() const;  ///< double or int64
    /// The value of a row as text; missing = "".
    std::string text(size_t row) const;
    /// The value of a row as a number; NaN where missing or not a number.
    double number(size_t row) const;
    /// Any column as labels (numbers printed), categories in natural order for text.
    Categorical toCategorical() const;
    /// The rows named, in that order; categories stay as they are.
    Column select(const std::vector<int64_t>& rows) const;
    bool operator==(const Column&) const = default;
};

/// Order of names as people expect it: "B2" before "B10". A strict weak order.
bool naturalLess(const std::string& a, const std::string& b);

/// obs or var: an index (names of cells or genes) and columns in order.
struct Table {
    std::string indexName = "_index";
    std::vector<std::string> index;
    std::vector<Column> columns;

    size_t rows() const { return index.size(); }
    const Column* find(const std::string& name) const;
    Column* find(const std::string& name);
    /// Replaces the column of that name, or appends it.
    void set(Column column);
    /// The rows named, in that order.
    Table select(const std::vector<int64_t>& rows) const;
    bool operator==(const Table&) const = default;
};

}  // namespace txfm
