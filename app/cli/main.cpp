// SPDX-License-Identifier: GPL-3.0-or-later
#include <malloc.h>

#include <climits>
#include <string_view>

#include "app/cli/command_line.h"

using namespace txfm;

namespace {

std::string quoted(int argc, char** argv) {
    std::string line = "txfm";
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool plain = !word.empty() && word.find_first_of(" \t\n\"'\\$&|;<>()*?[]#~") == std::string::npos;
        line += ' ';
        if (plain) {
            line += word;
            continue;
        }
        line += '\'';
        for (char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += '\'';
    }
    return line;
}

/// glibc hands every large block back to the kernel on free, so each tensor operation faults its pages in
/// again; keeping them made element-wise operations 5 to 10 times faster and matrix products 3 to 4 times
/// (bf16, 2 threads, 16384 x 256). Must run before the first allocation of a tensor.
void keepFreedMemory() {
    ::mallopt(M_MMAP_MAX, 0);
    ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
    ::mallopt(M_TOP_PAD, 256 << 20);
}

/// CLI11 answers a mistyped command with "a subcommand is required"; this names the word instead.
bool isUnknownCommand(const CLI::App& parser, int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return false;
    const std::string word = argv[1];
    return parser.get_subcommands([&](const CLI::App* app) { return app->get_name() == word; }).empty();
}

/// Also where the rest of the command line cannot be parsed.
bool asksForJsonLines(int argc, char** argv) {
    bool asked = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word.starts_with("--progress=")) asked = word == "--progress=jsonl";
        if (word == "--progress" && i + 1 < argc) asked = std::string_view(argv[i + 1]) == "jsonl";
    }
    return asked;
}

}  // namespace

int main(int argc, char** argv) {
    keepFreedMemory();
    CLI::App parser{"TxFM: RNA-seq foundation models on the command line.\n"
                    "Exit status: 0 done, 1 the work failed, 2 wrong usage, 3 bad input file, 4 out of memory, 5 cancelled."};
    parser.name("txfm");
    parser.set_version_flag("--version", "txfm " TXFM_VERSION);
    parser.require_subcommand(1);
    cli::CommonOptions common;
    common.context.commandLine = quoted(argc, argv);

    std::vector<cli::BoundCommand> commands;
    for (const auto& entry : workflow::workflows()) commands.push_back(cli::bindCommand(parser, entry, common));
    std::string jobFile;
    CLI::App* run = parser.add_subcommand("run", "Run a job file, as the window does");
    run->add_option("JOB", jobFile, "JSON: {\"command\": ..., \"options\": {...}}")->required();
    cli::addCommonOptions(*run, common);

    const auto wrongUsage = [&](const std::string& message) {
        if (asksForJsonLines(argc, argv)) common.progress = "jsonl";
        return cli::reportError(usageError(message, "See `txfm --help`."), common);
    };
    if (isUnknownCommand(parser, argc, argv)) return wrongUsage("There is no command '" + std::string(argv[1]) + "'.");
    try {
        parser.parse(argc, argv);
    } catch (const CLI::Success& e) {
        return parser.exit(e);
    } catch (const CLI::ParseError& e) {
        return wrongUsage(std::string(e.what()) + ".");
    }

    if (run->parsed()) return cli::runJob(jobFile, common, run->get_option("--progress")->count() > 0);
    for (cli::BoundCommand& command : commands) {
        if (!command.parser->parsed()) continue;
        if (const auto checked = workflow::checkOptions(command.workflow->fields(), cli::givenFlags(command)); !checked)
            return cli::reportError(checked.error(), common);
        common.context.given = cli::givenFlags(command);
        return cli::execute(*command.workflow, common);
    }
    return static_cast<int>(ErrorCode::Usage);
}
