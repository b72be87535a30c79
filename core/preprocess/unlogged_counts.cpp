// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/unlogged_counts.h"

#include <cmath>

namespace txfm {
namespace {

class UnloggedCounts final : public CountSource {
public:
    explicit UnloggedCounts(std::shared_ptr<const CountSource> values) : m_values(std::move(values)) {}
    int64_t cells() const override { return m_values->cells(); }
    int64_t genes() const override { return m_values->genes(); }
    int64_t nonZeros() const override { return m_values->nonZeros(); }
    bool concurrentReads() const override { return m_values->concurrentReads(); }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override { return undo(m_values->readRows(begin, end)); }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override { return undo(m_values->readRowsAt(rows)); }

private:
    static Result<CsrMatrix> undo(Result<CsrMatrix> block) {
        if (block)
            for (float& value : block->values) value = std::expm1(value);
        return block;
    }
    std::shared_ptr<const CountSource> m_values;
};

}  // namespace

std::shared_ptr<const CountSource> unlogged(std::shared_ptr<const CountSource> values) {
    return std::make_shared<UnloggedCounts>(std::move(values));
}

}  // namespace txfm
