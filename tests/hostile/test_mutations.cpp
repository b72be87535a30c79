// SPDX-License-Identifier: GPL-3.0-or-later
// Damaged variants of every small file: whatever is in a file, the answer is a sound data set or one sentence, within
// seconds and a memory limit.
// - programReadsAll: `txfm convert` reads 2,000 variants of every count file, as folders of samples (one start of the program
//   for many files), and a few as they are (programSurvives).
// - readersSurvive looks closer at what the readers return. These variants run in a process of their own (this program
//   again, with --variants), which a crash, a hang or the memory limit ends without ending the test.
// TXFM_MUTATIONS sets the number of variants of all of them; CTest runs 2,000 everywhere under the label "slow".
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/io/model_directory.h"
#include "core/io/reader.h"
#include "tests/support/damage.h"
#include "tests/support/test_support.h"

using namespace txfm;
namespace fs = std::filesystem;

namespace {

constexpr rlim_t kReaderMemory = rlim_t{2} << 30;
constexpr rlim_t kProgramMemory = rlim_t{6} << 30;  // address space; LibTorch alone maps more than one
constexpr unsigned kSecondsPerVariant = 300;        // of a loaded machine; a variant takes milliseconds
constexpr int kMostFailures = 5;
constexpr uint32_t kVariantsPerFolder = 200;

void limitMemory(rlim_t bytes) {
#if !defined(__SANITIZE_ADDRESS__)
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_AS, &limit);
#endif
    const rlimit noCore{0, 0};
    ::setrlimit(RLIMIT_CORE, &noCore);
}

