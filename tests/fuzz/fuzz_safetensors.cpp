// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as model.safetensors: every tensor that the header promises can be read.
#include "core/io/safetensors.h"
#include "tests/fuzz/scratch.h"

using namespace txfm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static fuzz::Scratch scratch;
    const auto file = io::SafetensorsFile::open(scratch.write(TXFM_FUZZ_FILE, data, size));
    if (!file) {
        if (file.error().message.empty()) std::abort();
        return 0;
    }
    uint64_t sum = 0;
    for (const auto& [name, tensor] : file->tensors()) {
        const uint8_t* bytes = file->bytes(tensor);
        for (uint64_t i = 0; i < tensor.end - tensor.begin; ++i) sum += bytes[i];
        if (const auto values = file->readFloat(name)) sum += values->size();
    }
    return sum == UINT64_MAX ? -1 : 0;
}
