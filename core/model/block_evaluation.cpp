// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/block_evaluation.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include "core/model/attention_amx.h"
#include "core/model/kernels.h"

namespace txfm::model {
namespace {

using kernels::bf16;

/// Rows of a matrix product: fixed, because the library makes (and keeps) a kernel for each size that it meets.
constexpr int64_t kPiece = 256;

/// Scores of float32 attention that are in work at once: they stay in a core's own cache.
constexpr int64_t kScores = int64_t{1} << 18, kFewestQueries = 32, kMostQueries = 256;

const float* floats(const at::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }
int64_t wholePieces(int64_t rows) { return (rows + kPiece - 1) / kPiece * kPiece; }

/// Everything that the threads share.
struct Job {
    const BlockWeights& w;
    const BlockMatrices& matrices;
    const float* outBias;
    const float* u;
    float* out;
    std::vector<int64_t> rows;   // of each sample, CLS included
    std::vector<float> factors;  // stochastic depth, 1 otherwise
    int64_t width, d, heads, head, mlp;
    bool clsOnly;
    int64_t inWidth() const { return mlp + 3 * d; }
    int64_t outWidth() const { return d + mlp; }
};

/// A run of rows of one sample inside a piece.
struct Segment {
    int64_t sample, row, count, at;  // first row within the sample; place within the piece
};

/// The samples [begin, end) of one thread; Element = bf16 or float, the precision of the matrix products.
template <class Element>
class Pack {
public:
    Pack(const Job& job, int64_t begin, int64_t end) : m_job(job), m_begin(begin), m_end(end) {
        for (int64_t b = begin; b < end; ++b) {
            m_offset.push_back(m_total);
            m_total += job.rows[b];
        }
    }

    void run() {
        const Job& j = m_job;
        const int64_t queries = j.clsOnly ? m_end - m_begin : m_total;
        m_x = makeEmpty({wholePieces(queries), j.outWidth()});
        // Rows that only fill the last piece up: whatever lies there may be numbers that products are very slow with.
        m_x.narrow(0, queries, m_x.size(0) - queries).zero_();
        m_k = makeEmpty({m_total, j.d}), m_v = makeEmpty({m_total, j.d}), m_q = makeEmpty({queries, j.d});
        m_y = at::zeros({kPiece, j.d}, kType);
        m_mean = at::empty({kPiece}, at::kFloat), m_rstd = at::empty({kPiece}, at::kFloat);
        if (j.clsOnly) m_cls = at::zeros({wholePieces(queries), j.d}, kType);
        project();
        for (int64_t b = m_begin; b < m_end; ++b) attend(b);
        join(queries);
    }

private:
    static constexpr at::ScalarType kType = std::is_same_v<Element, float> ? at::kFloat : at::kBFloat16;
    static Element* elements(const at::Tensor& tensor) { return reinterpret_cast<Element*>(tensor.mutable_data_ptr()); }
    static at::Tensor makeEmpty(at::IntArrayRef sizes) { return at::empty(sizes, at::TensorOptions().dtype(kType)); }

    std::vector<Segment> segments(int64_t from, int64_t to) const {
        std::vector<Segment> found;
        for (size_t i = 0; i < m_offset.size(); ++i) {
            const int64_t rows = m_job.rows[m_begin + static_cast<int64_t>(i)];
            const int64_t first = std::max(from, m_offset[i]), last = std::min(to, m_offset[i] + rows);
            if (first < last) found.push_back({m_begin + static_cast<int64_t>(i), first - m_offset[i], last - first, first - from});
        }
        return found;
    }
    int64_t offset(int64_t sample) const { return m_offset[static_cast<size_t>(sample - m_begin)]; }

    /// LayerNorm, input projection, q/k norms, GELU.
    void project() {
        const Job& j = m_job;
        // The CLS row alone needs its query and hidden layer; every row needs key and value.
        const int64_t skipped = j.clsOnly ? j.mlp + j.d : 0, columns = j.inWidth() - skipped;
        const auto weights = j.matrices.in.narrow(0, skipped, columns).t();
        auto p = makeEmpty({kPiece, columns});
        for (int64_t from = 0; from < m_total; from += kPiece) {
            const int64_t to = std::min(from + kPiece, m_total);
            const auto parts = segments(from, to);
            for (const Segment& s : parts) normalise(s);
            at::mm_out(p, m_y, weights);
            for (const Segment& s : parts) {
                const Element* row = elements(p) + s.at * columns;
                splitHeads(s, row + columns - 2 * j.d, columns, 1);
                splitHeads(s, row + columns - j.d, columns, 2);
                if (!j.clsOnly) splitHeads(s, row + j.mlp, columns, 0);
            }
            if (!j.clsOnly)
                kernels::biasGelu(elements(p), columns, floats(j.w.mlpBias), elements(m_x) + from * j.outWidth() + j.d, j.outWidth(),
                                  to - from, j.mlp);
        }
        if (j.clsOnly) projectCls();
    }

