// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>

#include "core/base/utf8.h"
#include "core/io/anndata_elements.h"

namespace txfm::io::anndata {
namespace {

using hdf5::ElementKind;
using hdf5::Handle;

Column numericColumn(std::string name, std::vector<double> values) { return {std::move(name), std::move(values), {}}; }

Error wrongLength(const Node& node, size_t have, int64_t want) {
    return badInput(node.where() + " has " + std::to_string(have) + " entries where " + std::to_string(want) +
                    " belong; the file is damaged.");
}

/// Any one-dimensional data set of numbers or texts.
Result<std::optional<Column>> readPlain(const Node& node, const std::string& name) {
    if (!node.isDataset() || node.shape().size() > 1) return std::optional<Column>{};
    const hdf5::ElementType type = node.type();
    Column column;
    column.name = name;
    if (type.kind == ElementKind::String) {
        TXFM_TRY(column.values, node.readTexts());
    } else if (type.kind == ElementKind::Boolean) {
        TXFM_TRY(column.values, node.readAll<uint8_t>());
    } else if (type.kind == ElementKind::Float) {
        TXFM_TRY(column.values, node.readAll<double>());
    } else if (type.isInteger()) {
        TXFM_TRY(column.values, node.readAll<int64_t>());
    } else {
        return std::optional<Column>{};
    }
    return std::optional<Column>{std::move(column)};
}

/// Labels of any stored type as texts.
Result<std::vector<std::string>> readLabels(const Node& node) {
    std::optional<Column> column;
    if (node.isGroup() && node.has("values")) {
        TXFM_TRY(const Node values, node.child("values"));
        TXFM_TRY(column, readPlain(values, {}));
    } else {
        TXFM_TRY(column, readPlain(node, {}));
    }
    if (!column) return badInput(node.where() + " does not hold labels.");
    if (auto* texts = std::get_if<std::vector<std::string>>(&column->values)) return std::move(*texts);
    std::vector<std::string> labels;
    for (size_t i = 0; i < column->size(); ++i) labels.push_back(column->text(i));
    return labels;
}

Result<Column> makeCategorical(const Node& where, std::string name, const std::vector<int64_t>& codes,
                               std::vector<std::string> categories, bool ordered) {
    Categorical labels;
    labels.ordered = ordered;
    labels.codes.reserve(codes.size());
    for (const int64_t code : codes) {
        if (code < -1 || code >= static_cast<int64_t>(categories.size()))
            return badInput(where.where() + " refers to category " + std::to_string(code) + " of " +
                            std::to_string(categories.size()) + "; the file is damaged.");
        labels.codes.push_back(static_cast<int32_t>(code));
    }
    labels.categories = std::move(categories);
    return Column{std::move(name), std::move(labels), {}};
}

Result<Column> readCategorical(const Node& group, const std::string& name) {
    TXFM_TRY(const Node codesNode, group.child("codes"));
    TXFM_TRY(const Node categoriesNode, group.child("categories"));
    // Unsigned code types have no -1; numpy's missing code wraps, which readAll keeps as it is.
    TXFM_TRY(std::vector<int64_t> codes, codesNode.readAll<int64_t>());
    TXFM_TRY(std::vector<std::string> categories, readLabels(categoriesNode));
    const std::vector<int64_t> ordered = group.attributeIntegers("ordered");
    return makeCategorical(group, name, codes, std::move(categories), !ordered.empty() && ordered[0] != 0);
}

Result<std::optional<Column>> readMasked(const Node& group, const std::string& name) {
    TXFM_TRY(const Node values, group.child("values"));
    TXFM_TRY(const Node mask, group.child("mask"));
    TXFM_TRY(std::optional<Column> column, readPlain(values, name));
    if (!column) return column;
    TXFM_TRY(column->missing, mask.readAll<uint8_t>());
    if (column->missing.size() != column->size()) return wrongLength(mask, column->missing.size(), column->size());
    return column;
}

/// Before 0.8 a categorical column was its codes, with the labels in `__categories` beside it.
Result<std::optional<Column>> readLegacyCategorical(const Node& frame, const Node& node, const std::string& name) {
    if (!frame.has("__categories")) return std::optional<Column>{};
    TXFM_TRY(const Node all, frame.child("__categories"));
    if (!all.has(name)) return std::optional<Column>{};
    TXFM_TRY(const Node categories, all.child(name));
    TXFM_TRY(std::vector<int64_t> codes, node.readAll<int64_t>());
    TXFM_TRY(std::vector<std::string> labels, readLabels(categories));
    const std::vector<int64_t> ordered = categories.attributeIntegers("ordered");
    TXFM_TRY(Column column, makeCategorical(node, name, codes, std::move(labels), !ordered.empty() && ordered[0] != 0));
    return std::optional<Column>{std::move(column)};
}

Result<std::optional<Column>> readColumn(const Node& frame, const std::string& name) {
    TXFM_TRY(const Node node, frame.child(name));
    if (node.isGroup()) {
        const std::string encoding = node.attributeText("encoding-type");
        if (encoding == "categorical") {
            TXFM_TRY(Column column, readCategorical(node, name));
            return std::optional<Column>{std::move(column)};
        }
        if (encoding == "nullable-integer" || encoding == "nullable-boolean" || encoding == "nullable-string-array" ||
            encoding == "nullable-float")
            return readMasked(node, name);
        return std::optional<Column>{};
    }
    TXFM_TRY(std::optional<Column> legacy, readLegacyCategorical(frame, node, name));
    if (legacy) return legacy;
    return readPlain(node, name);
}

std::string indexName(const Node& frame) {
    if (std::string name = frame.attributeText("_index"); !name.empty()) return name;
    return frame.has("index") && !frame.has("_index") ? "index" : "_index";
}

std::vector<std::string> columnNames(const Node& frame, const std::string& index) {
    std::vector<std::string> names = frame.attributeTexts("column-order");
    std::erase(names, std::string());
    if (!names.empty() || frame.hasAttribute("column-order")) return names;
    for (const std::string& child : frame.children())
        if (child != index && child != "__categories") names.push_back(child);
    return names;
}

Result<Table> readGroupTable(const Node& frame, std::vector<std::string>& notes) {
    Table table;
    table.indexName = indexName(frame);
    TXFM_TRY(const Node indexNode, frame.child(table.indexName));
    TXFM_TRY(table.index, readLabels(indexNode));
    std::set<std::string> seen;
    for (const std::string& name : columnNames(frame, table.indexName)) {
        if (!seen.insert(name).second) continue;
        TXFM_TRY(std::optional<Column> column, readColumn(frame, name));
        if (!column) {
            TXFM_TRY(const Node node, frame.child(name));
            std::string encoding = node.attributeText("encoding-type");
            notes.push_back("The column '" + name + "' of " + frame.path() + " was skipped: its encoding '" +
                            (encoding.empty() ? "unknown" : encoding) + " " + node.attributeText("encoding-version") +
                            "' is not a column that can be shown.");
            continue;
        }
        if (column->size() != table.rows()) {
            TXFM_TRY(const Node node, frame.child(name));
            return wrongLength(node, column->size(), static_cast<int64_t>(table.rows()));
        }
        table.columns.push_back(std::move(*column));
    }
    return table;
}

/// One member of a compound data set; a memory type with that member alone selects it.
Result<std::optional<Column>> readMember(const Node& frame, int member, const std::string& name, int64_t rows) {
    const auto guard = hdf5::lock();
    const Handle whole(H5Dget_type(frame.id()));
    const Handle fileType(H5Tget_member_type(whole, static_cast<unsigned>(member)));
    const H5T_class_t kind = H5Tget_class(fileType);
    const auto count = static_cast<size_t>(rows);
    const auto read = [&](hid_t memberType, void* out) {
        const Handle memory(H5Tcreate(H5T_COMPOUND, H5Tget_size(memberType)));
        H5Tinsert(memory, name.c_str(), 0, memberType);
        return H5Dread(frame.id(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
    };
    const auto unreadable = [&] { return badInput("The column '" + name + "' of " + frame.where() + " cannot be read."); };
    if (kind == H5T_STRING && H5Tis_variable_str(fileType) > 0) {
        std::vector<char*> pointers(count, nullptr);
        const Handle memory(H5Tcopy(fileType)), space(H5Dget_space(frame.id()));
        const bool ok = read(memory, pointers.data());
        std::vector<std::string> texts;
        for (const char* text : pointers) texts.push_back(text ? toUtf8(text) : std::string());
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, pointers.data());
        if (!ok) return unreadable();
        return std::optional<Column>{Column{name, std::move(texts), {}}};
    }
    if (kind == H5T_STRING) {
        const size_t width = H5Tget_size(fileType);
        std::vector<char> bytes(width * count);
        if (!read(fileType, bytes.data())) return unreadable();
        std::vector<std::string> texts;
        for (size_t i = 0; i < count; ++i) {
            std::string text(bytes.data() + i * width, width);
            texts.push_back(toUtf8(std::move(text)));
        }
        return std::optional<Column>{Column{name, std::move(texts), {}}};
    }
    if (kind == H5T_FLOAT) {
        std::vector<double> values(count);
        if (!read(H5T_NATIVE_DOUBLE, values.data())) return unreadable();
        return std::optional<Column>{numericColumn(name, std::move(values))};
    }
    if (kind == H5T_INTEGER) {
        std::vector<int64_t> values(count);
        if (!read(H5T_NATIVE_INT64, values.data())) return unreadable();
        return std::optional<Column>{Column{name, std::move(values), {}}};
    }
    if (kind == H5T_ENUM && H5Tget_size(fileType) == 1) {
        std::vector<uint8_t> values(count);
        if (!read(fileType, values.data())) return unreadable();
        for (uint8_t& value : values) value = value != 0;
        return std::optional<Column>{Column{name, std::move(values), {}}};
    }
    return std::optional<Column>{};
}

std::vector<std::string> memberNames(const Node& frame) {
    const auto guard = hdf5::lock();
    const Handle type(H5Dget_type(frame.id()));
    std::vector<std::string> names;
    for (int i = 0, n = H5Tget_nmembers(type); i < n; ++i) {
        char* name = H5Tget_member_name(type, static_cast<unsigned>(i));
        names.emplace_back(name ? name : "");
        H5free_memory(name);
    }
    return names;
}

/// AnnData before 0.7: one compound record per row, index first, labels of categories in uns.
Result<Table> readCompoundTable(const Node& frame, const Node& root, std::vector<std::string>& notes) {
    TXFM_CHECK(frame.checkReadable());
    const std::vector<int64_t> shape = frame.shape();
    if (shape.size() != 1) return badInput(frame.where() + " is not a table.");
    const std::vector<std::string> names = memberNames(frame);
    Table table;
    if (!names.empty()) table.indexName = names[0];
    for (size_t i = 0; i < names.size(); ++i) {
        TXFM_TRY(std::optional<Column> column, readMember(frame, static_cast<int>(i), names[i], shape[0]));
        if (i == 0) {
            if (!column) return badInput(frame.where() + " has no usable index.");
            for (size_t row = 0; row < column->size(); ++row) table.index.push_back(column->text(row));
            continue;
        }
        if (!column) {
            notes.push_back("The column '" + names[i] + "' of " + frame.path() + " was skipped: its type is not understood.");
            continue;
        }
        const auto* codes = std::get_if<std::vector<int64_t>>(&column->values);
        if (codes && root.has("uns")) {
            TXFM_TRY(const Node uns, root.child("uns"));
            if (const std::string key = names[i] + "_categories"; uns.has(key)) {
                TXFM_TRY(const Node categories, uns.child(key));
                TXFM_TRY(std::vector<std::string> labels, readLabels(categories));
                TXFM_TRY(column, makeCategorical(frame, names[i], *codes, std::move(labels), false));
            }
        }
        table.columns.push_back(std::move(*column));
    }
    return table;
}

}  // namespace

Result<Table> readTable(const Node& frame, const Node& root, std::vector<std::string>& notes) {
    if (frame.isGroup()) return readGroupTable(frame, notes);
    if (frame.type().kind == ElementKind::Compound) return readCompoundTable(frame, root, notes);
    return badInput(frame.where() + " is neither a table of current nor of older AnnData files.");
}

Result<Node> rawVarOf(const Node& root) {
    if (!root.has("raw")) return root.child("raw.var");
    TXFM_TRY(const Node raw, root.child("raw"));
    return raw.child("var");
}

Result<bool> hasGenesOf(const Node& root, const std::string& countsIn) {
    if (countsIn != "raw.X") return true;
    TXFM_TRY(const Node rawVar, rawVarOf(root));
    TXFM_TRY(const Node var, root.child("var"));
    TXFM_TRY(const TableShape rawShape, tableShape(rawVar));
    TXFM_TRY(const TableShape shape, tableShape(var));
    if (rawShape.rows != shape.rows) return false;
    std::vector<std::string> notes;
    TXFM_TRY(const Table rawGenes, readTable(rawVar, root, notes));
    TXFM_TRY(const Table genes, readTable(var, root, notes));
    return rawGenes.index == genes.index;
}

Result<TableShape> tableShape(const Node& frame) {
    TableShape result;
    if (frame.isGroup()) {
        const std::string index = indexName(frame);
        TXFM_TRY(const Node indexNode, frame.child(index));
        result.columns = columnNames(frame, index);
        Node labels = Node::copyOf(indexNode);
        if (indexNode.isGroup() && indexNode.has("values")) {
            TXFM_TRY(labels, indexNode.child("values"));
        }
        const std::vector<int64_t> shape = labels.shape();
        if (shape.size() != 1) return badInput(indexNode.where() + " is not a list of names.");
        result.rows = shape[0];
        return result;
    }
    const std::vector<int64_t> shape = frame.shape();
    if (frame.type().kind != ElementKind::Compound || shape.size() != 1)
        return badInput(frame.where() + " is not a table.");
    result.rows = shape[0];
    result.columns = memberNames(frame);
    if (!result.columns.empty()) result.columns.erase(result.columns.begin());
    return result;
}

}  // namespace txfm::io::anndata
