// SPDX-License-Identifier: GPL-3.0-or-later
#include <bit>

#include "core/data/count_view.h"
#include "core/preprocess/gene_matching.h"

namespace txfm {
namespace {

/// Counts seen through a vocabulary. Keeps the rules of CsrMatrix (ascending, unique columns) without sorting:
/// values are scattered into a dense row, a bit per gene marks what was touched, and the bits are read in order.
class ProjectedCounts final : public CountView {
public:
    ProjectedCounts(std::shared_ptr<const CountSource> counts, std::vector<int32_t> target, int64_t genes)
        : CountView(std::move(counts)), m_target(std::move(target)), m_genes(genes) {}
    int64_t genes() const override { return m_genes; }

private:
    CsrMatrix transform(CsrMatrix block) const override {
        CsrMatrix out;
        out.rows = block.rows;
        out.cols = m_genes;
        out.indptr.reserve(static_cast<size_t>(block.rows) + 1);
        out.indices.reserve(static_cast<size_t>(block.nnz()));
        out.values.reserve(static_cast<size_t>(block.nnz()));
        std::vector<float> row(static_cast<size_t>(m_genes), 0.0f);
        std::vector<uint64_t> touched((static_cast<size_t>(m_genes) + 63) / 64, 0);
        for (int64_t r = 0; r < block.rows; ++r) {
            for (int64_t k = block.indptr[r]; k < block.indptr[r + 1]; ++k) {
                const int32_t gene = m_target[static_cast<size_t>(block.indices[k])];
                if (gene < 0) continue;
                row[static_cast<size_t>(gene)] += block.values[k];
                touched[static_cast<size_t>(gene) / 64] |= uint64_t{1} << (gene % 64);
            }
            for (size_t word = 0; word < touched.size(); ++word) {
                for (uint64_t bits = touched[word]; bits != 0; bits &= bits - 1) {
                    const size_t gene = word * 64 + static_cast<size_t>(std::countr_zero(bits));
                    out.indices.push_back(static_cast<int32_t>(gene));
                    out.values.push_back(row[gene]);
                    row[gene] = 0.0f;
                }
                touched[word] = 0;
            }
            out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
        }
        return out;
    }

    std::vector<int32_t> m_target;
    int64_t m_genes;
};

}  // namespace

std::shared_ptr<const CountSource> projectToVocabulary(std::shared_ptr<const CountSource> counts, GeneMatch match,
                                                       int64_t vocabularySize) {
    return std::make_shared<ProjectedCounts>(std::move(counts), std::move(match.target), vocabularySize);
}

}  // namespace txfm
