// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/obs_filter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <variant>

namespace txfm {
namespace {

constexpr int kDeepestNesting = 100;

using Rows = std::vector<uint8_t>;

struct Token {
    enum class Kind { Name, Text, Number, Symbol, End } kind = Kind::End;
    std::string text;  ///< without quotes
    double number = 0;
    size_t position = 0;  ///< 1-based
    bool quotedName = false;
};

Error wrongAt(size_t position, const std::string& what) {
    return usageError("The expression of --where is wrong at character " + std::to_string(position) + ": " + what + ".",
                      "Write for instance: cell_type == \"B cell\" and total_counts > 500");
}

bool isNameCharacter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

Result<std::vector<Token>> tokensOf(const std::string& text) {
    std::vector<Token> tokens;
    for (size_t at = 0; at < text.size();) {
        const char c = text[at];
        Token token;
        token.position = at + 1;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            ++at;
            continue;
        }
        if (c == '"' || c == '\'' || c == '`') {
            const size_t end = text.find(c, at + 1);
            if (end == std::string::npos) return wrongAt(at + 1, std::string("the quote ") + c + " has no end");
            token.kind = c == '`' ? Token::Kind::Name : Token::Kind::Text;
            token.quotedName = c == '`';
            token.text = text.substr(at + 1, end - at - 1);
            at = end + 1;
        } else if (std::isdigit(static_cast<unsigned char>(c)) || ((c == '-' || c == '+' || c == '.') && at + 1 < text.size() &&
                                                                   (std::isdigit(static_cast<unsigned char>(text[at + 1])) || text[at + 1] == '.'))) {
            const char* begin = text.data() + at + (c == '+');
            const auto [end, problem] = std::from_chars(begin, text.data() + text.size(), token.number);
            if (problem != std::errc{}) return wrongAt(at + 1, "this is not a number");
            const auto after = static_cast<size_t>(end - text.data());
            if (after < text.size() && isNameCharacter(text[after]))
                return wrongAt(at + 1, "a name that begins with a digit belongs between `backticks`");
            token.kind = Token::Kind::Number;
            token.text = text.substr(at, after - at);
            at = after;
        } else if (isNameCharacter(c)) {
            size_t end = at;
            while (end < text.size() && isNameCharacter(text[end])) ++end;
            token.kind = Token::Kind::Name;
            token.text = text.substr(at, end - at);
            at = end;
        } else {
            token.kind = Token::Kind::Symbol;
            const std::string two = text.substr(at, 2);
            const bool isTwo = two == "==" || two == "!=" || two == "<=" || two == ">=";
            token.text = isTwo ? two : std::string(1, c);
            if (!isTwo && std::string("<>()[],").find(c) == std::string::npos)
                return wrongAt(at + 1, c == '=' ? "equality is written ==" : "the character '" + token.text + "' has no meaning here");
            at += token.text.size();
        }
        tokens.push_back(std::move(token));
    }
    Token end;
    end.position = text.size() + 1;
    tokens.push_back(std::move(end));
    return tokens;
}

using Value = std::variant<double, std::string, bool>;

/// A recursive-descent parser that evaluates as it goes: every part is one flag per row.
class Evaluator {
public:
    Evaluator(const Table& table, std::string file, std::vector<Token> tokens)
        : m_table(table), m_file(std::move(file)), m_tokens(std::move(tokens)) {}

    Result<Rows> whole() {
        TXFM_TRY(Rows rows, alternatives());
        if (next().kind != Token::Kind::End) return wrongAt(next().position, "'and', 'or' or the end is expected before '" + next().text + "'");
        return rows;
    }

private:
    const Token& next() const { return m_tokens[m_at]; }
    bool isWord(const char* word) const { return next().kind == Token::Kind::Name && !next().quotedName && next().text == word; }
    bool isSymbol(const char* symbol) const { return next().kind == Token::Kind::Symbol && next().text == symbol; }
    bool take(bool isThere) {
        m_at += isThere;
        return isThere;
    }

    Result<Rows> alternatives() {
        TXFM_TRY(Rows rows, conjunction());
        while (take(isWord("or"))) {
            TXFM_TRY(const Rows other, conjunction());
            std::ranges::transform(rows, other, rows.begin(), std::bit_or<uint8_t>());
        }
        return rows;
    }

    Result<Rows> conjunction() {
        TXFM_TRY(Rows rows, part());
        while (take(isWord("and"))) {
            TXFM_TRY(const Rows other, part());
            std::ranges::transform(rows, other, rows.begin(), std::bit_and<uint8_t>());
        }
        return rows;
    }

    Result<Rows> part() {
        if (++m_depth > kDeepestNesting) return wrongAt(next().position, "it is nested too deeply");
        Result<Rows> rows = nested();
        --m_depth;
        return rows;
    }

    Result<Rows> nested() {
        if (take(isWord("not"))) {
            TXFM_TRY(Rows rows, part());
            for (uint8_t& row : rows) row = !row;
            return rows;
        }
        if (take(isSymbol("("))) {
            TXFM_TRY(Rows rows, alternatives());
            if (!take(isSymbol(")"))) return wrongAt(next().position, "a closing parenthesis is missing");
            return rows;
        }
        return condition();
    }

    Result<Rows> condition() {
        const Token name = next();
        if (name.kind != Token::Kind::Name)
            return wrongAt(name.position, name.kind == Token::Kind::End ? "a column is expected" : "a column is expected instead of '" + name.text + "'");
        ++m_at;
        TXFM_TRY(const Column column, columnNamed(name.text));
        for (const char* symbol : {"==", "!=", "<=", ">=", "<", ">"}) {
            if (!take(isSymbol(symbol))) continue;
            TXFM_TRY(const Value value, literal());
            return compare(column, symbol, value);
        }
        const bool negated = isWord("not");
        if (negated) ++m_at;
        if (take(isWord("in"))) return membership(column, negated);
        if (negated) return wrongAt(next().position, "'in' is expected after 'not'");
        if (!std::holds_alternative<std::vector<uint8_t>>(column.values))
            return wrongAt(next().position, "a comparison is expected after the column '" + name.text + "'");
        return compare(column, "==", Value(true));
    }

