// SPDX-License-Identifier: GPL-3.0-or-later
// docs/input-files.md, "What happens with files that are not right": a row there is a row here (the ones on .h5ad files are
// in readers/h5ad/test_h5ad_reader.cpp). Every file is opened in memory and streamed.
#include <QTemporaryDir>
#include <QtTest>

#include <unistd.h>
#include <zlib.h>

#include <csignal>
#include <fstream>

#include "core/io/reader.h"
#include "core/preprocess/gene_matching.h"
#include "tests/support/test_support.h"

using namespace txfm;
namespace fs = std::filesystem;

namespace {

const std::string kTable = "gene,a,b\nCD3D,1,2\nCD4,3,4\nMS4A1,0,1\n";

std::string bytesOf(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::string packed(const std::string& text) {
    QTemporaryDir folder;
    const std::string path = folder.filePath("text.gz").toStdString();
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
    return bytesOf(path);
}

std::string half(const char* file) {
    const std::string bytes = bytesOf(test::dataFile(file));
    return bytes.substr(0, bytes.size() / 2);
}

/// Opens in memory and streamed; both must come to the same end.
Result<Dataset> openBoth(const fs::path& path) {
    Progress silent;
    io::ReadOptions onDisk;
    onDisk.keepInMemory = false;
    const auto streamed = io::openDataset(path, onDisk, silent);
    auto loaded = io::openDataset(path, {}, silent);
    if (loaded && (!streamed || !streamed->counts->readRows(0, streamed->cells()).ok())) return failed("Streaming fails where loading does not.");
    return loaded;
}

void writeBytes(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

QByteArray textOf(const Result<Dataset>& result) {
    return result ? QByteArray("it opened") : QByteArray::fromStdString(result.error().message + " | " + result.error().hint);
}

}  // namespace

class TestHostileFiles : public QObject {
    Q_OBJECT
    QTemporaryDir m_cache;

private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CACHE_HOME", m_cache.path().toUtf8()); }

    void refused_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QByteArray>("says");
        const auto row = [](const char* what, const char* name, const std::string& content, const char* says) {
            QTest::newRow(what) << QString(name) << QByteArray::fromStdString(content) << QByteArray(says);
        };
        const std::string page = "<!DOCTYPE html>\n<html><body>404 Not Found, please log in</body></html>\n";
        const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        row("empty file", "x.h5ad", "", "is empty");
        row("web page as gz", "x.csv.gz", page, "web page");
        row("web page packed", "x.csv.gz", packed(page), "web page");
        row("web page as h5ad", "x.h5ad", page, "web page");
        row("web page as h5", "x.h5", page, "web page");
        row("LFS pointer as h5ad", "x.h5ad", pointer, "Git LFS pointer");
        row("LFS pointer as csv", "x.csv", pointer, "Git LFS pointer");
        row("LFS pointer as zip", "x.zip", pointer, "Git LFS pointer");
        row("XML error of a store", "x.h5", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML");
        row("truncated h5ad", "x.h5ad", half("h5ad/csr_gzip.h5ad"), "truncated");
        row("truncated 10x h5", "x.h5", half("hdf5/tenx_v3.h5"), "damaged or truncated");
        row("truncated loom", "x.loom", half("hdf5/small.loom"), "damaged or truncated");
        row("GCT of another version", "x.gct", "#1.9\n1\t2\nName\tDescription\ta\tb\nCD3D\tx\t1\t2\n", "GCT version 1.9 is not known");
        row("truncated csv.gz", "x.tsv.gz", half("text/cells_by_genes.tsv.gz"), "truncated");
        row("truncated h5ad.gz", "x.h5ad.gz", packed(bytesOf(test::dataFile("h5ad/csr_gzip.h5ad"))).substr(0, 2000), "truncated");
        row("web page in h5ad.gz", "x.h5ad.gz", packed(page), "web page");
        row("truncated zip", "x.zip", half("text/tenx.zip"), "x.zip");
        row("truncated tar.gz", "x.tar.gz", half("text/tenx.tar.gz"), "x.tar.gz");
        row("truncated gct", "x.gct", half("text/small.gct"), "line");
        row("reason of two lines", "x.zip", bytesOf(test::dataFile("hostile/bundle-two-line-reason.zip")), "damaged archive");
        row("text that its heap lacks", "x.h5ad", bytesOf(test::dataFile("damaged/text_beyond_its_heap.h5ad")), "in order");
        row("number beyond its size", "x.h5", bytesOf(test::dataFile("damaged/number_beyond_its_size.h5")), "damaged");
        row("record beyond its size", "x.h5ad", bytesOf(test::dataFile("damaged/record_beyond_its_size.h5ad")), "cannot be read");
        row("password", "x.zip", bytesOf(test::dataFile("hostile/password.zip")), "protected by a password");
        row("UTF-16", "x.csv", std::string("\xff\xfeg\0e\0n\0e\0,\0a\0\n\0", 14), "UTF-16");
        row("binary nonsense", "x.csv", std::string("\x01\x02\x00\x03", 4), "no format");
        row("text where a count belongs", "x.csv", "gene,a,b\nCD3D,1,2\nCD4,many,1\nMS4A1,0,1\n", "line 3");
        row("NA where a count belongs", "x.csv", "gene,a,b\nCD3D,1,2\nCD4,NA,1\nMS4A1,0,1\n", "line 3");
        row("NaN in a table", "x.csv", "gene,a,b\nCD3D,1,2\nCD4,NaN,1\nMS4A1,0,1\n", "line 3");
        row("line with missing columns", "x.csv", "gene,a,b\nCD3D,1,2\nCD4,1\n", "line 3");
        row("only a header", "x.csv", "gene,a,b\n", "fewer than two lines");
        row("names without counts", "x.csv", "gene,name\nCD3D,x\nCD4,y\n", "holds numbers");
        row("GCT claims 2^40 genes", "x.gct", "#1.2\n1099511627776\t2\nName\tDescription\ta\tb\n", "not possible");
        for (const auto& [file, says] : std::initializer_list<std::pair<const char*, const char*>>{
                 {"tenx_v3_index_out_of_range.h5", "outside 0 to 19"}, {"tenx_v3_index_negative.h5", "outside 0 to 19"},
                 {"tenx_v3_indptr_falls.h5", "falls at entry"}, {"tenx_v3_claims_2_to_40.h5", "not possible"},
                 {"tenx_v3_wrong_type.h5", "does not hold numbers"}, {"tenx_v3_not_a_number.h5", "not a finite number"},
                 {"tenx_v3_external_link.h5", "link to another file"}, {"tenx_v3_virtual_data_set.h5", "virtual data set"},
                 {"tenx_v3_link_circle.h5", "in a circle"}, {"tenx_v3_fractional_indices.h5", "does not hold whole numbers"}, {"small_claims_2_to_40.loom", "stores only 0 bytes"}, {"small_short_list.loom", "has 11 entries"},
                 {"small_wrong_type.loom", "not a table of numbers"}, {"small_external_link.loom", "link to another file"},
                 {"small_virtual_data_set.loom", "virtual data set"}, {"small_not_a_number.loom", "not a finite number"}})
            row(file, file, bytesOf(test::dataFile(std::string("hostile/") + file)), says);
    }
    void refused() {
        QFETCH(QString, name);
        QFETCH(QByteArray, content);
        QFETCH(QByteArray, says);
        QTemporaryDir folder;
        const fs::path path = folder.filePath(name).toStdString();
        writeBytes(path, content.toStdString());
        const auto result = openBoth(path);
        QVERIFY2(!result.ok(), "it opened");
        QVERIFY2(result.error().code == ErrorCode::BadInput, textOf(result));
        const QByteArray message = QByteArray::fromStdString(result.error().message);
        QVERIFY2(message.contains(says) && message.contains(name.toUtf8()), textOf(result));
        QVERIFY2(!message.contains('\n') && message.size() + static_cast<qsizetype>(result.error().hint.size()) < 500, textOf(result));
        const auto info = io::inspect(path);  // headers may be fine; a refusal is clear all the same
        QVERIFY(info.ok() || info.error().code == ErrorCode::BadInput);
    }

    /// The process that tries HDF5 files is started again after somebody ended it, and a cancelled trial says so.
    void trialsGoOnAfterTheirProcessEnded() {
        QTemporaryDir folder;
        const auto copyOf = [&](const char* name) {
            const fs::path path = folder.filePath(name).toStdString();
            writeBytes(path, bytesOf(test::dataFile("h5ad/csr_gzip.h5ad")));
            return path;
        };
        QVERIFY(io::inspect(copyOf("first.h5ad")).ok());
        int ended = 0;
        for (const auto& entry : fs::directory_iterator("/proc")) {
            std::ifstream stat(entry.path() / "stat");
            int process = 0, parent = 0;
            std::string name;
            char state = 0;
            if (stat >> process >> name >> state >> parent && name == "(txfm-probe)" && parent == ::getpid()) ended += ::kill(process, SIGKILL) == 0;
        }
        QCOMPARE(ended, 1);
        QVERIFY(io::inspect(copyOf("second.h5ad")).ok());
        CancelToken cancelled;
        cancelled.cancel();
        const auto stopped = io::ReaderRegistry::instance().find(copyOf("third.h5ad"), &cancelled);
        QVERIFY(stopped.ok() || stopped.error().code == ErrorCode::Cancelled);
        QVERIFY(io::inspect(copyOf("fourth.h5ad")).ok());
    }

    void sideFilesThatDoNotFit_data() {
        QTest::addColumn<QString>("damaged");
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("truncated matrix") << "matrix.mtx" << QByteArray("%%MatrixMarket matrix coordinate integer general\n20 12 30\n1 1 5\n2 ") << QByteArray("matrix.mtx");
        QTest::newRow("claims 2^40 rows") << "matrix.mtx" << QByteArray("%%MatrixMarket matrix coordinate integer general\n1099511627776 12 1\n1 1 5\n") << QByteArray("rows");
        QTest::newRow("index out of range") << "matrix.mtx" << QByteArray("%%MatrixMarket matrix coordinate integer general\n20 12 1\n21 1 5\n") << QByteArray("matrix.mtx");
        QTest::newRow("index zero") << "matrix.mtx" << QByteArray("%%MatrixMarket matrix coordinate integer general\n20 12 1\n0 1 5\n") << QByteArray("matrix.mtx");
        QTest::newRow("no cells") << "matrix.mtx" << QByteArray("%%MatrixMarket matrix coordinate integer general\n20 0 0\n") << QByteArray("empty matrix");
        QTest::newRow("complex numbers") << "matrix.mtx" << QByteArray("%%MatrixMarket matrix coordinate complex general\n20 12 1\n1 1 5 1\n") << QByteArray("complex");
        QTest::newRow("gene list of another sample") << "genes.tsv" << QByteArray("ENSG1\tA\nENSG2\tB\n") << QByteArray("lists 2 genes");
        QTest::newRow("cell list of another sample") << "barcodes.tsv" << QByteArray("AAAC-1\nAAAG-1\n") << QByteArray("lists 2 cells");
        QTest::newRow("empty gene list") << "genes.tsv" << QByteArray() << QByteArray("genes.tsv");
    }
    void sideFilesThatDoNotFit() {
        QFETCH(QString, damaged);
        QFETCH(QByteArray, content);
        QFETCH(QByteArray, says);
        QTemporaryDir folder;
        const fs::path place = fs::path(folder.path().toStdString()) / "sample";
        fs::copy(test::dataFile("text/tenx_v2"), place);
        writeBytes(place / damaged.toStdString(), content.toStdString());
        const auto result = openBoth(place);
        QVERIFY(!result.ok());
        QVERIFY2(result.error().code == ErrorCode::BadInput && textOf(result).contains(says), textOf(result));
    }

    void readAllTheSame_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QByteArray>("content");
        const auto row = [](const char* what, const char* name, const std::string& content) {
            QTest::newRow(what) << QString(name) << QByteArray::fromStdString(content);
        };
        row("as it should be", "x.csv", kTable);
        row("mixed line ends", "x.csv", "gene,a,b\r\nCD3D,1,2\nCD4,3,4\rMS4A1,0,1\r\n");
        row("byte order mark", "x.csv", "\xEF\xBB\xBF" + kTable);
        row("no last line end", "x.csv", kTable.substr(0, kTable.size() - 1));
        row("decimal commas", "x.csv", "gene;a;b\nCD3D;1,0;2,0\nCD4;3,0;4,0\nMS4A1;0,0;1,0\n");
        row("decimal commas after tabs", "x.tsv", "gene\ta\tb\nCD3D\t1,0\t2,0\nCD4\t3,0\t4,0\nMS4A1\t0,0\t1,0\n");
        row("gzip under a plain name", "x.csv", packed(kTable));
        row("plain under the name of gzip", "x.csv.gz", kTable);
        row("exponents", "x.csv", "gene,a,b\nCD3D,1e0,2.0\nCD4,3,4\nMS4A1,0,1\n");
    }
    void readAllTheSame() {
        QFETCH(QString, name);
        QFETCH(QByteArray, content);
        QTemporaryDir folder;
        const fs::path path = folder.filePath(name).toStdString();
        writeBytes(path, content.toStdString());
        const auto result = openBoth(path);
        QVERIFY2(result.ok(), textOf(result));
        QVERIFY((result->var.index == std::vector<std::string>{"CD3D", "CD4", "MS4A1"}));
        QVERIFY((result->obs.index == std::vector<std::string>{"a", "b"}));
        const auto rows = result->counts->readRows(0, 2);
        QVERIFY((rows->values == LargeVector<float>{1, 3, 2, 4, 1}));
    }

    /// As GEO stores them: the whole HDF5 file in gzip, whatever its name says.
    void compressedHdf5IsUnpacked_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("name");
        QTest::newRow("h5ad") << "h5ad/csr_gzip.h5ad" << "x.h5ad.gz";
        QTest::newRow("h5ad under a plain name") << "h5ad/csr_gzip.h5ad" << "x.h5ad";
        QTest::newRow("10x") << "hdf5/tenx_v3.h5" << "x.h5.gz";
        QTest::newRow("loom") << "hdf5/small.loom" << "x.loom.gz";
    }
    void compressedHdf5IsUnpacked() {
        QFETCH(QString, file);
        QFETCH(QString, name);
        QTemporaryDir folder;
        const fs::path path = folder.filePath(name).toStdString(), plain = test::dataFile(file.toStdString());
        writeBytes(path, packed(bytesOf(plain)));
        const auto result = openBoth(path), expected = openBoth(plain);
        QVERIFY2(result.ok(), textOf(result));
        QVERIFY(*result->counts->readRows(0, result->cells()) == *expected->counts->readRows(0, expected->cells()));
        QCOMPARE(result->provenance.path, path.string());
        QVERIFY(result->obs.index == expected->obs.index && result->var.index == expected->var.index);
        // Beyond the bound the unpacked file stays for as long as its rows are needed.
        qputenv("TXFM_MEMORY_FOR_COUNTS", "0");
        const auto large = openBoth(path);
        qunsetenv("TXFM_MEMORY_FOR_COUNTS");
        QVERIFY2(large.ok(), textOf(large));
        QVERIFY(*large->counts->readRows(0, large->cells()) == *expected->counts->readRows(0, expected->cells()));
    }

