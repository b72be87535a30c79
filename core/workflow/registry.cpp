// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "core/workflow/workflows.h"

namespace txfm::workflow {

const std::vector<WorkflowEntry>& workflows() {
    static const std::vector<WorkflowEntry> entries{
        // name, summary, maker: in the order of the help text
    };
    return entries;
}

const WorkflowEntry* findWorkflow(const std::string& name) {
    const auto found = std::ranges::find(workflows(), name, &WorkflowEntry::name);
    return found == workflows().end() ? nullptr : &*found;
}

}  // namespace txfm::workflow
