// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/options/data_choices.h"

namespace txfm::workflow {

OptionField countsField(std::string* target) {
    return {.flag = "counts-in", .target = target,
            .description = "Where the counts are: X, raw.X or layers/NAME; empty = found by itself", .label = "Counts in", .advanced = true};
}

OptionFields choiceFields(DataChoices& o) {
    return {
        countsField(&o.countsIn),
        {.flag = "mapping", .target = &o.mapping,
         .description = "Gene names of the file: two columns, name in the file and symbol or Ensembl id", .advanced = true, .path = OptionField::Path::InputFile},
        {.flag = "allow-normalised", .target = &o.allowNormalised,
         .description = "Accept values that are not counts (converted back, with a warning that stays in the result)", .advanced = true},
    };
}

}  // namespace txfm::workflow