    /// Found by damaging files: the first line is one column short, as R writes headers, but holds numbers.
    void aShortFirstLineIsAHeader() {
        const auto result = openBoth(test::dataFile("hostile/delimited-short-first-line.txt"));
        QVERIFY2(result.ok() || result.error().code == ErrorCode::BadInput, textOf(result));
        QTemporaryDir folder;
        const fs::path path = folder.filePath("x.csv").toStdString();
        writeBytes(path, "1,2\nCD3D,1,2\nCD4,3,4\n");
        const auto numbers = openBoth(path);
        QVERIFY2(numbers.ok(), textOf(numbers));
        QVERIFY((numbers->obs.index == std::vector<std::string>{"1", "2"}));
    }

    /// What a loom lacks is numbered; it is not taken for a damaged 10x file.
    void aLoomWithoutAttributesIsRead() {
        const auto result = openBoth(test::dataFile("hostile/small_no_attributes.loom"));
        QVERIFY2(result.ok(), textOf(result));
        QCOMPARE(result->provenance.format, std::string("loom"));
        QCOMPARE(result->obs.index.front(), std::string("cell_1"));
        QVERIFY(*result->counts->readRows(0, 12) == *openBoth(test::dataFile("hdf5/small.loom"))->counts->readRows(0, 12));
    }

