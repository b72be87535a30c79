// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest/QtTest>

#include <fstream>

#include <nlohmann/json.hpp>

#include "core/preprocess/gene_matching.h"
#include "core/preprocess/gene_names.h"
#include "core/preprocess/gene_symbols.h"

using namespace txfm;

namespace {

io::Vocabulary vocabulary() {
    return {{"TP53", "ACTB", "MARCHF1", "SEPTIN2", "DELEC1", "SELENOF", "HLA-A", "C1orf112", "RP11-34P13.7", "GAPDH", "FIRRM2"},
            {"ENSG00000141510", "ENSG00000075624", "ENSG00000145416", "ENSG00000168385", "ENSG00000173077", "ENSG00000183291",
             "ENSG00000206503", "", "", "ENSG00000111640", ""}};
}

Table table(std::vector<std::string> index, std::vector<std::pair<std::string, std::vector<std::string>>> columns = {}) {
    Table var;
    var.index = std::move(index);
    for (auto& [name, values] : columns) var.columns.push_back({name, std::move(values), {}});
    return var;
}

bool anyContains(const std::vector<std::string>& notes, const std::string& part) {
    return std::ranges::any_of(notes, [&](const std::string& n) { return n.find(part) != std::string::npos; });
}

CsrMatrix smallCounts() {
    // Two cells x five genes.
    CsrMatrix m;
    m.rows = 2;
    m.cols = 5;
    m.indptr = {0, 3, 5};
    m.indices = {0, 2, 4, 1, 3};
    m.values = {1, 2, 4, 8, 16};
    return m;
}

}  // namespace

class TestGeneMatching : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void resolvesNames_data();
    void resolvesNames();
    void columnsAreSearchedGeneByGene();
    void versionsAreStrippedFromEnsemblIdsOnly();
    void duplicatesAreSummed();
    void ambiguousAliasesStealNothing();
    void approvedSymbolBeatsAnAlias();
    void spreadsheetDatesAreReported();
    void tellsGenesFromSamples();
    void mouseSymbolsAreRecognised();
    void transcriptsNeedAMapping();
    void rowNumbersAreNoEntrezIds();
    void madeUniqueNamesReachTheirGene();
    void nothingInCommonIsOneSentence();
    void projectionSumsAndSorts();
    void reportAsJsonAndCsv();
    void missingGenesAreExplained();
};

void TestGeneMatching::resolvesNames_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("target");
    QTest::addColumn<int>("kind");
    const int matched = static_cast<int>(GeneMatchKind::Matched), renamed = static_cast<int>(GeneMatchKind::Renamed);
    const int dropped = static_cast<int>(GeneMatchKind::Dropped);
    QTest::newRow("symbol") << "TP53" << 0 << matched;
    QTest::newRow("case") << "tp53" << 0 << matched;
    QTest::newRow("ensembl") << "ENSG00000141510" << 0 << matched;
    QTest::newRow("ensembl version, lower case") << "ensg00000141510.16" << 0 << matched;
    QTest::newRow("ensembl and symbol in one") << "ENSG00000075624|ACTB" << 1 << matched;
    QTest::newRow("previous symbol") << "MARCH1" << 2 << renamed;
    QTest::newRow("alias") << "p53" << 0 << renamed;
    QTest::newRow("date of MARCH1") << "1-Mar" << 2 << renamed;
    QTest::newRow("date of SEPT2") << "2-Sep" << 3 << renamed;
    QTest::newRow("date of DEC1") << "1-Dec" << 4 << renamed;
    QTest::newRow("date of SEP15") << "15-Sep" << 5 << renamed;
    QTest::newRow("date, month first") << "Mar-01" << 2 << renamed;
    QTest::newRow("date, ISO") << "2021-09-02 00:00:00" << 3 << renamed;
    QTest::newRow("date, through R") << "X1.Dec" << 4 << renamed;
    QTest::newRow("genome prefix") << "GRCh38_GAPDH" << 9 << renamed;
    QTest::newRow("dots for dashes") << "HLA.A" << 6 << renamed;
    QTest::newRow("symbol and Entrez id") << "TP53|7157" << 0 << renamed;
    QTest::newRow("Entrez id without a symbol") << "?|60" << 1 << renamed;
    QTest::newRow("another gene and its Entrez id") << "CD3E|916" << -1 << dropped;
    QTest::newRow("another gene") << "CD3E" << -1 << dropped;
    QTest::newRow("nonsense") << "not a gene" << -1 << dropped;
    QTest::newRow("mouse id") << "ENSMUSG00000059552" << -1 << dropped;
}

