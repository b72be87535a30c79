// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/gene_filter.h"

#include <bit>
#include <cstddef>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace txfm {
namespace {

/// Words that are read together; that many are there behind the word of any gene.
constexpr int32_t kWordsBeyond = 32;

uint32_t bitOf(const uint32_t* words, int32_t gene) { return words[gene >> 5] >> (gene & 31) & 1; }

size_t keepBaseline(const uint32_t* words, const int32_t* indices, const float* values, size_t n, int32_t* keptIndices, float* keptValues) {
    size_t kept = 0;
    for (size_t k = 0; k < n; ++k) {
        keptIndices[kept] = indices[k];
        keptValues[kept] = values[k];
        kept += bitOf(words, indices[k]);
    }
    return kept;
}

using Keep = size_t (*)(const uint32_t*, const int32_t*, const float*, size_t, int32_t*, float*);

#ifdef __x86_64__
/// Which of sixteen ascending genes stay. Mostly they lie within 32 words of each other, which two registers hold; a look-up
/// there takes a fraction of the time of one in memory.
[[gnu::target("avx512f")]] inline __mmask16 keptOf(const uint32_t* words, const int32_t* indices, __m512i genes) {
    // The forms with a mask of all lanes: gcc 12 warns of uninitialised registers inside the others.
    constexpr __mmask16 kAll = 0xffff;
    const __m512i place = _mm512_maskz_srli_epi32(kAll, genes, 5);
    const int32_t first = indices[0] >> 5;
    __m512i word;
    if ((indices[15] >> 5) - first < kWordsBeyond) {
        const __m512i low = _mm512_loadu_si512(words + first), high = _mm512_loadu_si512(words + first + 16);
        word = _mm512_permutex2var_epi32(low, _mm512_sub_epi32(place, _mm512_set1_epi32(first)), high);
    } else {
        word = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), kAll, place, words, 4);
    }
    const __m512i bit = _mm512_maskz_sllv_epi32(kAll, _mm512_set1_epi32(1), _mm512_and_epi32(genes, _mm512_set1_epi32(31)));
    return _mm512_test_epi32_mask(word, bit);
}

[[gnu::target("avx512f,popcnt")]] size_t keepAvx512(const uint32_t* words, const int32_t* indices, const float* values, size_t n,
                                                    int32_t* keptIndices, float* keptValues) {
    size_t kept = 0, k = 0;
    for (; k + 16 <= n; k += 16) {
        const __m512i genes = _mm512_loadu_si512(indices + k);
        const __mmask16 mask = keptOf(words, indices + k, genes);
        _mm512_storeu_si512(keptIndices + kept, _mm512_maskz_compress_epi32(mask, genes));
        _mm512_storeu_ps(keptValues + kept, _mm512_maskz_compress_ps(mask, _mm512_loadu_ps(values + k)));
        kept += static_cast<size_t>(std::popcount(static_cast<unsigned>(mask)));
    }
    return kept + keepBaseline(words, indices + k, values + k, n - k, keptIndices + kept, keptValues + kept);
}

const bool kWide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt");
const Keep kKeep = kWide ? keepAvx512 : keepBaseline;
#else
const Keep kKeep = keepBaseline;
#endif

}  // namespace

GeneFilter::GeneFilter(std::span<const int64_t> genes, int64_t allGenes)
    : m_words(static_cast<size_t>(allGenes) / 32 + kWordsBeyond, 0) {
    for (const int64_t gene : genes) m_words[static_cast<size_t>(gene) / 32] |= 1u << (gene & 31);
}

size_t GeneFilter::keep(std::span<const int32_t> indices, const float* values, int32_t* keptIndices, float* keptValues) const {
    return kKeep(m_words.data(), indices.data(), values, indices.size(), keptIndices, keptValues);
}

}  // namespace txfm
