// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/attention_amx.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#if defined(__x86_64__)
// gcc 12 warns about the undefined pass-through operands of its own intrinsics (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace txfm::model::kernels {

#if defined(__x86_64__)
namespace {

#define TXFM_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

constexpr int64_t kTile = 16;         // rows of a tile, and columns of a float32 tile
constexpr int64_t kDepth = 32;        // bf16 values in a row of a tile
constexpr int64_t kQueries = 32;      // rows of a block: two tiles
constexpr int64_t kKeys = 256;        // columns of a block: scores stay in the first-level cache
constexpr int64_t kTileValues = kTile * kDepth;

/// Tiles 0-3 sum up, 4 and 5 hold rows of the left matrix, 6 and 7 columns of the right one; all 16 rows of 64 bytes.
struct alignas(64) TileShapes {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

struct WorkSpace {
    std::vector<bf16> keys, values;  // packed for the tiles
    alignas(64) float scores[kQueries * kKeys];
    alignas(64) bf16 weights[kQueries * kKeys];
    alignas(64) float sums[kQueries * 128];
    alignas(64) bf16 queries[kQueries * 128];
    float top[kQueries], total[kQueries];
};

int64_t blocksOf(int64_t count, int64_t size) { return (count + size - 1) / size; }

/// kᵀ as right matrix: tile (group of 16 keys, depth step); row r of a tile holds the pair (2r, 2r+1) of every key.
void packKeys(const bf16* k, int64_t keys, int64_t width, bf16* packed) {
    const int64_t steps = width / kDepth;
    for (int64_t group = 0; group < blocksOf(keys, kQueries) * 2; ++group)
        for (int64_t step = 0; step < steps; ++step, packed += kTileValues) {
            const int64_t count = std::clamp<int64_t>(keys - group * kTile, 0, kTile);
            if (count < kTile) std::memset(packed, 0, kTileValues * sizeof(bf16));
            auto* pairs = reinterpret_cast<uint32_t*>(packed);
            for (int64_t n = 0; n < count; ++n) {
                uint32_t row[kTile];
                std::memcpy(row, k + (group * kTile + n) * width + step * kDepth, sizeof row);
                for (int64_t r = 0; r < kTile; ++r) pairs[r * kTile + n] = row[r];
            }
        }
}

/// v as right matrix: tile (step of 32 keys, group of 16 columns); row r holds keys 2r and 2r+1 interleaved.
TXFM_AMX void packValues(const bf16* v, int64_t keys, int64_t width, bf16* packed) {
    for (int64_t step = 0; step < blocksOf(keys, kDepth); ++step)
        for (int64_t group = 0; group < width / kTile; ++group, packed += kTileValues)
            for (int64_t r = 0; r < kTile; ++r) {
                const int64_t key = step * kDepth + 2 * r;
                const bf16* at = v + key * width + group * kTile;
                const auto load = [&](int64_t offset) __attribute__((always_inline)) TXFM_AMX {
                    return key + offset < keys
                               ? _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + offset * width)))
                               : _mm512_setzero_si512();
                };
                _mm512_storeu_si512(packed + r * kDepth, _mm512_or_si512(load(0), _mm512_slli_epi32(load(1), 16)));
            }
}

/// 2^t, relative error 2e-7 for t <= 0; 0 for t = -inf.
TXFM_AMX inline __m512 powerOfTwo(__m512 t) {
    const __m512 whole = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 f = _mm512_max_ps(_mm512_sub_ps(t, whole), _mm512_set1_ps(-1.0f));
    __m512 p = _mm512_set1_ps(1.5403530e-4f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.3333558e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.6181291e-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5504109e-2f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4022651e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9314718e-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, whole);
}

