// SPDX-License-Identifier: GPL-3.0-or-later
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include "app/cli/command_line.h"
#include "core/base/atomic_file.h"
#include "core/base/parallel.h"
#include "core/io/reading_crash.h"

namespace txfm::cli {
namespace {

CancelToken& interruptToken() {
    static CancelToken token;
    return token;
}

extern "C" void onInterrupt(int) {
    // A second Ctrl-C ends the process at once: the work may be stuck in a library call.
    if (interruptToken().cancelled()) ::_exit(static_cast<int>(ErrorCode::Cancelled));
    interruptToken().cancel();
}

void installInterruptHandler() {
    interruptToken();  // constructed before a signal can arrive
    struct sigaction action {};
    action.sa_handler = onInterrupt;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    // Written files larger than a limit and closed pipes come back as error codes, not as signals.
    ::signal(SIGXFSZ, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    io::endReadingCrashesInOrder("txfm");
}

ProgressStyle styleNamed(const std::string& name) {
    if (name == "jsonl") return ProgressStyle::JsonLines;
    if (name == "plain") return ProgressStyle::Plain;
    if (name == "none") return ProgressStyle::None;
    return ProgressStyle::Auto;
}

Result<nlohmann::json> runGuarded(workflow::Workflow& workflow, const workflow::RunContext& context, Progress& progress) {
    try {
        return workflow.run(context, progress);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "Not enough memory for this step.",
                     "Close other programs, or use a smaller file or batch size."};
    } catch (const std::exception& e) {
        return failed(std::string("Internal error: ") + e.what() + ".");
    }
}

}  // namespace

int reportError(const Error& error, const CommonOptions& common) {
    ConsoleProgress(styleNamed(common.progress), CancelToken{}).error(error);
    return static_cast<int>(error.code);
}

int execute(workflow::Workflow& workflow, const CommonOptions& common) {
    installInterruptHandler();
    setThreadCount(common.context.threads);
    ConsoleProgress progress(styleNamed(common.progress), interruptToken());
    const auto result = runGuarded(workflow, common.context, progress);
    if (!result) {
        progress.error(result.error());
        return static_cast<int>(result.error().code);
    }
    if (progress.jsonLines()) {
        progress.result(*result);
    } else if (common.json) {
        std::printf("%s\n", result->dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else {
        std::fputs(workflow.describe(*result).c_str(), stdout);
    }
    if (std::fflush(stdout) != 0) {
        progress.error(failed("Cannot write the result to standard output.", "Check that the disk is not full."));
        return static_cast<int>(ErrorCode::Failed);
    }
    return 0;
}

namespace {

Result<std::unique_ptr<workflow::Workflow>> loadJob(const std::string& jobFile, CommonOptions& common, bool progressGiven) {
    TXFM_TRY(const std::string text, readWholeFile(jobFile, size_t{16} << 20));
    const auto job = nlohmann::json::parse(text, nullptr, false);
    const std::string where = "Job file '" + jobFile + "'";
    if (!job.is_object()) return badInput(where + " is not a JSON object.", "Write {\"command\": ..., \"options\": {...}}.");
    const auto textOf = [&](const char* key, std::string& target) -> Result<void> {
        if (!job.contains(key)) return {};
        if (!job[key].is_string()) return badInput(where + ": '" + key + "' must be a text.");
        target = job[key].get<std::string>();
        return {};
    };
    std::string name, progress;
    TXFM_CHECK(textOf("command", name));
    TXFM_CHECK(textOf("progress", progress));
    TXFM_CHECK(textOf("device", common.context.device));
    if (const std::string problem = deviceProblem(common.context.device); !problem.empty())
        return badInput(where + ": 'device': " + problem + ".");
    if (!progress.empty() && !std::ranges::count(progressStyles(), progress))
        return badInput(where + ": 'progress' must be auto, plain, jsonl or none, not '" + progress + "'.");
    const workflow::WorkflowEntry* entry = workflow::findWorkflow(name);
    if (!entry) return badInput(where + ": unknown command '" + name + "'.", "`txfm --help` lists the commands.");
    for (const auto& [key, value] : job.items()) {
        if (key == "threads" || key == "seed") {
            if (!value.is_number_unsigned()) return badInput(where + ": '" + key + "' must be a whole number >= 0.");
            if (key == "threads" && value.get<uint64_t>() > 4096) return badInput(where + ": 'threads' must be at most 4096.");
        } else if (key != "command" && key != "options" && key != "progress" && key != "device") {
            return badInput(where + ": unknown key '" + key + "'.");
        }
    }
    if (job.contains("threads")) common.context.threads = job["threads"].get<int>();
    if (job.contains("seed")) {
        common.context.seed = job["seed"].get<uint64_t>();
        common.context.given.emplace_back("seed");
    }
    if (!progress.empty() && !progressGiven) common.progress = progress;
    auto made = entry->make();
    const auto options = job.value("options", nlohmann::json::object());
    TXFM_CHECK(workflow::readOptions(made->fields(), options, where));
    for (const auto& field : made->fields())
        if (options.contains(field.jsonKey())) common.context.given.push_back(field.flag);
    return made;
}

}  // namespace

int runJob(const std::string& jobFile, CommonOptions common, bool progressGiven) {
    auto job = loadJob(jobFile, common, progressGiven);
    if (!job) return reportError(job.error(), common);
    return execute(**job, common);
}

}  // namespace txfm::cli
