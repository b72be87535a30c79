// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/preprocess/unlogged_counts.h"

#include <cmath>

#include "core/base/quoted.h"
#include "core/data/count_view.h"
#include "core/io/describe_values.h"

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

Result<std::shared_ptr<const CountSource>> countsForModel(const Dataset& dataset, const std::string& path, bool allowNormalised,
                                                          std::vector<std::string>& warnings, Progress& progress) {
    const ValueKind kind = dataset.provenance.valueKind;
    if (kind == ValueKind::Counts) return dataset.counts;
    TXFM_TRY(const io::ValueDescription values, io::describeValues(*dataset.counts, kind));
    const std::string what = txfm::quoted(path) + " holds " + values.text + " instead of counts";
    const bool usable = kind != ValueKind::Scaled;
    if (!allowNormalised || !usable) return badInput(what + ".", io::normalisedHint(usable));
    const bool logged = values.logBase > 0;
    warnings.push_back(what + (logged ? "; the logarithm was undone and every cell rescaled."
                                      : "; every cell was rescaled as if they were counts."));
    progress.message(MessageLevel::Warning, warnings.back());
    if (logged) return unlogged(dataset.counts, values.logBase);
    return dataset.counts;
}

}  // namespace txfm
