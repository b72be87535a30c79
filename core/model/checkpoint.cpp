// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/checkpoint.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace txfm::model {
namespace {

using Body = std::function<at::Tensor(const at::Tensor&)>;

struct CheckpointFunction : torch::autograd::Function<CheckpointFunction> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                                 const std::shared_ptr<Body>& body) {
        context->save_for_backward({input});
        context->saved_data["body"] = c10::IValue::make_capsule(c10::make_intrusive<Holder>(body));
        at::NoGradGuard noGrad;
        return (*body)(input);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list outer) {
        const auto input = context->get_saved_variables()[0].detach().requires_grad_(true);
        const auto holder = c10::static_intrusive_pointer_cast<Holder>(context->saved_data["body"].toCapsule());
        c10::AutoGradMode withGrad(true);
        const auto output = (*holder->body)(input);
        torch::autograd::backward({output}, {outer[0]});
        return {input.grad(), {}};
    }

private:
    struct Holder : torch::CustomClassHolder {
        explicit Holder(std::shared_ptr<Body> held) : body(std::move(held)) {}
        std::shared_ptr<Body> body;
    };
};

}  // namespace

at::Tensor checkpointed(const std::function<at::Tensor(const at::Tensor&)>& body, const at::Tensor& input) {
    return CheckpointFunction::apply(input, std::make_shared<Body>(body));
}

}  // namespace txfm::model
