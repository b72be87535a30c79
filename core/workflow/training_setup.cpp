// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/workflow/training_setup.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/memory.h"
#include "core/base/readable.h"
#include "core/io/sha256.h"
#include "core/model/device.h"
#include "core/training/validation_split.h"

namespace txfm::workflow {
namespace fs = std::filesystem;
namespace {

/// Options that may change when a run is continued.
const std::set<std::string> kFreeOnResume = {"data",   "out",     "epochs", "minutes", "resume",         "config",
                                             "probe",  "pairs",   "keep",   "name",    "save_precision", "checkpoint_minutes",
                                             "accumulate", "peer_timeout", "patience", "forecast", "validate_every", "checkpoint_activations"};

/// What options that are new stood for when they did not exist: a run that an older version began does not name them.
const std::map<std::string, std::string> kBeforeTheyExisted = {{"val_batches", training::kSingleCells}};

Result<nlohmann::json> readConfigOption(const std::string& config, ErrorCode& code) {
    if (config.empty()) return nlohmann::json::object();
    const bool text = config.find_first_not_of(" \t\n") != std::string::npos &&
                      config[config.find_first_not_of(" \t\n")] == '{';
    code = text ? ErrorCode::Usage : ErrorCode::BadInput;
    std::string content = config;
    if (!text) {
        TXFM_TRY(content, readWholeFile(config, size_t{16} << 20));
    }
    auto json = nlohmann::json::parse(content, nullptr, false);
    if (!json.is_object())
        return Error{code, (text ? std::string("Option --config") : "'" + config + "'") + " is not a JSON object.",
                     "Write {\"key\": value, ...} with keys of config.json or of training."};
    return json;
}

/// Sets the fields that `keys` names and that no flag gave; returns the keys that are no field.
Result<nlohmann::json> applyKeys(const OptionFields& fields, const RunContext& context, const nlohmann::json& keys,
                                 const std::string& where, ErrorCode code) {
    nlohmann::json rest = nlohmann::json::object();
    for (const auto& [key, value] : keys.items()) {
        const auto field = std::ranges::find_if(fields, [&](const OptionField& f) { return f.jsonKey() == key; });
        if (field == fields.end()) {
            rest[key] = value;
            continue;
        }
        if (context.gave(field->flag)) continue;
        OptionField single = *field;
        single.required = false;
        TXFM_CHECK(readOptions({single}, {{key, value}}, where, code));
    }
    return rest;
}

/// Takes over what the run to continue began with; `asked` are the keys that flags or --config name now.
Result<void> takeStored(const OptionFields& fields, const std::set<std::string>& asked, nlohmann::json stored) {
    for (const auto& [key, value] : kBeforeTheyExisted)
        if (!stored.contains(key)) stored[key] = value;
    for (const OptionField& field : fields) {
        const std::string key = field.jsonKey();
        const nlohmann::json now = writeOptions({field})[key];
        if (!stored.contains(key) || now == stored[key]) continue;
        if (asked.contains(key)) {
            if (kFreeOnResume.contains(key)) continue;
            return usageError("Option --" + field.flag + " is " + now.dump() + ", but the run to continue began with " +
                                  stored[key].dump() + ".",
                              "Leave the option out, or start a new run in another folder.");
        }
        if (key == "resume") continue;
        OptionField single = field;
        single.required = false;
        TXFM_CHECK(readOptions({single}, {{key, stored[key]}}, "The stored run"));
    }
    return {};
}

/// Removes what earlier runs left in out/.work (a finished or diverged run, or temporary files of a killed one).
Result<void> clearWorkFolder(const fs::path& out) {
    std::error_code ec;
    fs::remove_all(training::workFolder(out), ec);
    fs::create_directories(training::workFolder(out), ec);
    if (ec)
        return failed("Cannot write the model folder '" + out.string() + "': " + ec.message() + ".",
                      "Choose a folder that is writable.");
    return {};
}

/// Notes options, model configuration, vocabulary and data in out/.work for --resume.
Result<void> storeRun(const training::TrainingRun& run, const OptionFields& fields, const nlohmann::json& configKeys,
                      uint64_t seed) {
    const fs::path folder = training::workFolder(run.out);
    TXFM_CHECK(writeFileAtomically(folder / "genes.tsv", io::vocabularyToTsv(run.vocabulary)));
    const nlohmann::json stored{{"kind", run.kind},
                                {"seed", seed},
                                {"config_keys", configKeys},
                                {"vocabulary_sha256", io::sha256(io::vocabularyToTsv(run.vocabulary))},
                                {"options", writeOptions(fields)},
                                {"model", run.modelConfig.toJson()},
                                {"data_sets", run.corpus->facts()},
                                {"version", TXFM_VERSION}};
    return writeFileAtomically(folder / "run.json", stored.dump(1) + "\n");
}

/// Keys of config.json that --config names must be those that the run began with.
Result<void> checkSameModel(const nlohmann::json& stored, const nlohmann::json& keys) {
    const nlohmann::json model = stored.value("model", nlohmann::json::object());
    const nlohmann::json before = stored.value("config_keys", nlohmann::json::object());
    for (const auto& [key, value] : keys.items()) {
        if (model.contains(key) && model[key] == value) continue;
        if (before.contains(key) && before[key] == value) continue;
        return usageError("--config asks for " + key + " = " + value.dump() + ", but the run to continue has " +
                              (model.contains(key) ? model[key].dump() : std::string("no such key")) + ".",
                          "Leave the key out, or start a new run in another folder.");
    }
    return {};
}

/// The data of a resumed run must be those that it began with.
Result<void> checkSameData(const nlohmann::json& stored, const training::Corpus& corpus) {
    const nlohmann::json before = stored.value("data_sets", nlohmann::json::array()), now = corpus.facts();
    if (before.size() != now.size())
        return usageError("The run to continue began with " + std::to_string(before.size()) + " data sets, not " +
                              std::to_string(now.size()) + ".",
                          "Give the same --data.");
    for (size_t i = 0; i < now.size(); ++i) {
        if (before[i] == now[i]) continue;
        const std::string hash = now[i].value("sha256", "");
        if (!hash.empty() && before[i].value("sha256", "") == hash)
            return usageError("The run to continue trained on other cells or genes of '" + corpus.sets()[i].path + "'.",
                              "Another version of the program began it: start the run again in another folder.");
        return usageError("'" + corpus.sets()[i].path + "' is not the data set '" + before[i].value("name", "") +
                                  "' that the run to continue began with.",
                              "Give the same --data in the same order.");
    }
    return {};
}

}  // namespace

Result<SettledOptions> settleOptions(const std::string& kind, const OptionFields& fields, const TrainingOptions& options,
                                     const RunContext& context) {
    SettledOptions settled;
    settled.seed = context.seed;
    bool seedAsked = context.gave("seed") || settled.seed != 0;
    ErrorCode code = ErrorCode::Usage;
    TXFM_TRY(nlohmann::json keys, readConfigOption(options.config, code));
    const std::string where = "--config";
    if (keys.contains("seed")) {
        if (!keys["seed"].is_number_unsigned()) return Error{code, "--config: 'seed' must be a whole number >= 0.", {}};
        if (!seedAsked) settled.seed = keys["seed"].get<uint64_t>();
        seedAsked = true;
        keys.erase("seed");
    }
    std::set<std::string> asked;
    const auto ask = [&](const nlohmann::json& named) {
        for (const auto& [key, value] : named.items()) asked.insert(key);
    };
    for (const OptionField& field : fields)
        if (context.gave(field.flag)) asked.insert(field.jsonKey());
    ask(keys);
    if (keys.contains("training")) {
        if (!keys["training"].is_object()) return Error{code, "--config: 'training' must be a JSON object.", {}};
        TXFM_TRY(const nlohmann::json unknown, applyKeys(fields, context, keys["training"], where, code));
        ask(keys["training"]);
        if (!unknown.empty())
            return Error{code, "--config: unknown training key '" + unknown.begin().key() + "'.", {}};
        keys.erase("training");
    }
    TXFM_TRY(settled.modelKeys, applyKeys(fields, context, keys, where, code));

    TXFM_TRY(const nlohmann::json stored, training::storedRun(options.out));
    const bool started = stored.is_object() && stored.value("started", false);
    const bool finished = stored.is_object() && stored.contains("finished");
    const bool stale = stored.is_object() && stored.value("diverged", false);
    if (!options.resume) {
        if (started && !finished && !stale)
            return usageError("'" + options.out + "' holds an unfinished training run.",
                              "Add --resume to continue it, or choose another folder.");
        return settled;
    }
    if (stale)
        return failed("The run in '" + options.out + "' diverged and cannot be continued.",
                      "Start again without --resume and with a lower --lr.");
    if (!started) return settled;
    settled.stored = stored;
    settled.continues = true;
    if (const std::string began = stored.value("kind", kind); began != kind)
        return usageError("The run in '" + options.out + "' was begun by txfm " + began + ", not by txfm " + kind + ".",
                          "Continue it with txfm " + began + " --resume, or choose another folder.");
    if (seedAsked && settled.seed != stored.value("seed", uint64_t{0}))
        return usageError("Option --seed differs from that of the run to continue (" +
                          std::to_string(stored.value("seed", uint64_t{0})) + ").");
    settled.seed = stored.value("seed", uint64_t{0});
    TXFM_CHECK(takeStored(fields, asked, stored.value("options", nlohmann::json::object())));
    TXFM_CHECK(checkSameModel(stored, settled.modelKeys));
    if (finished) {
        const nlohmann::json& end = stored["finished"];
        const bool more = options.epochs > end.value("epochs", int64_t{0}) && options.minutes <= 0;
        const bool longer = options.minutes > end.value("minutes", 0.0);
        settled.alreadyFinished = !more && !longer;
    }
    return settled;
}

Result<void> restoreModelShape(training::TrainingRun& run, const nlohmann::json& stored) {
    const fs::path folder = training::workFolder(run.out);
    const std::string where = (folder / "run.json").string();
    if (!stored.contains("model"))
        return badInput("'" + where + "' does not say which model the run to continue trains.", "Start the run again in another folder.");
    TXFM_TRY(run.modelConfig, io::ModelConfig::fromJson(stored["model"], where));
    TXFM_TRY(run.vocabulary, io::readVocabulary(folder / "genes.tsv"));
    const std::string hash = io::sha256(io::vocabularyToTsv(run.vocabulary));
    if (run.vocabulary.size() == run.modelConfig.nGenes && stored.value("vocabulary_sha256", hash) == hash) return {};
    return badInput("'" + (folder / "genes.tsv").string() + "' does not list the genes that the run to continue began with.",
                    "Put the file back as it was, or start the run again in another folder.");
}

void overrideModelConfig(io::ModelConfig& config, const TrainingOptions& options, const RunContext& context) {
    if (options.unmasked > 0) config.nUnmasked = options.unmasked;
    if (options.maskTemperature != 0 || context.gave("mask-temperature")) config.maskTemperature = options.maskTemperature;
    if (!options.loss.empty()) config.loss = options.loss;
}

Result<io::ModelConfig> mergeModelKeys(const io::ModelConfig& config, const nlohmann::json& keys,
                                       const std::string& where) {
    if (keys.empty()) return config;
    nlohmann::json merged = config.toJson();
    if (config.nGenes == 0) merged["n_genes"] = 1;  // the vocabulary is not known yet; fromJson() checks every size
    for (const auto& [key, value] : keys.items()) merged[key] = value;
    TXFM_TRY(io::ModelConfig result, io::ModelConfig::fromJson(merged, where));
    if (!keys.contains("n_genes")) result.nGenes = config.nGenes;
    for (const auto& [key, value] : keys.items())
        if (result.extra.contains(key) && !config.extra.contains(key))
            return usageError(where + ": unknown key '" + key + "'.",
                              "Use keys of config.json or the names of options with underscores.");
    return result;
}

Result<training::TrainingConfig> trainingConfig(const TrainingOptions& o, const io::ModelConfig& model, uint64_t seed,
                                                torch::Device device) {
    training::TrainingConfig config;
    TXFM_TRY(config.bfloat16, model::chooseBfloat16(o.precision, device));
    const bool paper = model.preset == "S" || model.preset == "B" || model.preset == "L";
    config.batch = o.batch > 0 ? o.batch : paper ? 1536 : model.preset == "CxG" ? 6144 : 64;
    config.seed = seed;
    config.accumulate = o.accumulate;
    config.epochs = o.epochs;
    config.minutes = o.minutes;
    config.peakLearningRate = o.lr > 0 ? o.lr : 1e-3;
    config.warmup = o.warmup;
    config.beta1 = o.beta1;
    config.beta2 = o.beta2;
    config.epsilon = o.epsilon;
    config.weightDecay = o.weightDecay;
    config.noDecay1d = o.noDecay1d;
    config.cycleMomentum = o.cycleMomentum;
    config.clipNorm = o.clipNorm;
    config.ema = o.ema;
    config.codebookScale = o.codebookLrScale;
    config.decoderScale = o.decoderLrScale;
    config.headScale = o.headLrScale;
    config.activationCheckpointing = o.checkpointActivations;
    config.maskPool = o.maskPool;
    config.checkpointMinutes = o.checkpointMinutes;
    config.validateEvery = o.validateEvery;
    config.keepBest = o.keep == "best";
    config.saveBfloat16 = o.savePrecision == "bf16";
    config.peerTimeoutSeconds = o.peerTimeout;
    return config;
}

Result<void> joinProcesses(training::TrainingRun& run, const TrainingOptions& options, torch::Device& device) {
    TXFM_TRY(run.parallel, training::DataParallel::fromEnvironment(options.peerTimeout));
    if (run.parallel && device.is_cuda())
        device = torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(training::DataParallel::localRank()));
    if (run.parallel && options.batch > 0 && options.batch < run.parallel->world())
        return usageError("Option --batch is " + std::to_string(options.batch) + ", less than the " +
                          std::to_string(run.parallel->world()) + " processes.", "Every process needs a sample per step.");
    return {};
}