/// scores [32 × count] <- q·kᵀ; count is a multiple of 32, `keys` begin at the block.
TXFM_AMX void multiplyKeys(const bf16* q, const bf16* keys, float* scores, int64_t count, int64_t width) {
    const int64_t steps = width / kDepth;
    const auto rowBytes = static_cast<size_t>(width) * sizeof(bf16);
    constexpr size_t kScoreBytes = kKeys * sizeof(float);
    for (int64_t column = 0; column < count; column += 2 * kTile) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        const bf16* right = keys + column / kTile * steps * kTileValues;
        for (int64_t step = 0; step < steps; ++step) {
            _tile_loadd(4, q + step * kDepth, rowBytes);
            _tile_loadd(5, q + kTile * width + step * kDepth, rowBytes);
            _tile_loadd(6, right + step * kTileValues, 64);
            _tile_loadd(7, right + (steps + step) * kTileValues, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        _tile_stored(0, scores + column, kScoreBytes);
        _tile_stored(1, scores + column + kTile, kScoreBytes);
        _tile_stored(2, scores + kTile * kKeys + column, kScoreBytes);
        _tile_stored(3, scores + kTile * kKeys + column + kTile, kScoreBytes);
    }
}

/// sums [32 × width] += weights [32 × count]·v.
TXFM_AMX void addValues(const bf16* weights, const bf16* values, float* sums, int64_t count, int64_t width) {
    constexpr size_t kWeightBytes = kKeys * sizeof(bf16);
    const auto sumBytes = static_cast<size_t>(width) * sizeof(float);
    const int64_t groups = width / kTile;
    for (int64_t group = 0; group < groups; group += 2) {
        float* at = sums + group * kTile;
        _tile_loadd(0, at, sumBytes);
        _tile_loadd(1, at + kTile, sumBytes);
        _tile_loadd(2, at + kTile * width, sumBytes);
        _tile_loadd(3, at + kTile * width + kTile, sumBytes);
        for (int64_t step = 0; step < count / kDepth; ++step) {
            const bf16* right = values + (step * groups + group) * kTileValues;
            _tile_loadd(4, weights + step * kDepth, kWeightBytes);
            _tile_loadd(5, weights + kTile * kKeys + step * kDepth, kWeightBytes);
            _tile_loadd(6, right, 64);
            _tile_loadd(7, right + kTileValues, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        _tile_stored(0, at, sumBytes);
        _tile_stored(1, at + kTile, sumBytes);
        _tile_stored(2, at + kTile * width, sumBytes);
        _tile_stored(3, at + kTile * width + kTile, sumBytes);
    }
}

/// Turns a block of scores into weights under the running maximum; `valid` of its columns are keys.
TXFM_AMX void weighBlock(WorkSpace& space, int64_t rows, int64_t valid, int64_t width) {
    const __m512 log2e = _mm512_set1_ps(1.44269504088896341f), lowest = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    const int64_t vectors = blocksOf(valid, kDepth) * 2;
    const int64_t full = valid / kTile;
    const auto tail = static_cast<__mmask16>((1u << (valid % kTile)) - 1);
    for (int64_t row = 0; row < rows; ++row) {
        float* s = space.scores + row * kKeys;
        bf16* w = space.weights + row * kKeys;
        __m512 top = lowest;
        for (int64_t i = 0; i < vectors; ++i) {
            __m512 value = _mm512_load_ps(s + i * kTile);
            if (i >= full) {
                value = _mm512_mask_mov_ps(lowest, i == full ? tail : 0, value);
                _mm512_store_ps(s + i * kTile, value);
            }
            top = _mm512_max_ps(top, value);
        }
        const float before = space.top[row], now = std::max(before, _mm512_reduce_max_ps(top));
        const __m512 shift = _mm512_set1_ps(now * -1.44269504088896341f);
        if (now > before && space.total[row] > 0) {
            const __m512 factor = powerOfTwo(_mm512_set1_ps((before - now) * 1.44269504088896341f));
            float* sums = space.sums + row * width;
            for (int64_t i = 0; i < width; i += kTile)
                _mm512_store_ps(sums + i, _mm512_mul_ps(_mm512_load_ps(sums + i), factor));
            space.total[row] *= _mm512_cvtss_f32(factor);
        }
        __m512 total = _mm512_setzero_ps();
        for (int64_t i = 0; i < vectors; ++i) {
            const __m512 weight = powerOfTwo(_mm512_fmadd_ps(_mm512_load_ps(s + i * kTile), log2e, shift));
            total = _mm512_add_ps(total, weight);
            _mm256_store_si256(reinterpret_cast<__m256i*>(w + i * kTile), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(weight)));
        }
        space.top[row] = now;
        space.total[row] += _mm512_reduce_add_ps(total);
    }
}

TXFM_AMX void writeRows(const WorkSpace& space, bf16* out, int64_t outStride, int64_t rows, int64_t width) {
    for (int64_t row = 0; row < rows; ++row) {
        const __m512 share = _mm512_set1_ps(1.0f / space.total[row]);
        for (int64_t i = 0; i < width; i += kTile) {
            const __m512 value = _mm512_mul_ps(_mm512_load_ps(space.sums + row * width + i), share);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + row * outStride + i),
                                reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
        }
    }
}

TXFM_AMX void attendHead(WorkSpace& space, const bf16* q, bf16* out, int64_t outStride, float* lse, int64_t queries,
                         int64_t keys, int64_t width) {
    for (int64_t row = 0; row < queries; row += kQueries) {
        const int64_t rows = std::min(kQueries, queries - row);
        const bf16* block = q + row * width;
        if (rows < kQueries) {
            std::memset(space.queries, 0, sizeof space.queries);
            std::memcpy(space.queries, block, static_cast<size_t>(rows * width) * sizeof(bf16));
            block = space.queries;
        }
        std::fill_n(space.sums, kQueries * width, 0.0f);
        std::fill_n(space.top, kQueries, -std::numeric_limits<float>::infinity());
        std::fill_n(space.total, kQueries, 0.0f);
        for (int64_t key = 0; key < keys; key += kKeys) {
            const int64_t valid = std::min(kKeys, keys - key), count = blocksOf(valid, kDepth) * kDepth;
            multiplyKeys(block, space.keys.data() + key * width, space.scores, count, width);
            weighBlock(space, rows, valid, width);
            addValues(space.weights, space.values.data() + key * width, space.sums, count, width);
        }
        writeRows(space, out + row * outStride, outStride, rows, width);
        for (int64_t i = 0; lse && i < rows; ++i) lse[row + i] = space.top[i] + std::log(space.total[i]);
    }
}

bool askForAmx() {
    constexpr int kRequestPermission = 0x1023, kTileData = 18;
    unsigned a = 0, b = 0, c = 0, d = 0;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
    const bool tiles = (d >> 24 & 1) && (d >> 22 & 1);  // AMX-TILE, AMX-BF16
    return tiles && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
           ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool hasAmx() {
    static const bool available = askForAmx();
    return available;
}

TXFM_AMX void attentionAmx(const bf16* q, const bf16* k, const bf16* v, bf16* out, int64_t outStride, float* lse,
                           int64_t queries, int64_t keys, int64_t heads, int64_t width) {
    static thread_local const std::unique_ptr<WorkSpace> space = std::make_unique<WorkSpace>();
    const auto packed = static_cast<size_t>(blocksOf(keys, kDepth) * kDepth * width);
    if (space->keys.size() < packed) space->keys.resize(packed), space->values.resize(packed);
    const TileShapes shapes;
    _tile_loadconfig(&shapes);
    for (int64_t head = 0; head < heads; ++head) {
        packKeys(k + head * keys * width, keys, width, space->keys.data());
        packValues(v + head * keys * width, keys, width, space->values.data());
        attendHead(*space, q + head * queries * width, out + head * width, outStride, lse ? lse + head * queries : nullptr,
                   queries, keys, width);
    }
    _tile_release();
}

#else

bool hasAmx() { return false; }
void attentionAmx(const bf16*, const bf16*, const bf16*, bf16*, int64_t, float*, int64_t, int64_t, int64_t, int64_t) {}

#endif

}  // namespace txfm::model::kernels
