// SPDX-License-Identifier: GPL-3.0-or-later
// Text, Matrix Market, GCT, archive, 10x HDF5 and loom readers against files that pandas, scipy and h5py wrote
// (tests/data/make_text_files.py, make_hdf5_files.py); every file holds the same counts, so all must read equal.
#include <QTemporaryDir>
#include <QtTest>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>

#include "core/base/paths.h"
#include "core/base/utf8.h"
#include "core/io/reader.h"
#include "core/io/text_input.h"
#include "tests/support/test_support.h"

using namespace txfm;

namespace {

std::vector<std::vector<float>> expectedCounts() {
    std::ifstream in(test::dataFile("text/expected_counts.csv"));
    std::vector<std::vector<float>> rows;
    for (std::string line; std::getline(in, line);) {
        rows.emplace_back();
        for (const QByteArray& field : QByteArray::fromStdString(line).split(',')) rows.back().push_back(field.toFloat());
    }
    return rows;
}

float countAt(const CsrMatrix& matrix, int64_t cell, int64_t gene) {
    const auto columns = matrix.rowIndices(cell);
    for (size_t k = 0; k < columns.size(); ++k) {
        if (columns[k] == gene) return matrix.rowValues(cell)[k];
    }
    return 0;
}

Result<Dataset> openFile(const std::string& name) {
    Progress progress;
    return io::openDataset(test::dataFile("text/" + name), {}, progress);
}

QByteArray messageOf(const Result<Dataset>& result) {
    return result ? QByteArray("opened") : QByteArray::fromStdString(result.error().message);
}

}  // namespace

