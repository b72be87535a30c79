// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <utility>

#include "core/data/dataset.h"

namespace txfm {

/// Counts that are other counts seen differently, row by row: what a view does not change goes through to the source. A view
/// changes the rows in transform(); one with other genes overrides genes() too.
class CountView : public CountSource {
public:
    explicit CountView(std::shared_ptr<const CountSource> counts) : m_counts(std::move(counts)) {}
    int64_t cells() const override { return m_counts->cells(); }
    int64_t genes() const override { return m_counts->genes(); }
    int64_t nonZeros() const override { return -1; }
    bool concurrentReads() const override { return m_counts->concurrentReads(); }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override { return changed(m_counts->readRows(begin, end)); }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override { return changed(m_counts->readRowsAt(rows)); }

protected:
    /// The rows as the view shows them. Thread: any where concurrentReads() says so.
    virtual CsrMatrix transform(CsrMatrix rows) const = 0;
    const CountSource& source() const { return *m_counts; }

private:
    Result<CsrMatrix> changed(Result<CsrMatrix> rows) const {
        if (!rows) return rows;
        return transform(std::move(*rows));
    }
    std::shared_ptr<const CountSource> m_counts;
};

}  // namespace txfm
