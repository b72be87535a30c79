// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/gene_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace txfm {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLower(char c) { return c >= 'a' && c <= 'z'; }
bool isUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
    return text;
}

bool allDigits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, isDigit); }

/// Length of the leading letters of an Ensembl id ("ENSMUSG" = 7), 0 when it is none.
size_t ensemblPrefix(std::string_view key) {
    if (!key.starts_with("ENS")) return 0;
    size_t letters = 3;
    while (letters < key.size() && isUpper(key[letters])) ++letters;
    if (key.size() < letters + 11 || !allDigits(key.substr(letters, 11))) return 0;
    return letters;
}

/// What may follow an Ensembl id of 11 digits: the end, a version, or another name.
bool endsEnsemblId(std::string_view rest) {
    return rest.empty() || rest[0] == '.' || rest[0] == '_' || rest[0] == '|' || rest[0] == '-' || rest[0] == ' ';
}

struct DayOfMonth {
    int month = 0;
    int day = 0;
};

std::optional<int> monthNumber(std::string_view name) {
    static constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                                 "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
    name = trimmed(name);
    if (name == "MRZ") return 3;  // German spreadsheets: "01. Mrz", "1. Okt"
    if (name == "OKT") return 10;
    if (name == "DEZ") return 12;
    const auto found = std::ranges::find(kMonths, name);
    if (found == kMonths.end()) return std::nullopt;
    return static_cast<int>(found - kMonths.begin()) + 1;
}

std::optional<int> smallNumber(std::string_view text) {
    if (text.size() > 2 || !allDigits(text)) return std::nullopt;
    const int value = std::stoi(std::string(text));
    if (value < 1 || value > 31) return std::nullopt;
    return value;
}

/// "1-MAR", "MAR-01", "X1.MAR", "2021-03-01", "2021-03-01 00:00:00"
std::optional<DayOfMonth> parseDate(std::string_view key) {
    if (key.size() >= 10 && allDigits(key.substr(0, 4)) && key[4] == '-' && key[7] == '-') {
        const auto month = smallNumber(key.substr(5, 2));
        const auto day = smallNumber(key.substr(8, 2));
        const std::string_view rest = key.substr(10);
        const bool midnight = rest.empty() || rest.substr(1) == "00:00:00";
        if (month && day && *month <= 12 && midnight) return DayOfMonth{*month, *day};
        return std::nullopt;
    }
    // R's make.names puts an X before a leading digit and dots for dashes.
    if (key.size() > 2 && key[0] == 'X' && isDigit(key[1])) key.remove_prefix(1);
    const size_t cut = key.find_first_of("-.");
    if (cut == std::string_view::npos) return std::nullopt;
    const std::string_view first = key.substr(0, cut), second = key.substr(cut + 1);
    if (const auto month = monthNumber(second)) {
        if (const auto day = smallNumber(first)) return DayOfMonth{*month, *day};
    }
    if (const auto month = monthNumber(first)) {
        if (const auto day = smallNumber(second)) return DayOfMonth{*month, *day};
    }
    return std::nullopt;
}

}  // namespace

std::string geneKey(std::string_view name) {
    std::string key(trimmed(name));
    for (char& c : key) {
        if (isLower(c)) c = static_cast<char>(c - 'a' + 'A');
    }
    return key;
}

std::string stableEnsemblId(std::string_view name) {
    const std::string key = geneKey(name);
    if (!key.starts_with("ENSG") || ensemblPrefix(key) != 4 || !endsEnsemblId(std::string_view(key).substr(15))) return {};
    return key.substr(0, 15);
}

GeneNameKind geneNameKind(std::string_view name) {
    const std::string key = geneKey(name);
    if (allDigits(key)) return GeneNameKind::Number;
    if (const size_t letters = ensemblPrefix(key); letters > 0 && endsEnsemblId(std::string_view(key).substr(letters + 11))) {
        const std::string_view code = std::string_view(key).substr(0, letters);
        if (code == "ENSG") return GeneNameKind::EnsemblGene;
        if (code == "ENST" || code == "ENSP") return GeneNameKind::EnsemblTranscript;
        if (letters > 4) return GeneNameKind::OtherSpecies;
    }
    if (key.size() > 5 && key[2] == '_' && isDigit(key[3]) && (key[0] == 'N' || key[0] == 'X') &&
        (key[1] == 'M' || key[1] == 'R' || key[1] == 'P'))
        return GeneNameKind::RefSeq;
    return GeneNameKind::Symbol;
}

std::vector<std::string> symbolsBehindDate(std::string_view name) {
    const auto date = parseDate(geneKey(name));
    if (!date) return {};
    const std::string n = std::to_string(date->day);
    switch (date->month) {
        case 2: return {"FEB" + n};
        case 3: return {"MARCHF" + n, "MARCH" + n, "MARC" + n};
        case 4: return {"APR" + n};
        case 9: return {"SEPTIN" + n, "SEPT" + n, "SEP" + n};
        case 10: return {"OCT" + n};
        case 11: return {"NOV" + n};
        case 12: return {"DELEC" + n, "DEC" + n};
        default: return {};
    }
}

bool isMouseStyle(std::string_view name) {
    name = trimmed(name);
    if (name.starts_with("mt-")) name.remove_prefix(3);
    if (name.size() < 3 || !isUpper(name[0])) return false;
    size_t lower = 0;
    for (const char c : name.substr(1)) {
        if (isUpper(c)) return name.ends_with("Rik");
        if (isLower(c)) ++lower;
    }
    // Human symbols carry lower case only in "orf" (C1orf112).
    return lower > 0 && name.find("orf") == std::string_view::npos;
}

}  // namespace txfm
