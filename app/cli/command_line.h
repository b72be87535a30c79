// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/cli/console_progress.h"
#include "core/workflow/workflow.h"

namespace txfm::cli {

/// Options that every command has (interface contract §3).
struct CommonOptions {
    bool json = false;
    std::string progress = "auto";
    workflow::RunContext context;
};

/// A command of the parser together with the workflow whose fields it fills.
struct BoundCommand {
    std::string name;
    CLI::App* parser = nullptr;
    std::unique_ptr<workflow::Workflow> workflow;
    std::vector<std::pair<CLI::Option*, std::string>> options;  ///< parser option, field flag
};

/// What is wrong with a value of --device, "" when nothing is.
std::string deviceProblem(const std::string& device);
/// Values of --progress.
const std::vector<std::string>& progressStyles();
/// Adds --json, --progress, --device, --threads and --seed.
void addCommonOptions(CLI::App& parser, CommonOptions& common);
/// Makes the sub-command of an entry ("genes neighbors" = two levels) with one option per field.
BoundCommand bindCommand(CLI::App& root, const workflow::WorkflowEntry& entry, CommonOptions& common);
/// Flags of the fields that the user gave, and "seed".
std::vector<std::string> givenFlags(const BoundCommand& command);

/// Prints an error, under --progress jsonl as an event too, and returns its exit status.
int reportError(const Error& error, const CommonOptions& common);
/// Runs a workflow, prints its result or error and returns the exit status.
int execute(workflow::Workflow& workflow, const CommonOptions& common);
/// `txfm run JOB.json`: {"command": name, "options": {...}, "device", "threads", "seed", "progress"}.
int runJob(const std::string& jobFile, CommonOptions common, bool progressGiven);

}  // namespace txfm::cli