std::string bytesOf(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void writeBytes(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// One file that is damaged, and what is opened then: itself, or the folder that it lies in.
struct Subject {
    const char* name;
    const char* file;    ///< of tests/data
    const char* opened;  ///< "" = the file; else the folder of tests/data that holds it
};

constexpr Subject kSubjects[] = {
    {"h5ad, rows", "h5ad/csr_gzip.h5ad", ""},
    {"h5ad, columns", "h5ad/csc.h5ad", ""},
    {"h5ad, dense", "h5ad/dense_float64_gzip.h5ad", ""},
    {"h5ad, lzf", "h5ad/csr_int64_lzf.h5ad", ""},
    {"h5ad of 0.6", "h5ad/legacy06.h5ad", ""},
    {"h5ad of 0.7", "h5ad/legacy07.h5ad", ""},
    {"h5ad, every element", "h5ad/all_elements.h5ad", ""},
    {"10x h5, version 2", "hdf5/tenx_v2_two_genomes.h5", ""},
    {"10x h5, version 3", "hdf5/tenx_v3.h5", ""},
    {"loom", "hdf5/small.loom", ""},
    {"loom with layers", "hdf5/layers_counts.loom", ""},
    {"mtx", "text/tenx_v2/matrix.mtx", "text/tenx_v2"},
    {"mtx.gz", "text/tenx_v3/matrix.mtx.gz", "text/tenx_v3"},
    {"gene list", "text/tenx_antibody/features.tsv.gz", "text/tenx_antibody"},
    {"gene list, plain", "text/tenx_v2/genes.tsv", "text/tenx_v2"},
    {"csv", "text/genes_by_cells.csv", ""},
    {"csv, quoted", "text/annotated_quotes.csv", ""},
    {"csv, decimal comma", "text/semicolon_comma.csv", ""},
    {"tsv.gz", "text/cells_by_genes.tsv.gz", ""},
    {"featureCounts", "text/featurecounts.txt", ""},
    {"salmon", "text/salmon_sample/quant.sf", ""},
    {"STAR", "text/star_folder/S1ReadsPerGene.out.tab", ""},
    {"GCT 1.2", "text/small.gct", ""},
    {"GCT 1.3", "text/small13.gct", ""},
    {"zip", "text/tenx.zip", ""},
    {"tar.gz", "text/tenx.tar.gz", ""},
    {"model config", "model_variants/parallel_nb/config.json", "model_variants/parallel_nb"},
    {"model vocabulary", "model_variants/parallel_nb/genes.tsv", "model_variants/parallel_nb"},
    {"model weights", "model_variants/parallel_nb/model.safetensors", "model_variants/parallel_nb"},
};

/// A private copy of the subject in `folder`: where to write variants, and what to open.
struct Workplace {
    std::string original;
    fs::path damagedFile, opened;
    bool isModel = false;

    Workplace(const Subject& subject, const fs::path& folder) {
        original = bytesOf(test::dataFile(subject.file));
        const fs::path file(subject.file);
        opened = folder;
        if (*subject.opened) {
            opened = folder / fs::path(subject.opened).filename();
            fs::copy(test::dataFile(subject.opened), opened, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
            damagedFile = opened / fs::relative(file, subject.opened);
        } else {
            damagedFile = opened = folder / file.filename();
        }
        isModel = std::string(subject.file).starts_with("model_");
    }
};

/// "" when the data set keeps its promises.
std::string unsound(const Dataset& data) {
    const int64_t cells = data.cells(), genes = data.genes();
    if (cells < 1 || genes < 1) return "it has no cells or no genes";
    if (static_cast<int64_t>(data.obs.rows()) != cells || static_cast<int64_t>(data.var.rows()) != genes) return "its tables do not fit";
    const auto block = data.counts->readRows(0, std::min<int64_t>(cells, 64));
    if (!block) return {};
    for (int64_t row = 0; row < block->rows; ++row) {
        int32_t last = -1;
        for (const int32_t column : block->rowIndices(row)) {
            if (column <= last || column >= genes) return "its columns are not in order";
            last = column;
        }
        for (const float value : block->rowValues(row))
            if (!std::isfinite(value)) return "it holds a value that is not finite";
    }
    return {};
}

/// "" when the refusal is one sentence that names the file.
std::string unclear(const Error& error, const Workplace& place) {
    if (error.code != ErrorCode::BadInput) return "the refusal has code " + std::to_string(static_cast<int>(error.code)) + ": " + error.message;
    const bool named = error.message.find(place.damagedFile.filename().string()) != std::string::npos ||
                       error.message.find(place.opened.filename().string()) != std::string::npos;
    if (!named) return "the refusal does not name the file: " + error.message;
    if (error.message.find('\n') != std::string::npos) return "the refusal is more than a line: " + error.message;
    return {};
}

std::string problemWith(const Workplace& place, bool* refused) {
    if (place.isModel) {
        const auto model = io::ModelDirectory::open(place.opened);
        *refused = !model.ok();
        return model ? std::string() : unclear(model.error(), place);
    }
    Progress silent;
    const auto info = io::inspect(place.opened);
    if (!info)
        if (const std::string problem = unclear(info.error(), place); !problem.empty()) return "info: " + problem;
    for (const bool keepInMemory : {true, false}) {
        io::ReadOptions options;
        options.keepInMemory = keepInMemory;
        const auto data = io::openDataset(place.opened, options, silent);
        *refused = !data.ok();
        const std::string problem = data ? unsound(*data) : unclear(data.error(), place);
        if (!problem.empty()) return problem;
    }
    return {};
}

/// The process that opens variants [first, last): a line "variant N" before each one, and what came of it after it.
int openVariants(const Subject& subject, uint32_t first, uint32_t last, const fs::path& folder) {
    limitMemory(kReaderMemory);
    const Workplace place(subject, folder);
    for (uint32_t variant = first; variant < last; ++variant) {
        std::printf("variant %u\n", variant);
        std::fflush(stdout);
        writeBytes(place.damagedFile, variant == 0 ? place.original : test::damaged(place.original, variant));
        ::alarm(kSecondsPerVariant);
        bool refused = false;
        const std::string problem = problemWith(place, &refused);
        std::printf("%s\n", !problem.empty() ? ("problem " + problem).c_str() : refused ? "refused" : "opened");
    }
    return 0;
}

uint32_t wantedVariants(uint32_t usually) {
    bool set = false;
    const int wanted = qEnvironmentVariableIntValue("TXFM_MUTATIONS", &set);
    return set && wanted > 0 ? static_cast<uint32_t>(wanted) : usually;
}

/// The subject's file undamaged and as variants [first, last), each a sample of its own below `folder`.
void writeSamples(const Subject& subject, const Workplace& place, uint32_t first, uint32_t last, const fs::path& folder) {
    const std::string name = fs::path(subject.file).filename().string();
    for (uint32_t variant = first; variant <= last; ++variant) {
        const bool whole = variant == last;
        const std::string sample = whole ? "whole" : "v" + std::to_string(variant);
        fs::path file = folder / (sample + name.substr(name.find('.')));
        if (*subject.opened) {
            fs::copy(test::dataFile(subject.opened), folder / sample, fs::copy_options::recursive);
            file = folder / sample / fs::relative(subject.file, subject.opened);
        }
        writeBytes(file, whole ? place.original : test::damaged(place.original, variant));
    }
}

/// txfm under the memory limit, with a cache folder of its own.
void startProgram(QProcess& process, const QStringList& arguments, const QString& cache) {
    process.setChildProcessModifier([] { limitMemory(kProgramMemory); });
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("XDG_CACHE_HOME", cache);
    process.setProcessEnvironment(environment);
    process.start(test::txfmProgram(), arguments);
}

}  // namespace

class TestMutations : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void readersSurvive_data() { subjects(); }
    /// Variant 0 is the undamaged file: it opens under the same limits.
    void readersSurvive() {
        QFETCH(int, subject);
        const uint32_t last = wantedVariants(60) + 1;
        uint32_t opened = 0, refused = 0;
        QStringList failures;
        QTemporaryDir folder;
        for (uint32_t first = 0; first < last && failures.size() < kMostFailures;) {
            QProcess process;
            QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
            environment.insert("XDG_CACHE_HOME", folder.path());
            environment.insert("MALLOC_ARENA_MAX", "2");  // arenas take address space, which the limit counts
            process.setProcessEnvironment(environment);
            process.start(QCoreApplication::applicationFilePath(),
                          {"--variants", QString::number(subject), QString::number(first), QString::number(last), folder.path()});
            QVERIFY2(process.waitForFinished(-1), "the process of the variants did not start");
            uint32_t at = first;
            for (const QByteArray& line : process.readAllStandardOutput().split('\n')) {
                if (line.startsWith("variant ")) at = line.mid(8).toUInt();
                opened += line == "opened";
                refused += line == "refused";
                if (at == 0 && (line == "refused" || line.startsWith("problem"))) failures << "The undamaged file does not open: " + line;
                if (line.startsWith("problem ")) failures << describe(subject, at, QString::fromUtf8(line.mid(8)));
            }
            if (process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0) break;
            failures << describe(subject, at, QString("ended by signal or status %1").arg(process.exitCode()));
            first = at + 1;
        }
        QVERIFY2(failures.isEmpty(), qPrintable(failures.join('\n')));
        QCOMPARE(opened + refused, last);
        QVERIFY2(opened > 0 && refused > 0, "the damage changes nothing, or everything");
    }

    void programReadsAll_data() { subjects(); }
    void programReadsAll() {
        QFETCH(int, subject);
        if (std::string(kSubjects[subject].file).starts_with("model_")) QSKIP("Models are no samples.");
        const uint32_t last = wantedVariants(2000) + 1;
        QTemporaryDir work;
        const Workplace place(kSubjects[subject], work.path().toStdString());
        std::vector<std::unique_ptr<QProcess>> processes;
        std::vector<QString> folders;
        const auto start = [&](QProcess& process, const QString& samples) {
            startProgram(process, {"convert", samples, samples + ".h5ad", "--json", "--progress", "none", "--threads", "1"}, work.path());
        };
        const auto check = [&](size_t i) {
            QProcess& process = *processes[i];
            for (int crashes = 0;; ++crashes) {
                const bool ended = process.waitForFinished(1000 * static_cast<int>(kSecondsPerVariant));
                const QByteArray said = process.readAllStandardError();
                const auto result = nlohmann::json::parse(process.readAllStandardOutput().toStdString(), nullptr, false);
                // The undamaged sample is there, so that there is something to write.
                if (ended && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0 && result.value("n_cells", 0) > 0) {
                    QDir(folders[i]).removeRecursively();
                    return QString();
                }
                // HDF5 reads beyond its memory on some files; when what lies there lets it crash, that file is named in
                // order. The others are still to be read.
                const auto named = QRegularExpression("samples\\d+/(v\\d+[^']*)' is damaged: the library that reads it crashed").match(QString::fromUtf8(said));
                if (process.exitCode() == 3 && named.hasMatch() && crashes < kMostFailures && QFile::remove(folders[i] + "/" + named.captured(1))) {
                    start(process, folders[i]);
                    continue;
                }
                const QString kept = QDir::temp().filePath(QString("txfm-damaged-%1-%2").arg(subject).arg(i));
                QDir(kept).removeRecursively();
                QDir().rename(folders[i], kept);
                return QString("txfm convert %1 (kept): %2, status %3, %4").arg(kept, ended ? "ended" : "hangs").arg(process.exitCode()).arg(QString::fromUtf8(said.right(500)));
            }
        };
        QStringList failures;
        const size_t together = std::max(1u, std::thread::hardware_concurrency());
        size_t checked = 0;
        for (uint32_t first = 1; first < last; first += kVariantsPerFolder) {
            folders.push_back(work.filePath(QString("samples%1").arg(first)));
            QDir().mkpath(folders.back());
            writeSamples(kSubjects[subject], place, first, std::min(first + kVariantsPerFolder, last), folders.back().toStdString());
            processes.push_back(std::make_unique<QProcess>());
            start(*processes.back(), folders.back());
            if (processes.size() - checked >= together) failures << check(checked++);
        }
        while (checked < processes.size()) failures << check(checked++);
        failures.removeAll(QString());
        QVERIFY2(failures.isEmpty(), qPrintable(failures.join('\n')));
    }

    void programSurvives_data() { subjects(); }
    void programSurvives() {
        QFETCH(int, subject);
        QTemporaryDir folder;
        const Workplace place(kSubjects[subject], folder.path().toStdString());
        const uint32_t variants = wantedVariants(60) >= 2000 ? 40 : 2;
        const QString out = folder.filePath("out.h5ad");
        for (uint32_t variant = 0; variant < variants; ++variant) {
            // Other variants than the first ones, which the readers have seen above.
            const uint32_t number = variant == 0 ? 0 : 100000 + variant;
            writeBytes(place.damagedFile, number == 0 ? place.original : test::damaged(place.original, number));
            const QString opened = QString::fromStdString(place.opened.string());
            QList<QStringList> commands{{"info", opened, "--json"}};
            if (!place.isModel) commands << QStringList{"convert", opened, out};
            for (const QStringList& command : commands) {
                QProcess process;
                startProgram(process, command, folder.path());
                QVERIFY2(process.waitForFinished(1000 * static_cast<int>(kSecondsPerVariant)),
                         qPrintable(describe(subject, number, "hangs in " + command.join(' '))));
                const QByteArray said = process.readAllStandardError();
                const bool fine = process.exitStatus() == QProcess::NormalExit &&
                                  (process.exitCode() == 0 || (number > 0 && process.exitCode() == 3));
                QVERIFY2(fine, qPrintable(describe(subject, number, command.join(' ') + ": status " + QString::number(process.exitCode()) + ", " + said)));
                QVERIFY2(process.exitCode() == 0 || said.contains("txfm: "), said.constData());
            }
            QFile::remove(out);
        }
    }

private:
    static void subjects() {
        QTest::addColumn<int>("subject");
        for (int i = 0; i < static_cast<int>(std::size(kSubjects)); ++i) QTest::newRow(kSubjects[i].name) << i;
    }

    /// Keeps the variant, so that it can be looked at and become a test file.
    static QString describe(int subject, uint32_t variant, const QString& what) {
        const fs::path file(kSubjects[subject].file);
        const QString kept = QDir::temp().filePath(QString("txfm-damaged-%1-%2").arg(variant).arg(QString::fromStdString(file.filename().string())));
        writeBytes(kept.toStdString(), test::damaged(bytesOf(test::dataFile(kSubjects[subject].file)), variant));
        return QString("Variant %1 of %2 (kept as %3): %4").arg(variant).arg(kSubjects[subject].file, kept, what);
    }
};

int main(int argc, char** argv) {
    if (argc == 6 && std::string(argv[1]) == "--variants")
        return openVariants(kSubjects[std::stoi(argv[2])], static_cast<uint32_t>(std::stoul(argv[3])),
                            static_cast<uint32_t>(std::stoul(argv[4])), argv[5]);
    qputenv("QTEST_FUNCTION_TIMEOUT", "7200000");  // thousands of variants take longer than the five minutes of Qt
    QCoreApplication app(argc, argv);
    TestMutations test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_mutations.moc"
