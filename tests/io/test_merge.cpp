// SPDX-License-Identifier: GPL-3.0-or-later
// Merging samples with different genes, and the mask of measured genes on its way through a file.
#include <QTemporaryDir>
#include <QtTest>

#include "core/io/h5ad_writer.h"
#include "core/io/merge.h"
#include "core/io/reader.h"
#include "core/preprocess/qc.h"

using namespace txfm;

namespace {

/// Two cells that express every gene named.
Dataset sample(const std::vector<std::string>& genes, float value) {
    CsrMatrix m;
    m.rows = 2;
    m.cols = static_cast<int64_t>(genes.size());
    for (int row = 0; row < 2; ++row) {
        for (size_t g = 0; g < genes.size(); ++g) {
            m.indices.push_back(static_cast<int32_t>(g));
            m.values.push_back(value + static_cast<float>(row));
        }
        m.indptr.push_back(static_cast<int64_t>(m.indices.size()));
    }
    Dataset data;
    data.counts = std::make_shared<MemoryCounts>(std::move(m));
    data.obs.index = {"c1", "c2"};
    data.var.index = genes;
    return data;
}

Dataset merge(std::vector<io::NamedDataset> parts) {
    Progress silent;
    return *io::mergeDatasets(std::move(parts), silent);
}

Dataset mergedTwo() {
    std::vector<io::NamedDataset> parts;
    parts.push_back({"s1", sample({"A", "B"}, 1)});
    parts.push_back({"s2", sample({"B", "C"}, 5)});
    return merge(std::move(parts));
}

using Mask = std::vector<std::vector<uint8_t>>;

}  // namespace

class TestMerge : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void unitesGenesAndCells() {
        const Dataset all = mergedTwo();
        QVERIFY((all.var.index == std::vector<std::string>{"A", "B", "C"}));
        QVERIFY((all.obs.index == std::vector<std::string>{"c1", "c2", "c1-1", "c2-1"}));
        QCOMPARE(all.obs.find("sample")->text(3), std::string("s2"));
        QVERIFY((all.measured == Mask{{1, 1, 0}, {0, 1, 1}}));
        QVERIFY((all.sourceOfCell == std::vector<int32_t>{0, 0, 1, 1}));
    }

    void sameGenesNeedNoMask() {
        std::vector<io::NamedDataset> parts;
        parts.push_back({"s1", sample({"A", "B"}, 1)});
        parts.push_back({"s2", sample({"B", "A"}, 5)});
        const Dataset all = merge(std::move(parts));
        QVERIFY(all.measured.empty() && all.sourceOfCell.empty());
    }

    void maskSurvivesTheFile() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("merged.h5ad").toStdString();
        const Dataset all = mergedTwo();
        Progress silent;
        QVERIFY(io::writeH5ad(path, all, {}, silent).ok());
        for (const bool keepInMemory : {true, false}) {
            io::ReadOptions options;
            options.keepInMemory = keepInMemory;
            const auto back = io::openDataset(path, options, silent);
            QVERIFY(back.ok());
            QVERIFY(back->measured == all.measured);
            QVERIFY(back->sourceOfCell == all.sourceOfCell);
            QVERIFY(!back->obs.find("txfm_measured_set") && back->varm.empty());
        }
    }

    void maskFollowsASelection() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("part.h5ad").toStdString();
        Progress silent;
        const auto part = subset(mergedTwo(), {1, 2}, {1, 2}, silent);
        QVERIFY(part.ok());
        QVERIFY(io::writeH5ad(path, *part, {}, silent).ok());
        const auto back = io::openDataset(path, {}, silent);
        QVERIFY(back.ok());
        QVERIFY((back->measured == Mask{{1, 0}, {1, 1}}));
        QVERIFY((back->sourceOfCell == std::vector<int32_t>{0, 1}));
    }

    void mergedSetsCanBeMergedAgain() {
        std::vector<io::NamedDataset> parts;
        parts.push_back({"old", mergedTwo()});
        parts.push_back({"new", sample({"C", "D"}, 9)});
        const Dataset all = merge(std::move(parts));
        QVERIFY((all.measured == Mask{{1, 1, 0, 0}, {0, 1, 1, 0}, {0, 0, 1, 1}}));
        QVERIFY((all.sourceOfCell == std::vector<int32_t>{0, 0, 1, 1, 2, 2}));
        QCOMPARE(all.obs.find("sample")->text(2), std::string("old_s2"));
    }

    void slotsThatDoNotFitAreLeft() {
        QTemporaryDir folder;
        const std::string path = folder.filePath("odd.h5ad").toStdString();
        Dataset data = sample({"A", "B"}, 1);
        data.varm["txfm_measured"] = DenseMatrix(2, 1);
        data.obs.set(Column{"txfm_measured_set", std::vector<int64_t>{0, 7}, {}});
        Progress silent;
        QVERIFY(io::writeH5ad(path, data, {}, silent).ok());
        const auto back = io::openDataset(path, {}, silent);
        QVERIFY(back.ok() && back->measured.empty());
        QVERIFY(back->varm.contains("txfm_measured") && !back->provenance.notes.empty());
    }
};

QTEST_GUILESS_MAIN(TestMerge)
#include "test_merge.moc"