    void normalise(const Segment& s) {
        const Job& j = m_job;
        kernels::layerNorm(j.u + (s.sample * j.width + s.row) * j.d, floats(j.w.norm), floats(j.w.normBias),
                           elements(m_y) + s.at * j.d, m_mean.mutable_data_ptr<float>(), m_rstd.mutable_data_ptr<float>(), s.count,
                           j.d, static_cast<float>(kLayerNormEps));
        if (j.clsOnly && s.row == 0)
            std::copy_n(elements(m_y) + s.at * j.d, j.d, elements(m_cls) + (s.sample - m_begin) * j.d);
    }

    /// part 0 = query, 1 = key, 2 = value; into [heads × rows × head] of its sample.
    void splitHeads(const Segment& s, const Element* from, int64_t stride, int part) {
        const Job& j = m_job;
        const at::Tensor& norm = part == 0 ? j.w.qNorm : j.w.kNorm;
        const at::Tensor& normBias = part == 0 ? j.w.qNormBias : j.w.kNormBias;
        const bool normed = part != 2 && norm.defined();
        const float* bias = floats(j.w.qkvBias);
        const float scale = part == 0 ? 1.0f / std::sqrt(static_cast<float>(j.head)) : 1.0f;
        const at::Tensor& to = part == 0 ? m_q : part == 1 ? m_k : m_v;
        const bool oneRow = part == 0 && j.clsOnly;
        const int64_t rows = oneRow ? 1 : j.rows[s.sample], first = oneRow ? s.sample - m_begin : offset(s.sample);
        kernels::splitHeads(from, stride, bias ? bias + part * j.d : nullptr, normed ? floats(norm) : nullptr,
                            normed ? floats(normBias) : nullptr, scale, elements(to) + first * j.d + s.row * j.head, rows * j.head,
                            s.count, j.heads, j.head, static_cast<float>(kLayerNormEps));
    }

    void projectCls() {
        const Job& j = m_job;
        const int64_t columns = j.mlp + j.d, count = m_end - m_begin;
        const auto weights = j.matrices.in.narrow(0, 0, columns).t();
        auto p = makeEmpty({kPiece, columns});
        for (int64_t from = 0; from < count; from += kPiece) {
            const int64_t rows = std::min(kPiece, count - from);
            at::mm_out(p, m_cls.narrow(0, from, kPiece), weights);
            for (int64_t i = 0; i < rows; ++i)
                splitHeads({m_begin + from + i, 0, 1, i}, elements(p) + i * columns + j.mlp, columns, 0);
            kernels::biasGelu(elements(p), columns, floats(j.w.mlpBias), elements(m_x) + from * j.outWidth() + j.d, j.outWidth(), rows,
                              j.mlp);
        }
    }

    /// Rows [from, from + rows) of the heads of a sample.
    at::Tensor heads(const at::Tensor& all, int64_t from, int64_t rows) const {
        return all.narrow(0, from, rows).view({m_job.heads, rows, m_job.head});
    }

    void attend(int64_t b) {
        const Job& j = m_job;
        const int64_t keys = j.rows[b], queries = j.clsOnly ? 1 : keys, first = j.clsOnly ? b - m_begin : offset(b);
        Element* out = elements(m_x) + first * j.outWidth();
        if constexpr (std::is_same_v<Element, float>) {
            attendInFloat(heads(m_q, first, queries), heads(m_k, offset(b), keys), heads(m_v, offset(b), keys), out);
        } else {
            if (kernels::hasAmx() && kernels::fitsAmx(j.head)) {
                kernels::attentionAmx(elements(m_q) + first * j.d, elements(m_k) + offset(b) * j.d, elements(m_v) + offset(b) * j.d, out,
                                      j.outWidth(), nullptr, queries, keys, j.heads, j.head);
                return;
            }
            const auto attention = std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
                heads(m_q, first, queries).unsqueeze(0), heads(m_k, offset(b), keys).unsqueeze(0),
                heads(m_v, offset(b), keys).unsqueeze(0), 0.0, false, std::nullopt, 1.0));
            kernels::joinHeads(elements(attention), attention.stride(1), attention.stride(2), out, j.outWidth(), queries, j.heads, j.head);
        }
    }