bool isMainProcess(const training::TrainingRun& run) { return !run.parallel || run.parallel->rank() == 0; }

Result<void> buildCorpus(training::TrainingRun& run, std::vector<Dataset> sets, const TrainingOptions& options,
                         const SettledOptions& settled, Progress& progress) {
    run.modelConfig.nGenes = run.vocabulary.size();
    TXFM_TRY(training::Corpus corpus,
             training::Corpus::build(std::move(sets), options.data, run.vocabulary, run.modelConfig,
                                     {options.validationFraction, settled.seed, options.validationBatches}, progress));
    run.corpus = std::make_shared<const training::Corpus>(std::move(corpus));
    if (settled.continues) TXFM_CHECK(checkSameData(settled.stored, *run.corpus));
    TXFM_TRY(training::EpochSampler sampler, training::EpochSampler::create(*run.corpus, options.setWeights, settled.seed));
    run.sampler = std::make_shared<training::EpochSampler>(std::move(sampler));
    return {};
}

Result<void> checkModelFits(const io::ModelConfig& model, torch::Device device) {
    const double perWeight = device.is_cpu() ? 16 : 4;  // on a GPU the host holds the first weights alone
    return requireMemory(perWeight * static_cast<double>(model.parameterCount()),
                         "Training a model of " + std::to_string(model.parameterCount()) + " parameters",
                         "Use a smaller --preset or model, or fewer genes.");
}

