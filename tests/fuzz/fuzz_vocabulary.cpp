// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as genes.tsv of a model.
#include "core/io/model_directory.h"
#include "tests/fuzz/scratch.h"

using namespace txfm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static fuzz::Scratch scratch;
    const auto vocabulary = io::readVocabulary(scratch.write(TXFM_FUZZ_FILE, data, size));
    if (!vocabulary) {
        if (vocabulary.error().message.empty()) std::abort();
        return 0;
    }
    if (vocabulary->symbols.size() != vocabulary->ensemblIds.size()) std::abort();
    return 0;
}
