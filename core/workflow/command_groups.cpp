// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/command_groups.h"

namespace txfm::workflow {

std::string groupSummary(const std::string& group) {
    if (group == "genes") return "Relationships between genes, from the codebook or the decoder of a model";
    if (group == "evaluate") return "Benchmarks of a representation, or of a model's gene relationships";
    return {};
}

}  // namespace txfm::workflow
