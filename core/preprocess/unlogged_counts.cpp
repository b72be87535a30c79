// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/unlogged_counts.h"

#include <cmath>

namespace txfm {
namespace {

class UnloggedCounts final : public CountSource {
public:
    UnloggedCounts(std::shared_ptr<const CountSource> values, double base)
        : m_values(std::move(values)), m_scale(static_cast<float>(std::log(base))) {}
    int64_t cells() const override { return m_values->cells(); }
    int64_t genes() const override { return m_values->genes(); }
    int64_t nonZeros() const override { return m_values->nonZeros(); }
    bool concurrentReads() const override { return m_values->concurrentReads(); }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override { return undo(m_values->readRows(begin, end)); }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override { return undo(m_values->readRowsAt(rows)); }

private:
    Result<CsrMatrix> undo(Result<CsrMatrix> block) const {
        if (block)
            for (float& value : block->values) value = std::expm1(m_scale * value);
        return block;
    }
    std::shared_ptr<const CountSource> m_values;
    float m_scale;
};

}  // namespace

std::shared_ptr<const CountSource> unlogged(std::shared_ptr<const CountSource> values, double base) {
    return std::make_shared<UnloggedCounts>(std::move(values), base);
}

}  // namespace txfm
