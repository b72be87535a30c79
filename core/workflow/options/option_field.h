// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace txfm::workflow {

/// One option of a workflow. The options struct holds the value and its default; the field describes it
/// once, and command line flags, job files, forms and help all come from here.
struct OptionField {
    using Target = std::variant<bool*, int64_t*, double*, std::string*, std::vector<std::string>*>;

    std::string flag;         ///< long flag without dashes, e.g. "inference-genes"; JSON key "inference_genes"
    Target target;            ///< where the value lives; its content at construction is the default
    std::string description;  ///< one sentence for help, tooltip and docs
    std::string label = {};   ///< short name in forms; "" = derived from the flag
    std::string unit = {};    ///< e.g. "cells", "minutes", "percent"
    std::vector<std::string> choices = {};  ///< for strings with a closed set
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    bool required = false;
    bool positional = false;  ///< given without its flag on the command line
    bool advanced = false;    ///< folded away in forms
    enum class Path { None, InputFile, InputModel, Output } path = Path::None;
    char shortFlag = 0;       ///< e.g. 'k' for -k

    std::string jsonKey() const;
    std::string displayLabel() const;
};
using OptionFields = std::vector<OptionField>;

/// Sets fields from a JSON object; Usage or BadInput error (`where` names the source) on an unknown key, a wrong
/// type, a value out of range or a required option that is missing.
Result<void> readOptions(const OptionFields& fields, const nlohmann::json& options, const std::string& where,
                         ErrorCode code = ErrorCode::BadInput);
/// Range, choice and presence checks on the current values (used after command line parsing).
Result<void> checkOptions(const OptionFields& fields, const std::vector<std::string>& given);
/// Current values as a JSON object with every key.
nlohmann::json writeOptions(const OptionFields& fields);

}  // namespace txfm::workflow
