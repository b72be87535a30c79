// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "core/model/kernels.h"
#include "core/model/ops.h"

namespace txfm::model::ops {
namespace {

std::tuple<at::Tensor, at::Tensor> poissonLossCpu(const at::Tensor& z, const at::Tensor& x, const at::Tensor& measured,
                                                  const at::Tensor& measuredRow, const at::Tensor& weights, double bound,
                                                  double width) {
    const int64_t samples = z.size(0), genes = z.size(1);
    const auto zc = z.contiguous(), xc = x.contiguous(), mc = measured.contiguous();
    auto grad = at::empty_like(zc);
    auto sums = at::empty({samples}, zc.options());
    const float* zData = zc.const_data_ptr<float>();
    const float* xData = xc.const_data_ptr<float>();
    const float* mData = mc.const_data_ptr<float>();
    const int64_t* rows = measuredRow.const_data_ptr<int64_t>();
    const float* w = weights.const_data_ptr<float>();
    float* gradData = grad.mutable_data_ptr<float>();
    float* sumData = sums.mutable_data_ptr<float>();
    at::parallel_for(0, samples, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t at = i * genes;
            sumData[i] = static_cast<float>(kernels::poissonLoss(zData + at, xData + at, mData + rows[i] * genes, gradData + at,
                                                       genes, w[i], static_cast<float>(bound),
                                                       static_cast<float>(width)));
        }
    });
    return {sums, grad};
}

TORCH_LIBRARY(txfm, library) {
    library.def("poisson_loss(Tensor z, Tensor x, Tensor measured, Tensor measured_row, Tensor weights, float bound, "
                "float width) -> (Tensor sums, Tensor grad)");
}
TORCH_LIBRARY_IMPL(txfm, CPU, library) { library.impl("poisson_loss", poissonLossCpu); }

class PoissonLoss : public torch::autograd::Function<PoissonLoss> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& z,
                                 const at::Tensor& x, const at::Tensor& measured,
                                 const at::Tensor& measuredRow, const at::Tensor& weights, double bound,
                                 double width) {
        static const auto op = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("txfm::poisson_loss", "")
                                   .typed<decltype(poissonLossCpu)>();
        auto [sums, grad] = op.call(z, x, measured, measuredRow, weights, bound, width);
        context->save_for_backward({grad});
        return sums;
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list outer) {
        const auto grad = context->get_saved_variables()[0];
        return {grad * outer[0].unsqueeze(-1), {}, {}, {}, {}, {}, {}};
    }
};

}  // namespace

bool hasCudaLoss() {
    const auto op = c10::Dispatcher::singleton().findSchema({"txfm::poisson_loss", ""});
    return op && op->hasKernelForDispatchKey(c10::DispatchKey::CUDA);
}

at::Tensor rectifiedTanhPoissonLoss(const at::Tensor& z, const at::Tensor& x, const at::Tensor& measured,
                                       const at::Tensor& measuredRow, const at::Tensor& weights, double bound,
                                       double width) {
    return PoissonLoss::apply(z, x, measured, measuredRow, weights, bound, width);
}

}  // namespace txfm::model::ops