    void latin1IsRead() {
        QTemporaryDir folder;
        const fs::path path = folder.filePath("x.csv").toStdString();
        writeBytes(path, "gene,M\xFCller,b\nCD3D,1,2\nCD4,3,4\n");
        const auto result = openBoth(path);
        QVERIFY2(result.ok(), textOf(result));
        QCOMPARE(result->obs.index.front(), std::string("Müller"));
    }

    void negativeAndFractionalValuesAreNamed() {
        QTemporaryDir folder;
        for (const auto& [content, kind] : {std::pair{"gene,a,b\nCD3D,-1,2\nCD4,3,4\n", ValueKind::Scaled},
                                            std::pair{"gene,a,b\nCD3D,1.5,2\nCD4,3,4\n", ValueKind::Log1pNormalised}}) {
            const fs::path path = folder.filePath("x.csv").toStdString();
            writeBytes(path, content);
            const auto result = openBoth(path);
            QVERIFY2(result.ok(), textOf(result));
            QVERIFY(result->provenance.valueKind == kind && !result->provenance.notes.empty());
        }
        const auto tenx = openBoth(test::dataFile("hostile/tenx_v3_negative.h5"));
        QVERIFY2(tenx.ok() && tenx->provenance.valueKind == ValueKind::Scaled && !tenx->provenance.notes.empty(), textOf(tenx));
    }

