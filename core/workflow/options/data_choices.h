// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/workflow/options/option_field.h"

namespace txfm::workflow {

/// How a count file is read by the commands that give it to a model.
struct DataChoices {
    std::string countsIn;  ///< "" = found by itself; else X, raw.X or layers/NAME
    std::string mapping;   ///< user's gene names -> symbols
    bool allowNormalised = false;
};
OptionFields choiceFields(DataChoices& choices);

/// --counts-in alone, for commands that take any values.
OptionField countsField(std::string* target);

}  // namespace txfm::workflow
