// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command_line.h"

#include <charconv>
#include <limits>
#include <sstream>

#include "core/workflow/command_groups.h"

namespace txfm::cli {
namespace {

using workflow::OptionField;

std::string flagName(const OptionField& field) {
    if (field.positional) return field.flag;
    return (field.shortFlag ? std::string("-") + field.shortFlag + "," : std::string()) + "--" + field.flag;
}

CLI::Option* addField(CLI::App& parser, const OptionField& field) {
    std::string description = field.description;
    if (!field.unit.empty()) description += " [" + field.unit + "]";
    if (!field.choices.empty()) {
        description += " (";
        for (size_t i = 0; i < field.choices.size(); ++i) description += (i ? ", " : "") + field.choices[i];
        description += ")";
    }
    CLI::Option* option = std::visit(
        [&](auto* target) -> CLI::Option* {
            using T = std::remove_pointer_t<decltype(target)>;
            if constexpr (std::is_same_v<T, bool>) {
                return parser.add_flag(flagName(field), *target, description);
            } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
                return parser.add_option(flagName(field), *target, description)->type_name("TEXT ...");
            } else {
                return parser.add_option(flagName(field), *target, description)->capture_default_str();
            }
        },
        field.target);
    if (field.required) option->required();
    return option;
}

CLI::App* findSubcommand(CLI::App& parent, const std::string& name) {
    const auto found = parent.get_subcommands([&](const CLI::App* app) { return app->get_name() == name; });
    return found.empty() ? nullptr : found.front();
}

/// CLI11 takes numbers below 0 and beyond 64 bits for others without a word.
std::string seedProblem(const std::string& text) {
    uint64_t seed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (error == std::errc() && end == text.data() + text.size()) return {};
    return "'" + text.substr(0, 40) + "' is no whole number from 0 to " + std::to_string(std::numeric_limits<uint64_t>::max());
}

}  // namespace

std::string deviceProblem(const std::string& device) {
    if (device == "auto" || device == "cpu" || device == "cuda") return {};
    if (device.starts_with("cuda:") && device.size() > 5 && device.find_first_not_of("0123456789", 5) == std::string::npos)
        return {};
    return "'" + device + "' is no device; use auto, cpu, cuda or cuda:N";
}

const std::vector<std::string>& progressStyles() {
    static const std::vector<std::string> styles{"auto", "plain", "jsonl", "none"};
    return styles;
}

void addCommonOptions(CLI::App& parser, CommonOptions& common) {
    const std::string group = "Common options";
    parser.add_flag("--json", common.json, "Print the result as one JSON object on standard output")->group(group);
    parser.add_option("--progress", common.progress, "How progress is shown (auto, plain, jsonl, none)")
        ->check(CLI::IsMember(progressStyles()))
        ->capture_default_str()
        ->group(group);
    parser.add_option("--device", common.context.device, "Where to compute: auto, cpu or cuda[:N]")
        ->check(CLI::Validator([](std::string& value) { return deviceProblem(value); }, ""))
        ->capture_default_str()
        ->group(group);
    parser.add_option("--threads", common.context.threads, "Threads to use, 0 = all")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str()
        ->group(group);
    parser.add_option("--seed", common.context.seed, "Seed of every random choice")
        ->check(CLI::Validator([](std::string& value) { return seedProblem(value); }, ""))
        ->capture_default_str()
        ->group(group);
}

BoundCommand bindCommand(CLI::App& root, const workflow::WorkflowEntry& entry, CommonOptions& common) {
    BoundCommand command;
    command.name = entry.name;
    CLI::App* parent = &root;
    std::istringstream words(entry.name);
    std::string word, last;
    words >> last;
    while (words >> word) {
        CLI::App* group = findSubcommand(*parent, last);
        if (!group) {
            group = parent->add_subcommand(last, workflow::groupSummary(last));
            group->require_subcommand(1);
        }
        parent = group;
        last = word;
    }
    command.parser = parent->add_subcommand(last, entry.summary);
    command.workflow = entry.make();
    for (const OptionField& field : command.workflow->fields())
        command.options.emplace_back(addField(*command.parser, field), field.flag);
    addCommonOptions(*command.parser, common);
    return command;
}

std::vector<std::string> givenFlags(const BoundCommand& command) {
    std::vector<std::string> given;
    for (const auto& [option, flag] : command.options) {
        if (option->count() > 0) given.push_back(flag);
    }
    if (command.parser->get_option("--seed")->count() > 0) given.emplace_back("seed");
    return given;
}

}  // namespace txfm::cli
