// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/workflow.h"

namespace txfm::workflow {
namespace {

void appendLines(const nlohmann::json& value, const std::string& prefix, std::string& out) {
    if (value.is_object()) {
        for (const auto& [key, child] : value.items())
            appendLines(child, prefix.empty() ? key : prefix + "." + key, out);
        return;
    }
    out += prefix + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
}

}  // namespace

std::string Workflow::describe(const nlohmann::json& result) const {
    std::string out;
    appendLines(result, {}, out);
    return out;
}

}  // namespace txfm::workflow