    void unsortedIndicesAreSorted() {
        const auto odd = openBoth(test::dataFile("hostile/tenx_v3_unsorted.h5")), good = openBoth(test::dataFile("hdf5/tenx_v3.h5"));
        QVERIFY2(odd.ok(), textOf(odd));
        QVERIFY(*odd->counts->readRows(0, odd->cells()) == *good->counts->readRows(0, good->cells()));
    }

    void duplicatedNamesAreMadeUnique() {
        QTemporaryDir folder;
        const fs::path path = folder.filePath("x.csv").toStdString();
        writeBytes(path, "gene,a,a\nCD3D,1,2\nCD3D,3,4\n");
        const auto result = openBoth(path);
        QVERIFY2(result.ok(), textOf(result));
        QVERIFY((result->var.index == std::vector<std::string>{"CD3D", "CD3D-1"}));
        QVERIFY((result->obs.index == std::vector<std::string>{"a", "a-1"}));
        QVERIFY(result->provenance.notes.size() >= 2);
    }

    /// Good samples of several formats, one empty, one that is a web page, and a table about the samples.
    void folderOfMixedSamples() {
        QTemporaryDir folder;
        const fs::path place = folder.path().toStdString();
        fs::copy(test::dataFile("text/tenx_v3"), place / "GSM1");
        fs::copy(test::dataFile("hdf5/tenx_v3.h5"), place / "GSM2.h5");
        writeBytes(place / "GSM3.h5", half("hdf5/tenx_v3.h5"));
        writeBytes(place / "GSM4.csv.gz", "<html>no such file</html>");
        writeBytes(place / "GSM5.h5", "");
        writeBytes(place / "samples.csv", "sample,age\nGSM1,30\nGSM2,40\n");
        const auto result = openBoth(place);
        QVERIFY2(result.ok(), textOf(result));
        QCOMPARE(result->cells(), int64_t{24});
        QCOMPARE(result->obs.find("sample")->toCategorical().categories.size(), size_t{2});
        const auto told = [&](const std::string& text) {
            return std::ranges::any_of(result->provenance.notes, [&](const std::string& note) { return note.find(text) != std::string::npos; });
        };
        QVERIFY(told("left out: GSM3.h5, GSM4.csv.gz, GSM5.h5."));
        QVERIFY(told("left out: samples.csv; open"));
    }