void TestGeneMatching::resolvesNames() {
    QFETCH(QString, name);
    QFETCH(int, target);
    QFETCH(int, kind);
    // ACTB's neighbour keeps the match from failing as a whole.
    const auto match = matchGenes(table({"C1ORF112", name.toStdString()}), vocabulary(), "t.h5ad");
    QVERIFY2(match.ok(), match.ok() ? "" : match.error().message.c_str());
    QCOMPARE(match->target[1], target);
    QCOMPARE(static_cast<int>(match->kind[1]), kind);
    QCOMPARE(match->target[0], 7);
}

void TestGeneMatching::columnsAreSearchedGeneByGene() {
    const Table var = table({"a", "b", "ACTB", "d"}, {{"gene_ids", {"ENSG00000141510.2", "", "x", ""}},
                                                      {"Gene_Symbol", {"wrong", "GAPDH", "y", ""}}});
    const auto match = matchGenes(var, vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    QCOMPARE(match->target, (std::vector<int32_t>{0, 9, 1, -1}));
    QCOMPARE(match->matched, 3);
    QCOMPARE(match->dropped, 1);
    QCOMPARE(match->vocabularyCovered, 3);
    const auto two = matchGenes(table({"1", "2"}, {{"feature_name", {"TP53", "ACTB"}}}), vocabulary(), "t.h5ad");
    QVERIFY(two.ok());
    QCOMPARE(two->matchedBy, std::string("var['feature_name']"));
}

void TestGeneMatching::versionsAreStrippedFromEnsemblIdsOnly() {
    const auto match = matchGenes(table({"RP11-34P13.7", "RP11-34P13", "TP53.2"}), vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    QCOMPARE(match->target, (std::vector<int32_t>{8, -1, -1}));
}

void TestGeneMatching::duplicatesAreSummed() {
    const auto match = matchGenes(table({"MARCH1", "MARCHF1", "ENSG00000145416", "TP53"}), vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    QCOMPARE(match->target, (std::vector<int32_t>{2, 2, 2, 0}));
    QCOMPARE(match->renamed, 1);
    QCOMPARE(match->duplicated, 2);
    QCOMPARE(match->matched, 1);
    QVERIFY(anyContains(match->notes, "summed"));
}

void TestGeneMatching::ambiguousAliasesStealNothing() {
    const auto genes = GeneTable::shared();
    QVERIFY(genes.ok());
    // OCT1 is an alias of POU2F1 and of SLC22A1.
    QVERIFY((*genes)->isAmbiguous("OCT1"));
    QCOMPARE((*genes)->approvedSymbol("OCT1"), std::string());
    const io::Vocabulary both{{"POU2F1", "SLC22A1", "TP53"}, {"", "", ""}};
    const auto match = matchGenes(table({"OCT1", "TP53"}), both, "t.h5ad");
    QVERIFY(match.ok());
    QCOMPARE(match->target, (std::vector<int32_t>{-1, 2}));
    QVERIFY(anyContains(match->notes, "several genes share"));
}

void TestGeneMatching::approvedSymbolBeatsAnAlias() {
    // CAP1 is an approved symbol and also an alias of other genes; it must never lead to those.
    const auto genes = GeneTable::shared();
    QVERIFY(genes.ok());
    QCOMPARE((*genes)->approvedSymbol("cap1"), std::string("CAP1"));
    const io::Vocabulary withoutIt{{"PRSS8", "BRD4", "TP53"}, {"", "", ""}};
    const auto match = matchGenes(table({"CAP1", "TP53"}), withoutIt, "t.h5ad");
    QVERIFY(match.ok());
    QCOMPARE(match->target[0], -1);
    // A known Ensembl id decides which gene a column is, whatever alias stands beside it.
    const auto byId = matchGenes(table({"p53", "ACTB"}, {{"gene_id", {"ENSG00000139618", ""}}}), vocabulary(), "t.h5ad");
    QVERIFY(byId.ok());
    QCOMPARE(byId->target, (std::vector<int32_t>{-1, 1}));
}

void TestGeneMatching::spreadsheetDatesAreReported() {
    const auto match = matchGenes(table({"1-Mar", "2-Sep", "1-Mar", "TP53"}), vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    // The second 1-Mar may be MARC1: it is not added to MARCHF1.
    QCOMPARE(match->target, (std::vector<int32_t>{2, 3, -1, 0}));
    QVERIFY(anyContains(match->notes, "1-Mar -> MARCHF1"));
    QVERIFY(anyContains(match->notes, "occurs twice"));
    QVERIFY(symbolsBehindDate("01. Mrz") == symbolsBehindDate("1-Mar") && symbolsBehindDate("2.Okt") == symbolsBehindDate("2-Oct"));
    QVERIFY(symbolsBehindDate("1. Dez") == symbolsBehindDate("1-Dec") && !symbolsBehindDate("1. Dez").empty());
    QVERIFY(symbolsBehindDate("13-14").empty());
    QVERIFY(symbolsBehindDate("HLA-A").empty());
}

void TestGeneMatching::tellsGenesFromSamples() {
    const auto genes = GeneTable::shared();
    QVERIFY(genes.ok());
    for (const char* name : {"TP53", "tp53", "C3", "p53 ", "ENSMUSG00000059552", "ENST00000269305.9", "NM_000546", "1-Mar", "MARCH1"})
        QVERIFY2(looksLikeGene(name, genes->get()) == (std::string(name) != "p53 "), name);  // three characters, and an alias
    for (const char* name : {"S1", "s2", "sample_1", "7157", "", "AAACCTGAGAAACCAT-1"}) QVERIFY2(!looksLikeGene(name, genes->get()), name);
}

void TestGeneMatching::mouseSymbolsAreRecognised() {
    const auto match = matchGenes(table({"Actb", "Gapdh", "Trp53", "Gm1992", "mt-Nd1", "Xkr4"}), vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    QCOMPARE(match->vocabularyCovered, 2);
    QVERIFY(anyContains(match->notes, "mouse"));
    const auto human = matchGenes(table({"ACTB", "GAPDH", "C1orf112", "TP53"}), vocabulary(), "t.h5ad");
    QVERIFY(human.ok());
    QVERIFY(!anyContains(human->notes, "mouse"));
}

void TestGeneMatching::transcriptsNeedAMapping() {
    const Table var = table({"ENST00000269305.9", "ENST00000331789", "NM_000546.6", "GAPDH"});
    const auto without = matchGenes(var, vocabulary(), "t.h5ad");
    QVERIFY(without.ok());
    QCOMPARE(without->dropped, 3);
    QVERIFY(anyContains(without->notes, "transcript table"));
    QVERIFY(anyContains(without->notes, "RefSeq"));

    QTemporaryDir folder;
    const std::filesystem::path file = folder.filePath("map.tsv").toStdString();
    std::ofstream(file) << "transcript\tgene\nENST00000269305\tTP53\nENST00000331789\tENSG00000075624\r\nNM_000546.6\tTP53\n";
    const auto with = matchGenes(var, vocabulary(), "t.h5ad", file);
    QVERIFY(with.ok());
    QCOMPARE(with->target, (std::vector<int32_t>{0, 1, 0, 9}));
    QCOMPARE(with->duplicated, 1);

    const auto missing = matchGenes(var, vocabulary(), "t.h5ad", folder.filePath("none.tsv").toStdString());
    QVERIFY(!missing.ok());
    QCOMPARE(missing.error().code, ErrorCode::BadInput);
}

void TestGeneMatching::rowNumbersAreNoEntrezIds() {
    const auto entrez = matchGenes(table({"7157", "60", "2597"}), vocabulary(), "t.h5ad");
    QVERIFY(entrez.ok());
    QCOMPARE(entrez->target, (std::vector<int32_t>{0, 1, 9}));
    // 0, 1, 2 … are row numbers, although 1 and 2 are Entrez ids of A1BG and A2M.
    const io::Vocabulary a{{"A1BG", "A2M", "TP53"}, {"", "", ""}};
    const auto rows = matchGenes(table({"0", "1", "2"}, {{"symbol", {"TP53", "x", "y"}}}), a, "t.h5ad");
    QVERIFY(rows.ok());
    QCOMPARE(rows->target, (std::vector<int32_t>{2, -1, -1}));
}

void TestGeneMatching::madeUniqueNamesReachTheirGene() {
    const auto match = matchGenes(table({"TP53", "TP53-1", "ACTB-1"}), vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    QCOMPARE(match->target, (std::vector<int32_t>{0, 0, -1}));
    QCOMPARE(match->duplicated, 1);
}

void TestGeneMatching::nothingInCommonIsOneSentence() {
    const auto match = matchGenes(table({"ENSMUSG00000059552", "ENSMUSG00000029580"}), vocabulary(), "mouse.h5ad");
    QVERIFY(!match.ok());
    QCOMPARE(match.error().code, ErrorCode::BadInput);
    const QString message = QString::fromStdString(match.error().message);
    QVERIFY2(message.contains("mouse.h5ad") && message.contains("ENSMUSG00000059552") && message.contains("TP53"), qPrintable(message));
    QCOMPARE(message.count('\n'), 0);
    QVERIFY(message.size() < 500);
    QVERIFY(!matchGenes(table({}), vocabulary(), "empty.h5ad").ok());
}

void TestGeneMatching::projectionSumsAndSorts() {
    const auto match = matchGenes(table({"GAPDH", "TP53", "MARCH1", "unknown", "MARCHF1"}), vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    const auto counts = std::make_shared<MemoryCounts>(smallCounts());
    GeneMatch withShares = *match;
    Progress silent;
    QVERIFY(addCountShares(withShares, *counts, silent).ok());
    QCOMPARE(withShares.droppedShare, 16.0 / 31.0);
    QCOMPARE(withShares.renamedShare, 2.0 / 31.0);
    QCOMPARE(withShares.duplicatedShare, 4.0 / 31.0);
    QCOMPARE(withShares.matchedShare, 9.0 / 31.0);

    const auto seen = projectToVocabulary(counts, *match, vocabulary().size());
    QCOMPARE(seen->genes(), vocabulary().size());
    const auto rows = seen->readRows(0, 2);
    QVERIFY(rows.ok());
    QCOMPARE(rows->indptr, (std::vector<int64_t>{0, 2, 3}));
    QCOMPARE(rows->indices, (LargeVector<int32_t>{2, 9, 0}));
    QCOMPARE(rows->values, (LargeVector<float>{6, 1, 8}));
    const auto picked = seen->readRowsAt({1, 0, 1});
    QVERIFY(picked.ok());
    QCOMPARE(picked->indptr, (std::vector<int64_t>{0, 1, 3, 4}));
}

void TestGeneMatching::reportAsJsonAndCsv() {
    const auto match = matchGenes(table({"p53", "a,b", "ACTB"}), vocabulary(), "t.h5ad");
    QVERIFY(match.ok());
    const auto json = match->toJson();
    QCOMPARE(json.at("matched").get<int>(), 1);
    QCOMPARE(json.at("renamed").get<int>(), 1);
    QCOMPARE(json.at("dropped").get<int>(), 1);
    QVERIFY(json.at("dropped_share").is_null());
    QCOMPARE(match->toCsv(vocabulary()), std::string("gene,match,symbol,ensembl_id\n"
                                                     "p53,renamed,TP53,ENSG00000141510\n"
                                                     "\"a,b\",dropped,,\n"
                                                     "ACTB,matched,ACTB,ENSG00000075624\n"));
}

void TestGeneMatching::missingGenesAreExplained() {
    const auto genes = GeneTable::shared();
    const auto match = matchGenes(table({"p53", "CD3E"}), vocabulary(), "t.h5ad");
    QVERIFY(genes.ok() && match.ok());
    const auto explain = [&](const char* name) { return QString::fromStdString(explainGene(name, *match, vocabulary(), **genes)); };
    QVERIFY(explain("TP53").contains("as 'p53'"));
    QVERIFY(explain("GAPDH").contains("no column of the file"));
    QVERIFY(explain("CD3E").contains("not among the genes of the model"));
    QVERIFY(explain("OCT1").contains("several genes"));
    QVERIFY(explain("qwerty").contains("not known"));
    QVERIFY(explain("CD3D").contains("neither"));
}

QTEST_GUILESS_MAIN(TestGeneMatching)
#include "test_gene_matching.moc"