class TestTextFormats : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void readsTheSameCounts_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("cells");
        QTest::addColumn<QString>("firstGene");
        QTest::addColumn<QString>("format");
        const auto row = [](const char* file, int cells, const char* gene, const char* format) {
            QTest::newRow(file) << QString(file) << cells << QString(gene) << QString(format);
        };
        row("tenx_v3", 12, "CD3D", "10x folder");
        row("tenx_v2", 12, "CD3D", "10x folder");
        row("tenx_v2/matrix.mtx", 12, "CD3D", "10x folder");
        row("tenx_antibody", 12, "CD3D", "10x folder");
        row("tenx.tar.gz", 12, "CD3D", "10x folder");
        row("tenx.zip", 12, "CD3D", "10x folder");
        row("genes_by_cells.csv", 12, "CD3D", "delimited text");
        row("cells_by_genes.tsv.gz", 12, "CD3D", "delimited text");
        row("r_write_table.txt", 12, "CD3D", "delimited text");
        row("semicolon_comma.csv", 12, "CD3D", "delimited text");
        row("annotated_quotes.csv", 12, "CD3D", "delimited text");
        row("crlf_bom.csv", 12, "CD3D", "delimited text");
        row("latin1.csv", 12, "CD3D", "delimited text");
        row("featurecounts.txt", 3, "ENSG00000167286", "featureCounts table");
        row("htseq_S7.txt", 1, "CD3D", "HTSeq table");
        row("salmon_sample/quant.sf", 1, "ENSG00000167286", "salmon table");
        row("star_folder/S1ReadsPerGene.out.tab", 1, "ENSG00000167286", "STAR ReadsPerGene table");
        row("star_folder", 2, "ENSG00000167286", "2 samples (STAR ReadsPerGene table)");
        row("small.gct", 4, "ENSG00000167286", "GCT 1.2");
        row("../hdf5/tenx_v3.h5", 12, "G0", "10x h5 v3");
        row("../hdf5/tenx_v2_two_genomes.h5", 12, "G0", "10x h5 v2");
        row("../hdf5/small.loom", 12, "G0", "loom");
        row("small13.gct", 4, "ENSG00000167286", "GCT 1.3");
    }
    void readsTheSameCounts() {
        QFETCH(QString, file);
        QFETCH(int, cells);
        QFETCH(QString, firstGene);
        QFETCH(QString, format);
        const auto dataset = openFile(file.toStdString());
        QVERIFY2(dataset.ok(), messageOf(dataset));
        const auto expected = expectedCounts();
        QCOMPARE(dataset->cells(), int64_t{cells});
        QCOMPARE(dataset->genes(), int64_t{20});
        QCOMPARE(QString::fromStdString(dataset->var.index.front()), firstGene);
        QCOMPARE(QString::fromStdString(dataset->provenance.format), format);
        QCOMPARE(dataset->obs.rows(), size_t(cells));
        QVERIFY(dataset->provenance.valueKind == ValueKind::Counts);
        const auto counts = dataset->counts->readRows(0, cells);
        QVERIFY(counts.ok());
        for (int cell = 0; cell < cells; ++cell) {
            for (int gene = 0; gene < 20; ++gene) QCOMPARE(countAt(*counts, cell, gene), expected[cell][gene]);
        }
    }

    void antibodiesAreKeptApart() {
        const auto dataset = openFile("tenx_antibody");
        QVERIFY2(dataset.ok(), messageOf(dataset));
        const auto slot = dataset->obsm.find("X_antibody_capture");
        QVERIFY(slot != dataset->obsm.end());
        QCOMPARE(slot->second.cols, int64_t{2});
        QCOMPARE(slot->second(0, 0), expectedCounts()[0][0] + 5);
    }

    /// Genes of a genome that was not asked for are too many for obsm; antibodies stay apart.
    void oneGenomeOfSeveralIsTaken_data() {
        QTest::addColumn<QString>("genome");
        QTest::addColumn<int>("genes");
        QTest::addColumn<QString>("first");
        QTest::newRow("the human one") << "" << 10 << "G0";
        QTest::newRow("the one that was asked for") << "mm10" << 7 << "G10";
    }
    void oneGenomeOfSeveralIsTaken() {
        QFETCH(QString, genome);
        QFETCH(int, genes);
        QFETCH(QString, first);
        io::ReadOptions options;
        options.genome = genome.toStdString();
        Progress progress;
        const auto file = test::dataFile("hdf5/tenx_v3_two_genomes.h5");
        for (const bool inMemory : {true, false}) {
            options.keepInMemory = inMemory;
            const auto dataset = io::openDataset(file, options, progress);
            QVERIFY2(dataset.ok(), messageOf(dataset));
            QCOMPARE(dataset->genes(), int64_t{genes});
            QCOMPARE(QString::fromStdString(dataset->var.index.front()), first);
            QCOMPARE(dataset->obsm.size(), size_t{1});
            QCOMPARE(dataset->obsm.at("X_antibody_capture").cols, int64_t{3});
            const auto expected = expectedCounts();
            const int offset = genome.isEmpty() ? 0 : 10;
            const auto counts = dataset->counts->readRows(0, 12);
            for (int cell = 0; cell < 12; ++cell) {
                for (int gene = 0; gene < genes; ++gene) QCOMPARE(countAt(*counts, cell, gene), expected[cell][gene + offset]);
                QCOMPARE(dataset->obsm.at("X_antibody_capture")(cell, 2), expected[cell][19]);
            }
            QVERIFY(std::ranges::any_of(dataset->provenance.notes, [](const std::string& note) { return note.find("of another genome are left out") != std::string::npos; }));
        }
        QCOMPARE(io::inspect(file, options)->genes, int64_t{genes});
    }

    void samplesOfAFolderAreMerged() {
        const auto dataset = openFile("geo_two_samples");
        QVERIFY2(dataset.ok(), messageOf(dataset));
        QCOMPARE(dataset->cells(), int64_t{24});
        const Column* sample = dataset->obs.find("sample");
        QVERIFY(sample);
        QCOMPARE(sample->text(0), std::string("GSM1"));
        QCOMPARE(sample->text(23), std::string("GSM2"));
    }

    void sampleNamesComeFromPaths() {
        QCOMPARE(openFile("featurecounts.txt")->obs.index.front(), std::string("cell1"));
        QCOMPARE(openFile("salmon_sample/quant.sf")->obs.index.front(), std::string("salmon_sample"));
        QCOMPARE(openFile("star_folder")->obs.find("sample")->text(1), std::string("S2"));
        QCOMPARE(openFile("small13.gct")->obs.find("tissue")->text(2), std::string("skin"));
        QCOMPARE(openFile("latin1.csv")->obs.index.front(), std::string("Zellkultur_ä"));
    }

    void normalisedValuesAreNamed() {
        const auto dataset = openFile("log_normalised.csv");
        QVERIFY2(dataset.ok(), messageOf(dataset));
        QVERIFY(dataset->provenance.valueKind == ValueKind::Log1pNormalised);
    }

    void badFilesSayWhy_data() {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("word instead of a count") << QByteArray("gene,a,b\nCD3D,1,2\nCD4,oops,1\n") << QByteArray("t.csv") << QByteArray("line 3");
        QTest::newRow("missing value") << QByteArray("gene,a,b\nCD3D,1,2\nCD4,NA,1\n") << QByteArray("t.csv") << QByteArray("line 3");
        QTest::newRow("short line") << QByteArray("gene,a,b\nCD3D,1,2\nCD4,1\n") << QByteArray("t.csv") << QByteArray("line 3");
        QTest::newRow("infinite") << QByteArray("gene,a,b\nCD3D,1,2\nCD4,inf,1\n") << QByteArray("t.csv") << QByteArray("line 3");
        QTest::newRow("web page") << QByteArray("<!DOCTYPE html><html>no such file</html>\n") << QByteArray("t.csv.gz") << QByteArray("web page");
        QTest::newRow("LFS pointer") << QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n") << QByteArray("t.h5ad") << QByteArray("Git LFS");
        QTest::newRow("empty") << QByteArray() << QByteArray("t.csv") << QByteArray("empty");
        QTest::newRow("UTF-16") << QByteArray("\xff\xfeg\0e\0n\0", 8) << QByteArray("t.csv") << QByteArray("t.csv");
        QTest::newRow("gct cut") << QByteArray("#1.2\n5\t2\nName\tDescription\ta\tb\nG1\tx\t1\t2\n") << QByteArray("t.gct") << QByteArray("ends before");
        QTest::newRow("gct sizes") << QByteArray("#1.2\n99999999999999\t2\n") << QByteArray("t.gct") << QByteArray("sizes");
        QTest::newRow("mtx claims 2^40") << QByteArray("%%MatrixMarket matrix coordinate integer general\n1099511627776 2 3\n1 1 1\n") << QByteArray("matrix.mtx") << QByteArray("rows");
        QTest::newRow("mtx without genes") << QByteArray("%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 1\n") << QByteArray("matrix.mtx") << QByteArray("features.tsv");
    }
    void badFilesSayWhy() {
        QFETCH(QByteArray, content);
        QFETCH(QByteArray, name);
        QFETCH(QByteArray, says);
        QTemporaryDir folder;
        const std::string path = folder.filePath(name).toStdString();
        std::ofstream(path, std::ios::binary).write(content.data(), content.size());
        Progress progress;
        const auto dataset = io::openDataset(path, {}, progress);
        QVERIFY(!dataset.ok());
        QVERIFY(dataset.error().code == ErrorCode::BadInput);
        const QByteArray message = QByteArray::fromStdString(dataset.error().message);
        QVERIFY2(message.contains(says), message);
        QVERIFY2(message.contains(name), message);
    }

    void truncatedGzipIsNamed() {
        std::ifstream in(test::dataFile("text/cells_by_genes.tsv.gz"), std::ios::binary);
        std::string bytes((std::istreambuf_iterator<char>(in)), {});
        QTemporaryDir folder;
        const std::string path = folder.filePath("cut.tsv.gz").toStdString();
        std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size() * 2 / 3));
        Progress progress;
        const auto dataset = io::openDataset(path, {}, progress);
        QVERIFY(!dataset.ok());
        QVERIFY2(QByteArray::fromStdString(dataset.error().message).contains("truncated"), messageOf(dataset));
    }

    void decodesText() {
        QVERIFY(isUtf8("plain ä €"));
        QVERIFY(!isUtf8("\xe4"));
        QVERIFY(!isUtf8("\xc3"));
        QCOMPARE(toUtf8("\xe4"), std::string("ä"));
        double value = 0;
        QVERIFY(io::parseNumber(" 12 ", value) && value == 12);
        QVERIFY(io::parseNumber("1,5", value, true) && value == 1.5);
        QVERIFY(!io::parseNumber("1,5", value));
        QVERIFY(!io::parseNumber("12a", value));
        std::vector<std::string_view> fields;
        std::vector<std::string> unquoted;
        io::splitFields("a,\"b \"\"c\"\", d\",,e", ',', fields, unquoted);
        QCOMPARE(fields.size(), size_t{4});
        QCOMPARE(std::string(fields[1]), std::string("b \"c\", d"));
    }

    void findsNamesInOddPlaces_data() {
        QTest::addColumn<QByteArray>("content");
        QTest::newRow("header that begins as a comment does") << QByteArray("# counts of today\n#gene\ta\tb\nCD3D\t1\t2\nCD4\t3\t4\n");
        QTest::newRow("comment as wide as the table") << QByteArray("# counts,of,today\ngene,a,b\nCD3D,1,2\nCD4,3,4\n");
        QTest::newRow("separator at the ends of lines") << QByteArray("gene,a,b,\nCD3D,1,2,\nCD4,3,4,\n");
        QTest::newRow("numbered rows of pandas") << QByteArray(",gene,a,b\n0,CD3D,1,2\n1,CD4,3,4\n");
        QTest::newRow("samples called as genes") << QByteArray("id,S1,C3,T2\nNM_000546.6,1,2,3\nNR_046018,3,4,5\n");
        QTest::newRow("facts about cells") << QByteArray("cell,n_counts,CD3D,cluster,CD4\na,4,1,x,3\nb,6,2,y,4\n");
    }
    void findsNamesInOddPlaces() {
        QFETCH(QByteArray, content);
        QTemporaryDir folder;
        const std::filesystem::path place = folder.path().toStdString();
        std::ofstream(place / "t.csv") << content.toStdString();
        Progress progress;
        const auto dataset = io::openDataset(place / "t.csv", {}, progress);
        QVERIFY2(dataset.ok(), messageOf(dataset));
        if (content.startsWith("id,")) {  // unknown to the table of genes, and yet no samples
            QCOMPARE(dataset->obs.index, (std::vector<std::string>{"S1", "C3", "T2"}));
            QCOMPARE(dataset->var.index, (std::vector<std::string>{"NM_000546.6", "NR_046018"}));
            return;
        }
        QCOMPARE(dataset->obs.index, (std::vector<std::string>{"a", "b"}));
        QCOMPARE(dataset->var.index, (std::vector<std::string>{"CD3D", "CD4"}));
        QVERIFY(dataset->counts->readRows(0, 2)->values == (LargeVector<float>{1, 3, 2, 4}));
        for (const Table* table : {&dataset->obs, &dataset->var})
            for (const Column& column : table->columns) QVERIFY(!column.name.empty());  // no .h5ad can hold it
    }

    /// The folder that Cell Ranger writes: one sample, not its matrices as samples.
    void takesTheFilteredMatrixOfCellRanger() {
        QTemporaryDir folder;
        const std::filesystem::path outs = folder.path().toStdString();
        for (const char* name : {"filtered_feature_bc_matrix", "raw_feature_bc_matrix"}) std::filesystem::copy(test::dataFile("text/tenx_v3"), outs / name);
        std::filesystem::copy(test::dataFile("hdf5/tenx_v3.h5"), outs / "filtered_feature_bc_matrix.h5");
        std::filesystem::copy(test::dataFile("hdf5/tenx_v3.h5"), outs / "raw_feature_bc_matrix.h5");
        Progress progress;
        const auto dataset = io::openDataset(outs, {}, progress);
        QVERIFY2(dataset.ok(), messageOf(dataset));
        QCOMPARE(dataset->cells(), int64_t{12});
        QCOMPARE(dataset->provenance.format, std::string("10x folder"));
        QVERIFY(dataset->provenance.notes.back().find("raw_feature_bc_matrix.h5") != std::string::npos);
    }

    void folderLeavesOutWhatIsNoSample() {
        QTemporaryDir folder;
        const std::filesystem::path place = folder.path().toStdString();
        for (const char* name : {"A.genes.results", "B.genes.results"})
            std::ofstream(place / name) << "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\nCD3D\tx\t5\t3\t4.00\t1\t1\nCD4\tx\t5\t3\t2.00\t1\t1\n";
        std::ofstream(place / "A.isoforms.results")
            << "transcript_id\tgene_id\tlength\teffective_length\texpected_count\tTPM\tFPKM\nENST00000300692\tCD3D\t5\t3\t4.00\t1\t1\nENST00000300693\tCD3D\t5\t3\t2.00\t1\t1\n";
        std::ofstream(place / "sheet.csv") << "sample,age\nA,30\nB,40\n";
        Progress progress;
        const auto dataset = io::openDataset(place, {}, progress);
        QVERIFY2(dataset.ok(), messageOf(dataset));
        QCOMPARE(dataset->obs.index, (std::vector<std::string>{"A", "B"}));
        QCOMPARE(dataset->obs.find("sample")->text(0), std::string("A"));
        QCOMPARE(dataset->genes(), int64_t{2});
        const auto told = [&](const char* name) {
            return std::ranges::any_of(dataset->provenance.notes, [&](const std::string& note) { return note.find(name) != std::string::npos; });
        };
        QVERIFY(told("left out: A.isoforms.results") && told("left out: sheet.csv"));
    }

    /// What headers tell agrees with what opening gives.
    void infoCountsGenesAndKnowsCounts() {
        for (const char* name : {"tenx_antibody", "../hdf5/tenx_v3.h5", "small.gct"}) {
            const auto info = io::inspect(test::dataFile(std::string("text/") + name));
            QVERIFY2(info.ok(), name);
            QCOMPARE(info->genes, int64_t{20});
            QVERIFY2(info->valueKind == ValueKind::Counts, name);
        }
        QTemporaryDir folder;
        const std::filesystem::path place = folder.path().toStdString();
        std::ofstream(place / "x.mtx") << "%%MatrixMarket matrix coordinate integer general\n2 3 2\n1 1 5\n2 3 1\n";  // cells in rows
        std::ofstream(place / "x_genes.tsv") << "gene\nCD3D\nCD4\nMS4A1\n";
        std::ofstream(place / "x_barcodes.tsv") << "barcode\na\nb\n";
        const auto info = io::inspect(place / "x.mtx");
        QVERIFY(info.ok());
        QCOMPARE(info->cells, int64_t{2});
        QCOMPARE(info->genes, int64_t{3});
    }

    /// Folders of unpacked archives that killed programs left go with the next archive; one that is in use stays.
    void unpackedArchivesOfKilledProgramsGo() {
        QTemporaryDir cache;
        qputenv("XDG_CACHE_HOME", cache.path().toUtf8());
        const std::filesystem::path unpacked = cacheFolder() / "unpacked";
        const auto make = [&](const char* name, bool old) {
            std::filesystem::create_directories(unpacked / name);
            std::ofstream(unpacked / name / "matrix.mtx") << "half";
            const timespec longAgo[2] = {{0, UTIME_OMIT}, {1'000'000'000, 0}};
            if (old) ::utimensat(AT_FDCWD, (unpacked / name).c_str(), longAgo, 0);
            return unpacked / name;
        };
        const auto left = make("left", true), used = make("used", true), fresh = make("fresh", false);
        const int lock = ::open(used.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        QCOMPARE(::flock(lock, LOCK_SH), 0);
        QVERIFY(openFile("tenx.tar.gz").ok());
        ::close(lock);
        qunsetenv("XDG_CACHE_HOME");
        QVERIFY(!std::filesystem::exists(left));
        QVERIFY(std::filesystem::exists(used) && std::filesystem::exists(fresh));
        QCOMPARE(std::distance(std::filesystem::directory_iterator(unpacked), {}), 2);  // what was unpacked now is gone
    }

    /// As with `convert --merge`: a gene stands once, whatever the files of the folder call it.
    void folderUnitesGenesOfSeveralNames() {
        QTemporaryDir folder;
        const std::filesystem::path place = folder.path().toStdString();
        std::ofstream(place / "symbols.csv") << "gene,a,b\nGAPDH,1,2\nCD3D,3,4\n";
        std::ofstream(place / "ids.csv") << "gene,c,d\nENSG00000167286,5,6\nENSG00000111640,7,8\n";
        Progress progress;
        const auto joined = io::openDataset(place, {}, progress);
        QVERIFY2(joined.ok(), messageOf(joined));
        QCOMPARE(joined->cells(), int64_t{4});
        QCOMPARE(std::set<std::string>(joined->var.index.begin(), joined->var.index.end()), (std::set<std::string>{"CD3D", "GAPDH"}));
        QVERIFY(joined->measured.empty());  // every sample measures both
    }
};

QTEST_GUILESS_MAIN(TestTextFormats)
#include "test_text_formats.moc"
