// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/analysis/umap_layout.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace txfm::analysis {
namespace {

/// d^2 -> (d^2)^b for d^2 > 0 with a relative error below 1e-4, far less than the noise of the sampling.
/// Split into exponent and mantissa; Chebyshev fits of log2 on [1, 2) (error 1.5e-5) and 2^f on [0, 1) (4e-6).
[[gnu::always_inline]] inline float fastPower(float x, float exponent) {
    const auto bits = std::bit_cast<uint32_t>(x);
    const auto e = static_cast<float>(static_cast<int32_t>(bits >> 23) - 127);
    const float m = std::bit_cast<float>((bits & 0x007fffffu) | 0x3f800000u);
    // log2(m) on [1, 2)
    const float log2m = ((((0.043928628f * m - 0.409475586f) * m + 1.610177547f) * m - 3.520218838f) * m + 5.069756317f) * m - 2.794153677f;
    const float y = std::clamp(exponent * (e + log2m), -126.0f, 126.0f);
    const float whole = std::floor(y);
    const float f = y - whole;
    const float p = (((0.013683983f * f + 0.051717735f) * f + 0.241621323f) * f + 0.692969551f) * f + 1.000003597f;
    return std::bit_cast<float>(static_cast<uint32_t>((static_cast<int32_t>(whole) + 127) << 23)) * p;
}

/// SplitMix64: one multiply-add chain per draw; the counter-based streams of core/base cost ten times as much here.
struct FastRandom {
    uint64_t state;
    uint32_t below(uint32_t bound) {
        uint64_t z = (state += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return static_cast<uint32_t>((static_cast<uint64_t>(static_cast<uint32_t>(z >> 32)) * bound) >> 32);
    }
};

/// Edges that are ever drawn, flat, grouped by their head.
struct EdgeSchedule {
    std::vector<int64_t> first;        ///< rows + 1
    std::vector<int32_t> tail;
    std::vector<float> period;         ///< epochs from sample to sample
    std::vector<float> next;           ///< epoch of the next sample
    std::vector<float> nextNegative;
};

EdgeSchedule makeSchedule(const CsrMatrix& graph, const LayoutOptions& options) {
    EdgeSchedule s;
    float largest = 0;
    for (const float w : graph.values) largest = std::max(largest, w);
    const float least = largest / static_cast<float>(options.epochs);
    s.first.push_back(0);
    for (int64_t row = 0; row < graph.rows; ++row) {
        for (int64_t e = graph.indptr[row]; e < graph.indptr[row + 1]; ++e) {
            if (graph.values[e] < least || graph.values[e] <= 0) continue;
            s.tail.push_back(graph.indices[e]);
            s.period.push_back(largest / graph.values[e]);
        }
        s.first.push_back(static_cast<int64_t>(s.tail.size()));
    }
    s.next = s.period;
    s.nextNegative = s.period;
    for (float& v : s.nextNegative) v /= static_cast<float>(options.negativeSamples);
    return s;
}

[[gnu::always_inline]] inline float clipped(float gradient) { return std::clamp(gradient, -4.0f, 4.0f); }

template <int D>
bool runEpoch(EdgeSchedule& s, const LayoutOptions& options, int epoch, FastRandom& random, float* layout, int64_t rows,
              const Progress& progress) {
    constexpr int64_t kRowsPerLook = 1 << 14;
    const auto now = static_cast<float>(epoch);
    const float alpha = options.learningRate * (1.0f - now / static_cast<float>(options.epochs));
    const float a = options.a, b = options.b;
    const float perNegative = 1.0f / static_cast<float>(options.negativeSamples);
    constexpr float kLeast = 1.1920929e-7f;
    for (int64_t head = 0; head < rows; ++head) {
        if (head % kRowsPerLook == 0 && progress.cancelled()) return false;
        float* self = layout + head * D;
        for (int64_t e = s.first[static_cast<size_t>(head)]; e < s.first[static_cast<size_t>(head) + 1]; ++e) {
            if (s.next[static_cast<size_t>(e)] > now) continue;
            float* other = layout + static_cast<int64_t>(s.tail[static_cast<size_t>(e)]) * D;
            float d2 = 0;
            for (int c = 0; c < D; ++c) d2 += (self[c] - other[c]) * (self[c] - other[c]);
            if (d2 > 0) {
                const float power = fastPower(d2, b);
                const float pull = -2.0f * a * b * power / (d2 * (a * power + 1.0f));
                for (int c = 0; c < D; ++c) {
                    const float step = alpha * clipped(pull * (self[c] - other[c]));
                    self[c] += step;
                    other[c] -= step;
                }
            }
            const float period = s.period[static_cast<size_t>(e)];
            s.next[static_cast<size_t>(e)] += period;
            const float negativePeriod = period * perNegative;
            const int negatives = static_cast<int>((now - s.nextNegative[static_cast<size_t>(e)]) / negativePeriod);
            for (int n = 0; n < negatives; ++n) {
                const int64_t drawn = random.below(static_cast<uint32_t>(rows));
                if (drawn == head) continue;
                const float* away = layout + drawn * D;
                float r2 = kLeast;
                for (int c = 0; c < D; ++c) r2 += (self[c] - away[c]) * (self[c] - away[c]);
                const float push = 2.0f * options.repulsion * b / ((0.001f + r2) * (a * fastPower(r2, b) + 1.0f));
                for (int c = 0; c < D; ++c) self[c] += alpha * clipped(push * (self[c] - away[c]));
            }
            s.nextNegative[static_cast<size_t>(e)] += static_cast<float>(negatives) * negativePeriod;
        }
    }
    return true;
}

}  // namespace

Result<void> optimiseLayout(const CsrMatrix& graph, const LayoutOptions& options, DenseMatrix& layout, Progress& progress) {
    EdgeSchedule schedule = makeSchedule(graph, options);
    FastRandom random{options.seed * 0x9e3779b97f4a7c15ull + 0x6c61796f7574ull};
    StageProgress stage(progress, "umap", options.epochs, "epochs");
    for (int epoch = 0; epoch < options.epochs; ++epoch) {
        const auto run = layout.cols == 2 ? runEpoch<2> : runEpoch<3>;
        if (!run(schedule, options, epoch, random, layout.values.data(), layout.rows, progress)) return cancelledError();
        stage.set(epoch + 1);
    }
    return {};
}

}  // namespace txfm::analysis
