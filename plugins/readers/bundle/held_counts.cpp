// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/bundle/held_counts.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

/// Counts in a file that is removed with them.
class HeldCounts final : public CountSource {
public:
    HeldCounts(std::shared_ptr<const CountSource> counts, TemporaryFolder folder) : m_folder(std::move(folder)), m_counts(std::move(counts)) {}
    int64_t cells() const override { return m_counts->cells(); }
    int64_t genes() const override { return m_counts->genes(); }
    int64_t nonZeros() const override { return m_counts->nonZeros(); }
    Result<CsrMatrix> readRows(int64_t begin, int64_t end) const override { return m_counts->readRows(begin, end); }
    Result<CsrMatrix> readRowsAt(const std::vector<int64_t>& rows) const override { return m_counts->readRowsAt(rows); }
    bool dense() const override { return m_counts->dense(); }
    bool concurrentReads() const override { return m_counts->concurrentReads(); }

private:
    TemporaryFolder m_folder;
    std::shared_ptr<const CountSource> m_counts;  // closes before the folder goes
};

}  // namespace

int64_t sizeBelow(const fs::path& folder) {
    int64_t bytes = 0;
    std::error_code ec;
    for (fs::recursive_directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec))
        if (at->is_regular_file(ec)) bytes += static_cast<int64_t>(at->file_size(ec));
    return bytes;
}

void hold(Dataset& dataset, TemporaryFolder folder) {
    if (!dataset.counts->inMemory()) dataset.counts = std::make_shared<HeldCounts>(dataset.counts, std::move(folder));
}

}  // namespace txfm::readers
