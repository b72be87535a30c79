// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as config.json of a model: what is accepted survives a round trip.
#include <nlohmann/json.hpp>

#include "core/io/model_config.h"
#include "tests/fuzz/scratch.h"

using namespace txfm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto json = nlohmann::json::parse(data, data + size, nullptr, false);
    if (json.is_discarded()) return -1;
    const auto config = io::ModelConfig::fromJson(json, TXFM_FUZZ_FILE);
    if (!config) {
        if (config.error().message.empty()) std::abort();
        return 0;
    }
    (void)config->parameterCount();
    (void)config->paperEquivalentParameterCount();
    if (!io::ModelConfig::fromJson(config->toJson(), TXFM_FUZZ_FILE)) std::abort();
    return 0;
}
