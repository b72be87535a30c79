// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/unlogged_counts.h"

#include <cmath>

#include "core/data/count_view.h"

namespace txfm {
namespace {

class UnloggedCounts final : public CountView {
public:
    UnloggedCounts(std::shared_ptr<const CountSource> values, double base)
        : CountView(std::move(values)), m_scale(static_cast<float>(std::log(base))) {}
    int64_t nonZeros() const override { return source().nonZeros(); }

private:
    CsrMatrix transform(CsrMatrix rows) const override {
        for (float& value : rows.values) value = std::expm1(m_scale * value);
        return rows;
    }
    float m_scale;
};

}  // namespace

std::shared_ptr<const CountSource> unlogged(std::shared_ptr<const CountSource> values, double base) {
    return std::make_shared<UnloggedCounts>(std::move(values), base);
}

}  // namespace txfm
