// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "core/data/dataset.h"

namespace txfm::io {

/// The cells of several data sets one after another, over a union of genes; nothing is copied or held.
class JoinedCounts final : public CountSource {
public:
    struct Part {
        std::shared_ptr<const CountSource> counts;
        std::vector<int32_t> genes;  ///< of each of its genes the place among all, each place once
    };
    JoinedCounts(std::vector<Part> parts, int64_t genes);

    int64_t cells() const override { return m_begins.back(); }
    int64_t genes() const override { return m_genes; }
    int64_t nonZeros() const override;
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override;
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override;

private:
    std::vector<Part> m_parts;
    std::vector<int64_t> m_begins{0};  ///< first cell of each part, and behind the last one
    int64_t m_genes;
};

}  // namespace txfm::io