    Result<Rows> membership(const Column& column, bool negated) {
        if (!take(isSymbol("["))) return wrongAt(next().position, "a list such as [\"a\", \"b\"] is expected");
        Rows rows(m_table.rows(), 0);
        do {
            TXFM_TRY(const Value value, literal());
            TXFM_TRY(const Rows equal, compare(column, "==", value));
            std::ranges::transform(rows, equal, rows.begin(), std::bit_or<uint8_t>());
        } while (take(isSymbol(",")));
        if (!take(isSymbol("]"))) return wrongAt(next().position, "a closing ] is missing");
        if (negated)
            for (uint8_t& row : rows) row = !row;
        return rows;
    }

    Result<Value> literal() {
        const Token& token = next();
        Value value;
        if (token.kind == Token::Kind::Number) {
            value = token.number;
        } else if (token.kind == Token::Kind::Text) {
            value = token.text;
        } else if (isWord("true") || isWord("True") || isWord("false") || isWord("False")) {
            value = token.text == "true" || token.text == "True";
        } else {
            return wrongAt(token.position, token.kind == Token::Kind::Name ? "a text belongs in quotes: \"" + token.text + "\"" : "a value is expected");
        }
        ++m_at;
        return value;
    }

    Result<Column> columnNamed(const std::string& name) const {
        if (const Column* column = m_table.find(name)) return *column;
        if (name == "index" || name == m_table.indexName) return Column{name, m_table.index, {}};
        std::string known;
        for (const Column& column : m_table.columns) known += (known.empty() ? "" : ", ") + column.name;
        if (known.size() > 200) known = known.substr(0, 200) + " ...";
        return badInput("'" + m_file + "' has no obs column '" + name + "' for --where; it has " + (known.empty() ? "none" : known) + ".");
    }

    Error wrongType(const Column& column, const char* holds, const std::string& hint) const {
        return badInput("The obs column '" + column.name + "' of '" + m_file + "' holds " + holds + ", which --where compares with another kind of value.", hint);
    }

    Result<Rows> compare(const Column& column, const std::string& symbol, const Value& value) const {
        const bool isBoolean = std::holds_alternative<std::vector<uint8_t>>(column.values);
        const bool ordered = symbol[0] == '<' || symbol[0] == '>';
        Rows rows(m_table.rows(), 0);
        if (isBoolean) {
            const bool* wanted = std::get_if<bool>(&value);
            if (!wanted || ordered) return wrongType(column, "true and false", "Compare it with true or false by ==.");
            const auto& flags = std::get<std::vector<uint8_t>>(column.values);
            for (size_t row = 0; row < rows.size(); ++row) rows[row] = !isMissing(column, row) && (flags[row] != 0) == *wanted;
        } else if (column.isNumeric()) {
            const double* wanted = std::get_if<double>(&value);
            if (!wanted) return wrongType(column, "numbers", "Compare it with a number, without quotes.");
            for (size_t row = 0; row < rows.size(); ++row) rows[row] = holds(column.number(row), symbol, *wanted);
            if (ordered) return rows;
        } else {
            const std::string* wanted = std::get_if<std::string>(&value);
            if (!wanted) return wrongType(column, "texts", "Put the value in quotes.");
            if (ordered) return wrongType(column, "texts, which have no order,", "Use == or in.");
            compareTexts(column, *wanted, rows);
        }
        if (symbol == "!=" && !column.isNumeric())
            for (uint8_t& row : rows) row = !row;
        return rows;
    }

    static void compareTexts(const Column& column, const std::string& wanted, Rows& rows) {
        if (const auto* labels = std::get_if<Categorical>(&column.values)) {
            const auto found = std::ranges::find(labels->categories, wanted);
            const auto code = found == labels->categories.end() ? -2 : static_cast<int32_t>(found - labels->categories.begin());
            for (size_t row = 0; row < rows.size(); ++row) rows[row] = labels->codes[row] == code;
            return;
        }
        const auto& texts = std::get<std::vector<std::string>>(column.values);
        for (size_t row = 0; row < rows.size(); ++row) rows[row] = !isMissing(column, row) && texts[row] == wanted;
    }

    static bool isMissing(const Column& column, size_t row) { return !column.missing.empty() && column.missing[row] != 0; }

    /// NaN, which stands for a missing number, satisfies "!=" alone.
    static bool holds(double a, const std::string& symbol, double b) {
        if (symbol == "==") return a == b;
        if (symbol == "!=") return a != b;
        if (symbol == "<") return a < b;
        if (symbol == "<=") return a <= b;
        return symbol == ">" ? a > b : a >= b;
    }

    const Table& m_table;
    std::string m_file;
    std::vector<Token> m_tokens;
    size_t m_at = 0;
    int m_depth = 0;
};

}  // namespace

Result<std::vector<int64_t>> selectRows(const Table& table, const std::string& expression, const std::string& file) {
    TXFM_TRY(std::vector<Token> tokens, tokensOf(expression));
    TXFM_TRY(const Rows rows, Evaluator(table, file, std::move(tokens)).whole());
    std::vector<int64_t> selected;
    for (size_t row = 0; row < rows.size(); ++row)
        if (rows[row]) selected.push_back(static_cast<int64_t>(row));
    return selected;
}

}  // namespace txfm
