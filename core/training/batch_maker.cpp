// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/training/batch_maker.h"

#include <algorithm>

#include "core/base/parallel.h"
#include "core/model/masking.h"

namespace txfm::training {
namespace {

/// Epoch word of the masks of held-out samples: the same genes are revealed at every validation.
constexpr uint32_t kValidationEpoch = ~0u;

/// The genes with a count, as a pool to draw from (option mask_pool = expressed).
model::MeasuredGenes expressedGenes(const model::SampleCounts& sample) {
    model::MeasuredGenes pool(std::vector<uint8_t>{});
    for (size_t i = 0; i < sample.genes.size(); ++i)
        if (sample.counts[i] > 0 && sample.measured->flags[sample.genes[i]]) pool.genes.push_back(sample.genes[i]);
    return pool;
}

}  // namespace

double bytesOf(const StepBatch& batch) {
    double bytes = 0;
    for (const MicroBatch& micro : batch.micro)
        for (const at::Tensor* tensor : {&micro.tokens.genes, &micro.tokens.values, &micro.target.x, &micro.target.counts, &micro.target.library,
                                         &micro.target.measured, &micro.target.measuredRow})
            if (tensor->defined()) bytes += static_cast<double>(tensor->nbytes());
    return bytes;
}

BatchMaker::BatchMaker(std::shared_ptr<const Corpus> corpus, EpochSampler sampler, io::ModelConfig config,
                       BatchPlan plan)
    : m_corpus(std::move(corpus)), m_sampler(std::move(sampler)), m_config(std::move(config)), m_plan(std::move(plan)) {
    std::span<const double> measuredIn;
    if (m_config.geneFrequencyDefinition == "fraction_of_measured") measuredIn = m_corpus->measuredIn();
    m_logWeights = model::maskLogWeights(m_corpus->geneFrequency(), m_config.maskTemperature, measuredIn);
}

int64_t BatchMaker::stepsPerEpoch() const { return (m_sampler.drawsPerEpoch() + m_plan.batch - 1) / m_plan.batch; }

double BatchMaker::libraryOf(const Item& item) const {
    return m_corpus->sets()[static_cast<size_t>(item.set)].libraries[static_cast<size_t>(item.row)];
}

MicroBatch BatchMaker::assemble(std::span<const Item> items, uint32_t epoch, double meanLibrary) const {
    std::vector<model::SampleCounts> samples;
    std::vector<SampleRows> memory;  // what the samples are views of
    std::vector<std::vector<int32_t>> revealed(items.size());
    MicroBatch micro;
    for (size_t begin = 0; begin < items.size();) {
        std::vector<int64_t> cells;
        const int32_t set = items[begin].set;
        for (; begin < items.size() && items[begin].set == set; ++begin) {
            cells.push_back(items[begin].row);
            micro.sets.push_back(set);
            micro.sampleIds.push_back(items[begin].id);
        }
        auto read = m_corpus->sets()[static_cast<size_t>(set)].read(cells);
        if (!read) throw UnreadableSamples(read.error());
        memory.push_back(std::move(*read));
        samples.insert(samples.end(), memory.back().samples.begin(), memory.back().samples.end());
    }
    parallelFor(items.size(), 1, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) {
            const model::MaskKey key{m_plan.seed, epoch, items[i].id, 0};
            revealed[i] = m_plan.maskPool == "expressed"
                              ? model::selectGenes(expressedGenes(samples[i]), m_config.nUnmasked, key, m_logWeights)
                              : model::selectGenes(*samples[i].measured, m_config.nUnmasked, key, m_logWeights);
        }
    });
    micro.tokens = model::makeTokens(samples, revealed, m_config);
    micro.target = model::makeTargets(samples, m_config);
    micro.target.meanLibrary = meanLibrary;
    return micro;
}

StepBatch BatchMaker::step(int64_t step, int64_t microSamples) {
    StepBatch out;
    out.step = step;
    out.epoch = step / stepsPerEpoch();
    const int64_t inEpoch = step % stepsPerEpoch();
    out.lastOfEpoch = inEpoch + 1 == stepsPerEpoch();
    if (m_orderEpoch != out.epoch) {
        m_order = m_sampler.order(out.epoch);
        m_orderEpoch = out.epoch;
    }
    const int64_t begin = inEpoch * m_plan.batch;
    const int64_t end = std::min(begin + m_plan.batch, m_sampler.drawsPerEpoch());
    out.globalSamples = end - begin;
    const auto item = [&](int64_t draw) {
        const Draw& d = m_order[static_cast<size_t>(draw)];
        const CorpusSet& set = m_corpus->sets()[static_cast<size_t>(d.set)];
        return Item{d.set, set.train[static_cast<size_t>(d.index)], static_cast<uint32_t>(draw)};
    };
    double meanLibrary = 0;
    if (m_config.nbSizeFactor != "library" && (m_config.loss == "nb" || m_config.loss == "zinb")) {
        for (int64_t draw = begin; draw < end; ++draw)
            meanLibrary += libraryOf(item(draw));
        meanLibrary /= static_cast<double>(end - begin);
    }
    const int64_t from = begin + (end - begin) * m_plan.rank / m_plan.world;
    const int64_t to = begin + (end - begin) * (m_plan.rank + 1) / m_plan.world;
    std::vector<Item> items;
    for (int64_t draw = from; draw < to; ++draw) items.push_back(item(draw));
    // Samples of one width together: less padding, and fewer rows of measured masks per micro-batch.
    std::ranges::stable_sort(items, [](const Item& a, const Item& b) { return a.set < b.set; });
    // Pieces of equal size: 20 samples in pieces of at most 16 are 10 and 10.
    const auto count = static_cast<int64_t>(items.size());
    const int64_t pieces = (count + microSamples - 1) / microSamples;
    for (int64_t piece = 0; piece < pieces; ++piece) {
        const int64_t first = count * piece / pieces, last = count * (piece + 1) / pieces;
        out.micro.push_back(assemble(std::span(items).subspan(static_cast<size_t>(first), static_cast<size_t>(last - first)),
                                     static_cast<uint32_t>(out.epoch), meanLibrary));
    }
    return out;
}

Result<void> BatchMaker::eachValidationBatch(int64_t microSamples, const std::function<Result<void>(const MicroBatch&)>& visit) const {
    std::vector<Item> all;
    uint32_t id = 0;
    for (size_t set = 0; set < m_corpus->sets().size(); ++set)
        for (int64_t row : m_corpus->sets()[set].validation) all.push_back({static_cast<int32_t>(set), row, id++});
    double meanLibrary = 0;
    if (m_config.nbSizeFactor != "library" && (m_config.loss == "nb" || m_config.loss == "zinb")) {
        for (const Item& item : all) meanLibrary += libraryOf(item);
        meanLibrary /= std::max<double>(1, static_cast<double>(all.size()));
    }
    std::vector<Item> items;
    for (size_t i = static_cast<size_t>(m_plan.rank); i < all.size(); i += static_cast<size_t>(m_plan.world))
        items.push_back(all[i]);
    for (size_t begin = 0; begin < items.size(); begin += static_cast<size_t>(microSamples)) {
        const size_t count = std::min(items.size() - begin, static_cast<size_t>(microSamples));
        TXFM_CHECK(visit(assemble(std::span(items).subspan(begin, count), kValidationEpoch, meanLibrary)));
    }
    return {};
}

}  // namespace txfm::training
