// SPDX-License-Identifier: GPL-3.0-or-later
#include "plugins/readers/bundle/held_counts.h"

#include "core/data/count_view.h"

namespace txfm::readers {
namespace fs = std::filesystem;
namespace {

/// Counts in a file that is removed with them.
class HeldCounts final : public CountView {
public:
    HeldCounts(std::shared_ptr<const CountSource> counts, TemporaryFolder folder) : CountView(std::move(counts)), m_folder(std::move(folder)) {}
    int64_t nonZeros() const override { return source().nonZeros(); }
    bool dense() const override { return source().dense(); }

private:
    CsrMatrix transform(CsrMatrix rows) const override { return rows; }
    TemporaryFolder m_folder;
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