    /// Whole rows of scores for a few queries at a time: two plain products and a vectorised exponential between them.
    void attendInFloat(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, float* out) {
        const Job& j = m_job;
        const int64_t queries = q.size(1), keys = k.size(1);
        const int64_t atOnce = std::min(queries, std::clamp(kScores / keys, kFewestQueries, kMostQueries));
        auto scores = makeEmpty({atOnce, keys}), result = makeEmpty({atOnce, j.head});
        std::vector<float> inverse(static_cast<size_t>(atOnce));
        for (int64_t h = 0; h < j.heads; ++h) {
            const auto transposed = k[h].t(), values = v[h];
            for (int64_t from = 0; from < queries; from += atOnce) {
                const int64_t count = std::min(atOnce, queries - from);
                auto s = scores.narrow(0, 0, count), r = result.narrow(0, 0, count);
                at::mm_out(s, q[h].narrow(0, from, count), transposed);
                kernels::expRows(s.template mutable_data_ptr<float>(), inverse.data(), count, keys);
                at::mm_out(r, s, values);
                kernels::scaleRows(r.template const_data_ptr<float>(), inverse.data(), out + from * j.outWidth() + h * j.head,
                                   j.outWidth(), count, j.head);
            }
        }
    }

    /// Both output projections at once, LayerScale, residual.
    void join(int64_t queries) {
        const Job& j = m_job;
        const auto weights = j.matrices.out.t();
        auto o = makeEmpty({kPiece, j.d});
        for (int64_t from = 0; from < queries; from += kPiece) {
            const int64_t to = std::min(from + kPiece, queries);
            at::mm_out(o, m_x.narrow(0, from, kPiece), weights);
            const auto add = [&](int64_t sample, int64_t row, int64_t count, int64_t at, float* target) {
                kernels::addBranch(j.u + (sample * j.width + row) * j.d, elements(o) + at * j.d, j.outBias, floats(j.w.layerScale),
                                   j.factors[sample], target, count, j.d);
            };
            if (j.clsOnly) {
                for (int64_t i = from; i < to; ++i) add(m_begin + i, 0, 1, i - from, j.out + (m_begin + i) * j.d);
            } else {
                for (const Segment& s : segments(from, to))
                    add(s.sample, s.row, s.count, s.at, j.out + (s.sample * j.width + s.row) * j.d);
            }
        }
        if (j.clsOnly) return;
        for (int64_t b = m_begin; b < m_end; ++b) {  // padding
            const int64_t first = (b * j.width + j.rows[b]) * j.d;
            std::copy_n(j.u + first, (j.width - j.rows[b]) * j.d, j.out + first);
        }
    }

    const Job& m_job;
    int64_t m_begin, m_end, m_total = 0;
    std::vector<int64_t> m_offset;
    at::Tensor m_x;             // [rows × d+mlp] attention | hidden
    at::Tensor m_q, m_k, m_v;   // per sample [heads × rows × head]
    at::Tensor m_y, m_mean, m_rstd, m_cls;
};

}  // namespace

at::Tensor evaluateBlock(const BlockWeights& w, const BlockMatrices& matrices, const at::Tensor& input,
                         const BlockCall& call, bool clsOnly) {
    const auto u = input.contiguous();
    const int64_t samples = u.size(0), width = u.size(1), d = u.size(2);
    auto out = at::empty({samples, clsOnly ? 1 : width, d}, at::kFloat);
    const auto outBias = (w.attnOutBias.to(at::kFloat) + w.mlpOutBias.to(at::kFloat)).detach().contiguous();
    Job job{w, matrices, floats(outBias), u.const_data_ptr<float>(), out.mutable_data_ptr<float>(), {},
            std::vector<float>(static_cast<size_t>(samples), 1.0f), width, d, w.heads, d / w.heads, w.mlpBias.size(0), clsOnly};
    for (int64_t b = 0; b < samples; ++b)
        job.rows.push_back(call.lengths.empty() ? width : call.lengths[static_cast<size_t>(b)] + 1);
    if (call.keep.defined()) std::copy_n(call.keep.const_data_ptr<float>(), samples, job.factors.begin());
    at::parallel_for(0, samples, 1, [&](int64_t begin, int64_t end) {
        const at::NoGradGuard noGrad;
        if (matrices.in.scalar_type() == at::kFloat) {
            Pack<float>(job, begin, end).run();
        } else {
            Pack<bf16>(job, begin, end).run();
        }
    });
    return out;
}

}  // namespace txfm::model
