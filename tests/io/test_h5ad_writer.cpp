// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <functional>

#include "core/base/random.h"
#include "core/io/anndata_elements.h"
#include "core/io/h5ad_writer.h"
#include "core/io/hdf5_node.h"
#include "core/io/reader.h"
#include "core/preprocess/qc.h"
#include "tests/support/test_support.h"

using namespace txfm;
using io::hdf5::Node;

namespace {

std::filesystem::path file(const std::string& name) { return test::dataFile("h5ad/" + name + ".h5ad"); }

Dataset makeDataset(int64_t cells, int64_t genes, uint64_t seed = 1) {
    Dataset dataset;
    CsrMatrix matrix;
    matrix.rows = cells;
    matrix.cols = genes;
    RandomStream random(seed);
    for (int64_t row = 0; row < cells; ++row) {
        dataset.obs.index.push_back("cell " + std::to_string(row));
        for (int64_t col = 0; col < genes; ++col)
            if (random.below(3) == 0) {
                matrix.indices.push_back(static_cast<int32_t>(col));
                matrix.values.push_back(static_cast<float>(1 + random.below(random.below(50) == 0 ? 100000 : 5)));
            }
        matrix.indptr.push_back(static_cast<int64_t>(matrix.indices.size()));
    }
    for (int64_t col = 0; col < genes; ++col) dataset.var.index.push_back("gene" + std::to_string(col));
    dataset.counts = std::make_shared<MemoryCounts>(std::move(matrix));
    return dataset;
}

QByteArray messageOf(const Result<void>& result) { return result.ok() ? QByteArray() : QByteArray::fromStdString(result.error().message); }

/// Everything below a node as comparable text: kinds, shapes, encodings and values.
void describe(const Node& node, const std::function<bool(const std::string&)>& skip, std::map<std::string, std::string>& out, int depth = 0) {
    if (skip(node.path()) || depth > 8) return;
    std::string text = node.attributeText("encoding-type") + "/" + node.attributeText("encoding-version");
    for (const int64_t extent : node.shape()) text += " " + std::to_string(extent);
    if (node.isDataset() && node.type().isNumeric()) {
        const auto values = node.readAll<double>();
        text += " " + nlohmann::json(*values).dump();
    } else if (node.isDataset() && node.type().kind == io::hdf5::ElementKind::String) {
        text += " " + nlohmann::json(*node.readTexts()).dump();
    }
    out[node.path()] = text;
    for (const std::string& name : node.children()) describe(*node.child(name), skip, out, depth + 1);
}

std::map<std::string, std::string> describe(const std::filesystem::path& path, const std::function<bool(const std::string&)>& skip) {
    std::map<std::string, std::string> out;
    describe(*Node::open(path), skip, out);
    return out;
}

std::string bytesOf(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

class TestH5adWriter : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::filesystem::path out(const char* name = "out.h5ad") const { return m_folder.filePath(name).toStdString(); }

private Q_SLOTS:
    void roundTripsCounts() {
        // Over 2^18 values, so that several chunks are written.
        const Dataset dataset = makeDataset(1200, 900);
        Progress progress;
        QVERIFY(io::writeH5ad(out(), dataset, {}, progress).ok());
        const auto back = io::openDataset(out(), {}, progress);
        QVERIFY(back.ok());
        QVERIFY(*back->counts->inMemory() == *dataset.counts->inMemory());
        QVERIFY(back->obs.index == dataset.obs.index);
        QVERIFY(back->var.index == dataset.var.index);
    }

    void roundTripsEveryColumnKind() {
        Dataset dataset = makeDataset(4, 3);
        dataset.obs.columns = {{"real", std::vector<double>{1.5, NAN, -2, 1e300}, {}},
                               {"whole", std::vector<int64_t>{1, -5, int64_t{1} << 60, 0}, {}},
                               {"flag", std::vector<uint8_t>{1, 0, 0, 1}, {}},
                               {"text", std::vector<std::string>{"a", "", "Größe", "d e"}, {}},
                               {"kind", Categorical{{"x", "y", "z"}, {2, -1, 0, 2}, true}, {}},
                               {"with/slash", std::vector<int64_t>{1, 2, 3, 4}, {}},
                               {"nullable", std::vector<int64_t>{7, 8, 9, 10}, {0, 1, 0, 0}}};
        Progress progress;
        QVERIFY(io::writeH5ad(out(), dataset, {}, progress).ok());
        const auto back = io::openDataset(out(), {}, progress);
        QVERIFY(back.ok());
        for (const Column& column : dataset.obs.columns) {
            const Column* read = back->obs.find(column.name);
            QVERIFY2(read, column.name.c_str());
            if (column.name == "real")
                for (size_t row = 0; row < 4; ++row) QCOMPARE(read->text(row), column.text(row));
            else
                QVERIFY2(*read == column, column.name.c_str());
        }
    }

    void addsAndKeepsTheRest_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"all_elements", "csc", "layer_counts", "raw_counts", "legacy07", "legacy06"}) QTest::newRow(name) << name;
    }
    void addsAndKeepsTheRest() {
        QFETCH(QString, name);
        const auto in = file(name.toStdString());
        const std::string before = bytesOf(in);
        io::H5adAdditions additions;
        additions.obs.push_back({"txfm_leiden", Categorical{{"0", "1"}, std::vector<int32_t>(14, 1), false}, {}});
        additions.obs.push_back({"n", std::vector<int64_t>(14, 42), {}});
        additions.obsm["X_txfm"] = DenseMatrix(14, 5);
        additions.obsm["X_txfm"](13, 4) = 0.25f;
        CsrMatrix graph;
        graph.rows = graph.cols = 14;
        graph.indptr.assign(15, 2);
        graph.indptr[0] = 0;
        graph.indices = {1, 2};
        graph.values = {0.0f, 0.5f};
        additions.obsp["txfm_distances"] = std::make_shared<const CsrMatrix>(graph);
        additions.uns["txfm"] = {{"model_name", "m"}, {"seed", 3}, {"nested", {{"list", {1, 2}}, {"real", 0.5}, {"flag", true}}}};
        Progress progress;
        const auto saved = io::addToH5ad(in, out(), additions, progress);
        QVERIFY2(saved.ok(), messageOf(saved));
        QCOMPARE(bytesOf(in), before);

        const auto back = io::openDataset(out(), {}, progress);
        QVERIFY(back.ok());
        QCOMPARE(back->obs.find("txfm_leiden")->text(9), std::string("1"));
        QCOMPARE(back->obs.find("n")->number(9), 42.0);
        QCOMPARE(back->obs.find("batch")->text(0), std::string("b8"));
        QCOMPARE((*io::readObsm(out(), "X_txfm"))(13, 4), 0.25f);
        if (name == "all_elements" || name.startsWith("legacy")) QCOMPARE((*io::readObsm(out(), "X_pca"))(13, 2), 41.0f);
        const auto stored = io::readObsp(out(), "txfm_distances");
        QVERIFY(stored.ok() && **stored == graph);  // the zero distance too
        QVERIFY((*io::readUns(out(), "txfm"))["nested"]["real"] == 0.5);
        QVERIFY((*io::readUns(out(), "txfm"))["nested"]["list"] == nlohmann::json({1, 2}));

        const bool compound = name == "legacy06";  // obs and obsm are rewritten in the current encoding there, labels from uns included
        QVERIFY(!compound || !Node::open(out())->child("uns")->has("batch_categories"));
        const auto untouched = [&](const std::string& path) {
            return path.starts_with("/obsm/X_txfm") || path.starts_with("/obsp") || path.starts_with("/uns/txfm") || path == "/uns" ||
                   path == "/obsm" || path.starts_with("/obs/n") || path.starts_with("/obs/txfm_leiden") ||
                   path.starts_with("/obs/__categories/txfm") || (compound && (path.starts_with("/obs") || path == "/uns/batch_categories"));
        };
        QVERIFY(describe(out(), untouched) == describe(in, untouched));
    }

    void rewritesWithEverySlot_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"every_slot", "all_elements", "layer_counts", "csr_gzip"}) QTest::newRow(name) << name;
    }
    void rewritesWithEverySlot() {
        QFETCH(QString, name);
        const auto in = file(name.toStdString());
        Progress progress;
        const auto dataset = io::openDataset(in, {}, progress);
        QVERIFY(dataset.ok());
        const auto notes = io::rewriteH5ad(out(), *dataset, {}, {}, progress);
        QVERIFY2(notes.ok(), notes.ok() ? "" : notes.error().message.c_str());
        const bool fromLayer = name == "layer_counts";
        QCOMPARE(notes->size(), size_t{fromLayer});
        const auto apart = [&](const std::string& path) { return path.starts_with("/X") || path.starts_with("/layers/original_X"); };
        QVERIFY(describe(out(), apart) == describe(in, apart));
        if (fromLayer) QVERIFY(*Node::open(out())->child("layers/original_X")->readAll<double>() == *Node::open(in)->child("X")->readAll<double>());
    }

    /// The reference is the same part, taken and written by anndata.
    void rewritesAPartAsAnndataDoes() {
        Progress progress;
        const auto whole = io::openDataset(file("every_slot"), {}, progress);
        QVERIFY(whole.ok());
        const io::anndata::KeptPart part{std::vector<int64_t>{0, 2, 3, 7, 8, 13}, std::vector<int64_t>{0, 1, 5, 8}};
        const auto cut = subset(*whole, *part.cells, *part.genes, progress);
        QVERIFY(cut.ok());
        const auto notes = io::rewriteH5ad(out(), *cut, part, {}, progress);
        QVERIFY2(notes.ok(), notes.ok() ? "" : notes.error().message.c_str());
        QVERIFY(notes->empty());
        // anndata drops the categories that the part no longer has; cutting keeps them, as the colours in uns count them.
        const auto categories = [](const std::string& path) { return path == "/X" || path.ends_with("/batch") || path.find("/batch/") != std::string::npos; };
        const auto ours = describe(out(), categories), theirs = describe(file("every_slot_cut"), categories);
        for (const auto& [where, text] : theirs) {
            const auto found = ours.find(where);
            QVERIFY2(found != ours.end(), where.c_str());
            QCOMPARE(found->second, text);
        }
        QCOMPARE(ours.size(), theirs.size());
        QVERIFY(*io::openDataset(out(), {}, progress)->counts->readRows(0, 6) == *cut->counts->readRows(0, 6));
    }

    void saysWhatCannotBeKept() {
        Progress progress;
        const auto dataset = io::openDataset(file("raw_counts"), {}, progress);
        QVERIFY(dataset.ok());
        QCOMPARE(dataset->provenance.countsIn, std::string("raw.X"));
        const auto notes = io::rewriteH5ad(out(), *dataset, {}, {}, progress);
        QVERIFY(notes.ok());
        QCOMPARE(notes->size(), size_t{2});
        QVERIFY(notes->front().find("raw.X") != std::string::npos);
        QCOMPARE(notes->back(), std::string("raw was left out: X holds its counts now."));
        QCOMPARE(io::openDataset(out(), {}, progress)->genes(), int64_t{9});
    }

    /// Counts in a raw with the genes of the file: what belongs to its genes stays, and var has all that it and raw.var tell.
    void keepsWhatBelongsToTheGenesOfRaw_data() {
        QTest::addColumn<bool>("cut");
        QTest::newRow("whole") << false;
        QTest::newRow("a part") << true;
    }
    void keepsWhatBelongsToTheGenesOfRaw() {
        QFETCH(bool, cut);
        const auto in = file("raw_same_genes");
        Progress progress;
        auto dataset = io::openDataset(in, {}, progress);
        QVERIFY(dataset.ok());
        QCOMPARE(dataset->provenance.countsIn, std::string("raw.X"));
        QVERIFY(dataset->var.find("highly_variable") && dataset->var.find("gene_ids") && dataset->var.find("feature_type"));
        QCOMPARE(dataset->varm.size(), size_t{1});
        QCOMPARE(io::inspect(in)->varColumns, (std::vector<std::string>{"gene_ids", "highly_variable", "feature_type"}));
        io::anndata::KeptPart part;
        std::vector<int64_t> genes{0, 1, 2, 3, 4, 5, 6, 7, 8};
        if (cut) {
            part = {std::vector<int64_t>{0, 2, 3}, genes = {0, 1, 5, 8}};
            auto subsetted = subset(*dataset, *part.cells, *part.genes, progress);
            QVERIFY(subsetted.ok());
            dataset = std::move(*subsetted);
        }
        const auto notes = io::rewriteH5ad(out(), *dataset, part, {}, progress);
        QVERIFY2(notes.ok(), notes.ok() ? "" : notes.error().message.c_str());
        QCOMPARE(notes->size(), size_t{2});  // X is original_X now, raw is X now
        const auto root = *Node::open(out());
        QCOMPARE(root.child("var")->attributeTexts("column-order"), (std::vector<std::string>{"gene_ids", "highly_variable", "feature_type"}));
        QVERIFY(root.child("layers")->has("spliced") && root.child("layers")->has("original_X") && root.child("varm")->has("PCs"));
        const auto back = io::openDataset(out(), {}, progress);
        QVERIFY2(back.ok(), back.ok() ? "" : back.error().message.c_str());
        QVERIFY(*back->counts->readRows(0, back->cells()) == *dataset->counts->readRows(0, dataset->cells()));
        for (size_t gene = 0; gene < genes.size(); ++gene) {
            QCOMPARE(back->var.find("highly_variable")->number(gene), static_cast<double>(genes[gene] % 2 == 0));
            QCOMPARE(back->var.find("feature_type")->text(gene), std::string("Gene Expression"));
        }
    }

    /// The oldest files keep labels of categories in uns, where AnnData 0.8 must not find them beside the table of today.
    void rewritesTheOldestFiles() {
        Progress progress;
        const auto dataset = io::openDataset(file("legacy06"), {}, progress);
        QVERIFY(dataset.ok());
        const auto notes = io::rewriteH5ad(out(), *dataset, {}, {}, progress);
        QVERIFY2(notes.ok(), notes.ok() ? "" : notes.error().message.c_str());
        const auto before = *Node::open(file("legacy06")), root = *Node::open(out());
        QVERIFY(before.child("uns")->has("batch_categories") && !root.child("uns")->has("batch_categories"));
        QVERIFY(root.child("uns")->has("note"));
        QCOMPARE(io::openDataset(out(), {}, progress)->obs.find("batch")->text(0), std::string("b8"));
        QVERIFY(root.child("layers")->has("original_X"));  // raw has the genes of the file there
        QVERIFY(std::ranges::none_of(*notes, [](const std::string& note) { return note.find("other genes") != std::string::npos; }));
    }

    void replacesAnEarlierResult() {
        Progress progress;
        io::H5adAdditions first, second;
        first.obsm["X_txfm"] = DenseMatrix(14, 5);
        first.obs.push_back({"k", Categorical{{"a"}, std::vector<int32_t>(14, 0), false}, {}});
        second.obsm["X_txfm"] = DenseMatrix(14, 2);
        second.obs.push_back({"k", std::vector<double>(14, 0.5), {}});
        QVERIFY(io::addToH5ad(file("csr_gzip"), out("a.h5ad"), first, progress).ok());
        QVERIFY(io::addToH5ad(out("a.h5ad"), out("a.h5ad"), second, progress).ok());
        QCOMPARE(io::readObsm(out("a.h5ad"), "X_txfm")->cols, int64_t{2});
        QCOMPARE(io::openDataset(out("a.h5ad"), {}, progress)->obs.find("k")->number(3), 0.5);
    }

    void savesSubsetsOnTheirOwn() {
        Progress progress;
        auto dataset = io::openDataset(file("csr_gzip"), {}, progress);
        QVERIFY(dataset.ok());
        dataset->counts = std::make_shared<MemoryCounts>(*dataset->counts->readRows(2, 6));
        dataset->obs = dataset->obs.select({2, 3, 4, 5});
        io::H5adAdditions additions;
        additions.obsm["X_txfm"] = DenseMatrix(4, 2);
        QVERIFY(io::saveResults(out(), *dataset, additions, progress).ok());
        const auto back = io::openDataset(out(), {}, progress);
        QCOMPARE(back->cells(), int64_t{4});
        QCOMPARE(back->obs.index[0], std::string("cell02"));
    }

    void refusesWrongSizes() {
        Progress progress;
        io::H5adAdditions additions;
        additions.obsm["X_txfm"] = DenseMatrix(13, 2);
        const auto saved = io::addToH5ad(file("csr_gzip"), out("none.h5ad"), additions, progress);
        QVERIFY(!saved.ok());
        QVERIFY(saved.error().message.find("X_txfm") != std::string::npos);
        QVERIFY(!std::filesystem::exists(out("none.h5ad")));
    }

    void leavesNothingOnAFullDisk() {
        // A limit on the size of files fails as a full disk does: write() returns an error.
        std::signal(SIGXFSZ, SIG_IGN);
        const Dataset dataset = makeDataset(1500, 900);
        Progress progress;
        rlimit old{};
        getrlimit(RLIMIT_FSIZE, &old);
        for (const rlim_t bytes : {0, 1000, 60'000, 300'000}) {
            const rlimit small{bytes, old.rlim_max};
            setrlimit(RLIMIT_FSIZE, &small);
            const auto saved = io::writeH5ad(out("full.h5ad"), dataset, {}, progress);
            const auto added = io::addToH5ad(file("csr_gzip"), out("full.h5ad"), {}, progress);
            setrlimit(RLIMIT_FSIZE, &old);
            QVERIFY(!saved.ok());
            QVERIFY(saved.error().code == ErrorCode::Failed);
            QVERIFY(saved.error().message.find("full.h5ad") != std::string::npos);
            if (bytes < 50'000) QVERIFY(!added.ok());
            std::filesystem::remove(out("full.h5ad"));
            for (const auto& entry : std::filesystem::directory_iterator(m_folder.path().toStdString()))
                QVERIFY2(entry.path().filename().string().find("full") == std::string::npos, entry.path().c_str());
        }
        const auto saved = io::writeH5ad(out("full.h5ad"), dataset, {}, progress);
        QVERIFY2(saved.ok(), messageOf(saved));
        QVERIFY(*io::openDataset(out("full.h5ad"), {}, progress)->counts->inMemory() == *dataset.counts->inMemory());
    }

    void saysWhereItCannotWrite() {
        Progress progress;
        const auto saved = io::writeH5ad("/nowhere/at/all.h5ad", makeDataset(2, 2), {}, progress);
        QVERIFY(!saved.ok());
        QVERIFY(saved.error().code == ErrorCode::Failed);
        QVERIFY(saved.error().message.find("/nowhere/at/all.h5ad") != std::string::npos);
    }

    void stopsWhenCancelled() {
        Progress progress;
        CancelToken token = progress.token();
        token.cancel();
        const auto saved = io::writeH5ad(out("cancelled.h5ad"), makeDataset(5, 5), {}, progress);
        QVERIFY(!saved.ok());
        QVERIFY(saved.error().code == ErrorCode::Cancelled);
        QVERIFY(!std::filesystem::exists(out("cancelled.h5ad")));
    }

    void namesTheKeysThatAreThere() {
        const auto missing = io::readObsm(file("all_elements"), "X_txfm");
        QVERIFY(!missing.ok());
        QVERIFY(missing.error().message.find("X_pca") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestH5adWriter)
#include "test_h5ad_writer.moc"
