// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as the options of a job file, read into the options of every kind of command.
#include "core/workflow/options/analysis_options.h"
#include "core/workflow/options/data_options.h"
#include "core/workflow/options/embed_options.h"
#include "core/workflow/options/training_options.h"
#include "tests/fuzz/scratch.h"

using namespace txfm;

namespace {

template <class Options>
void read(const nlohmann::json& json) {
    Options options;
    const auto fields = workflow::fieldsOf(options);
    const auto result = workflow::readOptions(fields, json, TXFM_FUZZ_FILE);
    if (!result && result.error().message.empty()) std::abort();
    // What was accepted is accepted again.
    if (result && !workflow::readOptions(fields, workflow::writeOptions(fields), TXFM_FUZZ_FILE)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
    if (json.is_discarded()) return -1;
    read<workflow::InfoOptions>(json);
    read<workflow::ConvertOptions>(json);
    read<workflow::QcOptions>(json);
    read<workflow::EmbedOptions>(json);
    read<workflow::ProjectOptions>(json);
    read<workflow::MarkerOptions>(json);
    read<workflow::FinetuneOptions>(json);
    return 0;
}
