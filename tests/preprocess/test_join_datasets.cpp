// SPDX-License-Identifier: GPL-3.0-or-later
// Joining files that call the same gene by different names.
#include <QtTest>

#include <set>

#include "core/preprocess/join_datasets.h"

using namespace txfm;

namespace {

/// One cell with one count of every gene named.
Dataset sample(const std::vector<std::string>& genes) {
    CsrMatrix m;
    m.rows = 1;
    m.cols = static_cast<int64_t>(genes.size());
    for (size_t g = 0; g < genes.size(); ++g) {
        m.indices.push_back(static_cast<int32_t>(g));
        m.values.push_back(static_cast<float>(g + 1));
    }
    m.indptr.push_back(m.cols);
    Dataset data;
    data.counts = std::make_shared<MemoryCounts>(std::move(m));
    data.obs.index = {"c"};
    data.var.index = genes;
    return data;
}

Dataset join(const std::vector<std::string>& first, const std::vector<std::string>& second) {
    std::vector<io::NamedDataset> parts{{"a", sample(first)}, {"b", sample(second)}};
    Progress silent;
    return *joinDatasets(std::move(parts), silent);
}

using Names = std::vector<std::string>;

}  // namespace

class TestJoinDatasets : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void unitesSymbolsAndEnsemblIds() {
        const Dataset all = join({"GAPDH", "CD3D"}, {"ENSG00000167286.9", "ENSG00000111640", "ENSG00000000001"});
        QVERIFY((all.var.index == Names{"GAPDH", "CD3D", "ENSG00000000001"}));
        QVERIFY((all.measured == std::vector<std::vector<uint8_t>>{{1, 1, 0}, {1, 1, 1}}));
        QCOMPARE(all.counts->readRows(1, 2)->values, (LargeVector<float>{2, 1, 3}));  // GAPDH stood second there
        QVERIFY(!all.provenance.notes.empty() && all.provenance.notes.front().find("2 genes") != std::string::npos);
    }

    void unitesOldAndNewSymbols() {
        QVERIFY((join({"SEPT2"}, {"SEPTIN2"}).var.index == Names{"SEPTIN2"}));
        QVERIFY((join({"SEPT2"}, {"SEPT2"}).var.index == Names{"SEPT2"}));  // the same everywhere: left alone
    }

    void tellsThatArraysStayBehind() {
        QVERIFY(join({"CD3D"}, {"CD3D"}).provenance.notes.back().find("antibody counts") == std::string::npos);
        std::vector<io::NamedDataset> parts{{"a", sample({"CD3D"})}, {"b", sample({"CD3D"})}};
        parts[1].dataset.obsm["X_antibody_capture"] = DenseMatrix(1, 3);
        Progress silent;
        const auto joined = joinDatasets(std::move(parts), silent);
        QVERIFY(joined.ok() && joined->obsm.empty());
        QVERIFY(joined->provenance.notes.back().find("antibody counts") != std::string::npos);
    }

    void keepsTwoColumnsOfOneFileApart() {
        QVERIFY((join({"SEPT2", "SEPTIN2"}, {"SEPTIN2"}).var.index == Names{"SEPT2", "SEPTIN2"}));
    }

    void leavesMouseNamesAlone() { QVERIFY((join({"Gapdh"}, {"GAPDH"}).var.index == Names{"Gapdh", "GAPDH"})); }

    void keepsTheIds() {
        std::vector<io::NamedDataset> parts{{"a", sample({"ENSG00000111640"})}, {"b", sample({"GAPDH"})}};
        QVERIFY(uniteGeneNames(parts).ok());
        QVERIFY((parts[0].dataset.var.index == Names{"GAPDH"}));
        QCOMPARE(parts[0].dataset.var.find("gene_ids")->text(0), std::string("ENSG00000111640"));
    }
};

QTEST_APPLESS_MAIN(TestJoinDatasets)
#include "test_join_datasets.moc"
