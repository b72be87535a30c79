// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/workflow/options/option_field.h"

namespace txfm::workflow {

/// What every command shares.
struct RunContext {
    std::string device = "auto";  ///< auto | cpu | cuda[:N]
    int threads = 0;              ///< 0 = all
    uint64_t seed = 0;
    std::string commandLine;      ///< equivalent command line, stored with results
    std::vector<std::string> given;  ///< flags that the user named, common ones included, also where the value is the default
    bool gave(const std::string& flag) const { return std::ranges::count(given, flag) > 0; }
};

/// Something that a user can ask for: options -> run(progress) -> JSON result (interface contract §4:
/// the numbers, "seconds" per stage with "total", "files" written). The command line, job files and the
/// window all go through this.
class Workflow {
public:
    virtual ~Workflow() = default;
    /// Fields that point into this object's options struct.
    virtual OptionFields fields() = 0;
    /// Runs once, with the values that the fields hold now.
    virtual Result<nlohmann::json> run(const RunContext& context, Progress& progress) = 0;
    /// The result as text for people (default: a plain list of the JSON's numbers).
    virtual std::string describe(const nlohmann::json& result) const;
};

/// A command: `name` as typed ("embed", "genes neighbors").
struct WorkflowEntry {
    std::string name;
    std::string summary;
    std::function<std::unique_ptr<Workflow>()> make;
};

/// Every command, in the order of the help text. A new one: write its file, add its line in registry.cpp.
const std::vector<WorkflowEntry>& workflows();
const WorkflowEntry* findWorkflow(const std::string& name);

}  // namespace txfm::workflow