    void zeroCellsAreKept() {
        QTemporaryDir folder;
        const fs::path path = folder.filePath("x.csv").toStdString();
        writeBytes(path, "gene,a,b\nCD3D,0,2\nCD4,0,4\n");
        const auto result = openBoth(path);
        QVERIFY2(result.ok(), textOf(result));
        QCOMPARE(result->cells(), int64_t{2});
        QCOMPARE(result->counts->readRows(0, 1)->nnz(), int64_t{0});
    }

    void aGeneListOfNumbersIsNamed() {
        QTemporaryDir folder;
        const fs::path path = folder.filePath("x.csv").toStdString();
        writeBytes(path, "gene,a,b\n1,1,2\n2,3,4\n3,0,1\n");
        const auto result = openBoth(path);
        QVERIFY2(result.ok(), textOf(result));
        io::Vocabulary vocabulary;
        vocabulary.symbols = {"CD3D", "A1BG"};
        vocabulary.ensemblIds = {"ENSG00000167286", "ENSG00000121410"};
        const auto match = matchGenes(result->var, vocabulary, "x.csv");
        QVERIFY(!match.ok());
        QVERIFY(match.error().code == ErrorCode::BadInput);
        QVERIFY2(match.error().hint.find("bare number") != std::string::npos, match.error().hint.c_str());
    }
};

QTEST_GUILESS_MAIN(TestHostileFiles)
#include "test_hostile_files.moc"
