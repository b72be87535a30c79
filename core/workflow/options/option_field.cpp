// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/options/option_field.h"

#include <algorithm>
#include <cmath>

namespace txfm::workflow {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string number(double value) {
    std::string text = nlohmann::json(value).dump();
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
}

/// How messages begin: as on the command line, or with the file that holds the option.
std::string named(const OptionField& field, const std::string& where) {
    return where.empty() ? "Option --" + field.flag : where + ": option '" + field.jsonKey() + "'";
}

Result<void> checkRange(const OptionField& field, double value, const std::string& where, ErrorCode code) {
    if (std::isnan(value) || value < field.min || value > field.max) {
        std::string range = std::isinf(field.max)   ? "at least " + number(field.min)
                            : std::isinf(field.min) ? "at most " + number(field.max)
                                                    : "from " + number(field.min) + " to " + number(field.max);
        return Error{code, named(field, where) + " is " + number(value) + " but must be " + range + ".", {}};
    }
    return {};
}

Result<void> checkValue(const OptionField& field, const std::string& where, ErrorCode code) {
    return std::visit(
        Overloaded{
            [&](const int64_t* v) { return checkRange(field, static_cast<double>(*v), where, code); },
            [&](const double* v) { return checkRange(field, *v, where, code); },
            [&](const std::string* v) -> Result<void> {
                if (field.choices.empty() || std::ranges::count(field.choices, *v)) return {};
                std::string names;
                for (const auto& c : field.choices) names += (names.empty() ? "" : ", ") + c;
                return Error{code, named(field, where) + " does not know '" + *v + "'; choose one of " + names + ".", {}};
            },
            [](const auto*) -> Result<void> { return {}; },
        },
        field.target);
}

Error wrongType(const OptionField& field, const std::string& where, const char* expected, ErrorCode code) {
    return {code, named(field, where) + " must be " + expected + ".", {}};
}

Result<void> setValue(const OptionField& field, const nlohmann::json& value, const std::string& where, ErrorCode code) {
    return std::visit(
        Overloaded{
            [&](bool* v) -> Result<void> {
                if (!value.is_boolean()) return wrongType(field, where, "true or false", code);
                *v = value.get<bool>();
                return {};
            },
            [&](int64_t* v) -> Result<void> {
                if (!value.is_number_integer()) return wrongType(field, where, "a whole number", code);
                *v = value.get<int64_t>();
                return {};
            },
            [&](double* v) -> Result<void> {
                if (!value.is_number()) return wrongType(field, where, "a number", code);
                *v = value.get<double>();
                return {};
            },
            [&](std::string* v) -> Result<void> {
                if (!value.is_string()) return wrongType(field, where, "a text", code);
                *v = value.get<std::string>();
                return {};
            },
            [&](std::vector<std::string>* v) -> Result<void> {
                if (value.is_string()) {
                    *v = {value.get<std::string>()};
                    return {};
                }
                if (!value.is_array() || !std::ranges::all_of(value, [](const auto& e) { return e.is_string(); }))
                    return wrongType(field, where, "a list of texts", code);
                *v = value.get<std::vector<std::string>>();
                return {};
            },
        },
        field.target);
}

}  // namespace

std::string OptionField::jsonKey() const {
    std::string key = flag;
    std::ranges::replace(key, '-', '_');
    return key;
}

std::string OptionField::displayLabel() const {
    if (!label.empty()) return label;
    std::string text = flag;
    std::ranges::replace(text, '-', ' ');
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

Result<void> readOptions(const OptionFields& fields, const nlohmann::json& options, const std::string& where, ErrorCode code) {
    if (!options.is_object()) return Error{code, where + ": 'options' must be a JSON object.", {}};
    std::vector<std::string> given;
    for (const auto& [key, value] : options.items()) {
        const auto field = std::ranges::find_if(fields, [&, &name = key](const OptionField& f) { return f.jsonKey() == name; });
        if (field == fields.end()) return Error{code, where + ": unknown option '" + key + "'.", {}};
        TXFM_CHECK(setValue(*field, value, where, code));
        TXFM_CHECK(checkValue(*field, where, code));
        given.push_back(field->flag);
    }
    for (const OptionField& field : fields) {
        if (field.required && !std::ranges::count(given, field.flag))
            return Error{code, where + ": option '" + field.jsonKey() + "' is missing.", {}};
    }
    return {};
}

Result<void> checkOptions(const OptionFields& fields, const std::vector<std::string>& given) {
    for (const OptionField& field : fields) {
        if (std::ranges::count(given, field.flag)) TXFM_CHECK(checkValue(field, {}, ErrorCode::Usage));
    }
    return {};
}

nlohmann::json writeOptions(const OptionFields& fields) {
    nlohmann::json out = nlohmann::json::object();
    for (const OptionField& field : fields) std::visit([&](const auto* v) { out[field.jsonKey()] = *v; }, field.target);
    return out;
}

}  // namespace txfm::workflow