Result<nlohmann::json> startTraining(training::TrainingRun& run, const TrainingOptions& options, const OptionFields& fields,
                                     const SettledOptions& settled, torch::Device device, StageClock& clock,
                                     Progress& progress) {
    run.model->to(device);
    if (options.forecast) {
        clock.start("train");
        TXFM_TRY(const nlohmann::json forecast, training::forecastRun(run, progress));
        return nlohmann::json{{"forecast", forecast}, {"files", nlohmann::json::array()}};
    }
    if (isMainProcess(run)) TXFM_CHECK(attachEpochProbe(run, options, progress));
    if (!settled.continues && isMainProcess(run)) {
        TXFM_CHECK(clearWorkFolder(run.out));
        TXFM_CHECK(storeRun(run, fields, settled.modelKeys, settled.seed));
    }
    clock.start("train");
    TXFM_TRY(nlohmann::json result, training::train(run, progress));
    if (!isMainProcess(run)) result = {{"process", run.parallel->rank()}};
    return result;
}

training::OpenChoices openChoices(const TrainingOptions& options) {
    return {options.choices.countsIn, options.choices.mapping, options.choices.allowNormalised};
}

std::string modelName(const TrainingOptions& options) {
    if (!options.name.empty()) return options.name;
    fs::path out = fs::path(options.out).lexically_normal();
    if (!out.has_filename()) out = out.parent_path();
    return out.filename().string();
}

std::string describeTraining(const nlohmann::json& r) {
    const auto number = [](const nlohmann::json& v, const char* format) {
        if (!v.is_number()) return std::string("not measured");
        char text[40];
        std::snprintf(text, sizeof text, format, v.get<double>());
        return std::string(text);
    };
    std::string text;
    if (r.contains("process")) return text;  // process 0 reports
    if (!r.contains("steps")) {
        const nlohmann::json& f = r["forecast"];
        return "Expected: " + readableDuration(f["seconds"].get<double>()) + " for " + std::to_string(f["steps"].get<int64_t>()) + " steps (" +
               number(f["samples_per_s"], "%.3g") + " samples/s), " + readableBytes(f["memory_mb"].get<double>() * 1024 * 1024) +
               " of memory, " + readableBytes(f["disk_mb"].get<double>() * 1024 * 1024) + " on disk while it runs\n";
    }
    text += "Steps: " + std::to_string(r.value("steps", int64_t{0})) + " (" +
            number(r.value("epochs", nlohmann::json()), "%.2f") + " epochs)\n";
    text += "Training loss: " + number(r.value("loss", nlohmann::json()), "%.4f") + "\n";
    text += "Validation loss: " + number(r.value("val_loss", nlohmann::json()), "%.4f") + "\n";
    if (r.contains("verdict")) text += r["verdict"].value("text", "") + "\n";
    for (const auto& file : r.value("files", nlohmann::json::array())) text += "Model: " + file.get<std::string>() + "\n";
    return text;
}

}  // namespace txfm::workflow
