// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QtTest>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "core/base/random.h"
#include "core/io/packed_cache.h"
#include "core/io/packed_store.h"

using namespace txfm;
using namespace txfm::io;

namespace {

CsrMatrix makeCounts(int64_t cells, int64_t genes, bool fractions = false) {
    CsrMatrix matrix;
    matrix.rows = cells;
    matrix.cols = genes;
    RandomStream random(5);
    for (int64_t row = 0; row < cells; ++row) {
        for (int64_t col = 0; row % 7 != 3 && col < genes; ++col) {  // some cells are empty
            if (random.below(5) != 0) continue;
            const float values[] = {1, 254, 255, 256, 70'000, 16'777'216};
            matrix.indices.push_back(static_cast<int32_t>(col));
            matrix.values.push_back(fractions ? 0.37f * static_cast<float>(col) - 3 : values[random.below(6)]);
        }
        matrix.indptr.push_back(static_cast<int64_t>(matrix.indices.size()));
    }
    return matrix;
}

}  // namespace

class TestPackedStore : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::filesystem::path path(const char* name = "a.txfmpack") const { return m_folder.filePath(name).toStdString(); }

private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CACHE_HOME", m_folder.filePath("cache").toUtf8()); }

    void holdsExactlyTheCounts_data() {
        QTest::addColumn<int>("genes");
        QTest::addColumn<bool>("fractions");
        QTest::newRow("narrow") << 300 << false;
        QTest::newRow("65,536 genes") << 65'536 << false;
        QTest::newRow("wide") << 70'000 << false;
        QTest::newRow("fractions") << 300 << true;
    }
    void holdsExactlyTheCounts() {
        QFETCH(int, genes);
        QFETCH(bool, fractions);
        const MemoryCounts counts(makeCounts(genes > 1000 ? 20 : 500, genes, fractions));
        Progress progress;
        QVERIFY(writePackedStore(path(), counts, "id", progress).ok());
        const auto store = PackedStore::open(path(), "id");
        QVERIFY2(store.ok(), store.ok() ? "" : store.error().message.c_str());
        QCOMPARE((*store)->nonZeros(), counts.nonZeros());
        QVERIFY(*(*store)->readRows(0, counts.cells()) == *counts.inMemory());
        QVERIFY(*(*store)->readRows(3, 9) == *counts.readRows(3, 9));
        const std::vector<int64_t> rows = {9, 0, 3, 9, 17};
        QVERIFY(*(*store)->readRowsAt(rows) == *counts.readRowsAt(rows));
        QVERIFY(!(*store)->readRowsAt({counts.cells()}).ok());
        QVERIFY(!(*store)->readRows(-1, 2).ok());
        if (genes == 300 && !fractions) {
            // 3 bytes per value, 4 more for those that no byte holds, 12 per cell, one header page.
            int64_t large = 0;
            for (const float value : counts.inMemory()->values) large += value >= 255;
            const auto size = static_cast<int64_t>(std::filesystem::file_size(path()));
            QVERIFY(size <= 3 * counts.nonZeros() + 4 * large + 12 * counts.cells() + 4096 + 16);
        }
    }

    void servesSeveralThreads() {
        const MemoryCounts counts(makeCounts(500, 300));
        Progress progress;
        QVERIFY(writePackedStore(path(), counts, "id", progress).ok());
        const auto store = *PackedStore::open(path(), "id");
        std::atomic<int> wrong{0};
        {
            std::vector<std::jthread> threads;
            for (int t = 0; t < 4; ++t)
                threads.emplace_back([&, t] {
                    for (int i = 0; i < 50; ++i) {
                        const std::vector<int64_t> rows = {(i * 7 + t) % 500, (i * 13) % 500};
                        if (!(*store->readRowsAt(rows) == *counts.readRowsAt(rows))) ++wrong;
                    }
                });
        }
        QCOMPARE(wrong.load(), 0);
    }

    void refusesOtherStatesAndDamage() {
        const MemoryCounts counts(makeCounts(100, 50));
        Progress progress;
        QVERIFY(writePackedStore(path(), counts, "id", progress).ok());
        QVERIFY(!PackedStore::open(path(), "other").ok());
        QVERIFY(!PackedStore::open(path("absent"), "id").ok());
        std::ifstream stream(path(), std::ios::binary);
        const std::string good{std::istreambuf_iterator<char>(stream), {}};
        int refused = 0;
        for (uint32_t i = 0; i < 500; ++i) {
            RandomStream random(3, i);
            std::string bytes = good;
            if (i % 5 == 0) bytes.resize(random.below(bytes.size()));
            for (int k = 0; k < 20 && !bytes.empty(); ++k) bytes[random.below(bytes.size())] = static_cast<char>(random.next32());
            std::ofstream(path("bad"), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            const auto store = PackedStore::open(path("bad"), "id");
            if (!store || !(*store)->readRows(0, (*store)->cells()).ok()) ++refused;
        }
        QVERIFY(refused > 300);
    }

    /// Somebody cuts the file while it is open: reading says so, and the program goes on.
    void survivesBeingCutWhileOpen() {
        const MemoryCounts counts(makeCounts(5000, 300));
        Progress progress;
        QVERIFY(writePackedStore(path("cut"), counts, "id", progress).ok());
        const auto store = PackedStore::open(path("cut"), "id");
        QVERIFY(store.ok());
        std::filesystem::resize_file(path("cut"), 5000);
        const auto rows = (*store)->readRows(4000, 5000);
        QVERIFY(!rows.ok());
        QVERIFY2(rows.error().code == ErrorCode::BadInput && rows.error().message.find("is damaged") != std::string::npos, rows.error().message.c_str());
        QVERIFY(!(*store)->readRowsAt({4999, 0}).ok());
        QVERIFY(!PackedStore::open(path("cut"), "id").ok());
    }

    /// What a killed program left half-written goes; what somebody may still write stays.
    void removesWhatKilledProgramsLeft() {
        const QByteArray before = qgetenv("XDG_CACHE_HOME");
        qputenv("XDG_CACHE_HOME", m_folder.filePath("abandoned").toUtf8());
        std::filesystem::create_directories(packedFolder());
        const pid_t child = ::fork();
        if (child == 0) ::_exit(0);
        QCOMPARE(::waitpid(child, nullptr, 0), child);
        const std::string gone = std::to_string(child), here = std::to_string(::getpid());
        const auto make = [](const std::string& name, bool old = true) {
            const auto file = packedFolder() / name;
            std::ofstream(file) << "half";
            if (old) {
                const timespec longAgo[2] = {{0, UTIME_OMIT}, {1'000'000'000, 0}};
                ::utimensat(AT_FDCWD, file.c_str(), longAgo, 0);
            }
            return file;
        };
        const auto half = make(".a.txfmpack.tmp-" + gone + "-0"), halfTables = make(".a.h5ad.tmp-" + gone + "-1");
        const auto lonely = make("b.h5ad");
        const auto running = make(".c.txfmpack.tmp-" + here + "-0"), tablesOfRunning = make("c.h5ad");
        const auto fresh = make(".d.txfmpack.tmp-" + gone + "-0", false);
        const auto locked = make(".e.txfmpack.tmp-" + gone + "-0");
        const auto whole = make("f.txfmpack"), tablesOfWhole = make("f.h5ad"), foreign = make("notes.tmp-1-2");
        const int lock = ::open(locked.c_str(), O_RDONLY | O_CLOEXEC);
        QCOMPARE(::flock(lock, LOCK_EX), 0);
        removeAbandonedCopies();
        for (const auto& file : {half, halfTables, lonely}) QVERIFY2(!std::filesystem::exists(file), file.c_str());
        for (const auto& file : {running, tablesOfRunning, fresh, locked, whole, tablesOfWhole, foreign})
            QVERIFY2(std::filesystem::exists(file), file.c_str());
        ::close(lock);
        removeAbandonedCopies();
        QVERIFY(!std::filesystem::exists(locked));
        qputenv("XDG_CACHE_HOME", before);
    }

    void isMadeOnceAndAgainAfterAChange() {
        const auto source = path("source.h5ad");
        std::ofstream(source) << "first";
        const MemoryCounts counts(makeCounts(100, 50)), changed(makeCounts(90, 50));
        Progress progress;
        const auto first = openOrMakePackedStore(source, "X", counts, progress);
        QVERIFY2(first.ok(), first.ok() ? "" : first.error().message.c_str());
        const auto stamp = std::filesystem::last_write_time(packedStorePath(source, "X"));
        QVERIFY(openOrMakePackedStore(source, "X", changed, progress).ok());
        QVERIFY(std::filesystem::last_write_time(packedStorePath(source, "X")) == stamp);  // not made again
        QCOMPARE(listPackedStores().size(), size_t{1});
        QCOMPARE(listPackedStores()[0].source, source.string());
        std::ofstream(source) << "second, longer";
        const auto second = openOrMakePackedStore(source, "X", changed, progress);
        QVERIFY(second.ok());
        QCOMPARE((*second)->cells(), int64_t{90});
        std::filesystem::remove(listPackedStores()[0].file);
        QVERIFY(listPackedStores().empty());
    }

    /// Beyond the limit the copy goes that was opened longest ago, but none that is open.
    void removesWhatWasNotOpenedForLongest() {
        qputenv("XDG_CACHE_HOME", m_folder.filePath("bounded").toUtf8());
        const MemoryCounts counts(makeCounts(600, 4000));  // more than a MiB each
        Progress progress;
        std::filesystem::path sources[4];
        const auto use = [&](int i) { return openOrMakePackedStore(sources[i], "X", counts, progress); };
        const auto stored = [&](int i) { return std::filesystem::exists(packedStorePath(sources[i], "X")); };
        for (int i = 0; i < 4; ++i) {
            sources[i] = path(("source" + std::to_string(i)).c_str());
            std::ofstream(sources[i]) << i;
        }
        for (int i = 0; i < 3; ++i) QVERIFY(use(i).ok());
        const uint64_t one = listPackedStores()[0].bytes;
        QVERIFY(one > (uint64_t{1} << 20));
        QVERIFY(use(0).ok());  // now 1 was not used for longest, and 2 after it
        qputenv("TXFM_PACKED_LIMIT", QByteArray::number(static_cast<qulonglong>((3 * one + one / 2) >> 20)));
        {
            const auto held = use(1);
            const timespec longAgo[2] = {{1, 0}, {0, UTIME_OMIT}};
            QCOMPARE(::utimensat(AT_FDCWD, packedStorePath(sources[1], "X").c_str(), longAgo, 0), 0);
            QVERIFY(use(3).ok());
            QVERIFY(stored(0) && stored(1) && !stored(2) && stored(3));
            QVERIFY(held->get()->readRows(0, 10).ok());
        }
        qputenv("TXFM_PACKED_LIMIT", "0");
        QVERIFY(use(2).ok());  // the only one that is open
        QVERIFY(!stored(0) && !stored(1) && stored(2) && !stored(3));
        qunsetenv("TXFM_PACKED_LIMIT");
    }

    void stopsWhenCancelled() {
        Progress progress;
        CancelToken token = progress.token();
        token.cancel();
        const auto written = writePackedStore(path("cancelled"), MemoryCounts(makeCounts(10, 10)), "id", progress);
        QVERIFY(!written.ok());
        QVERIFY(written.error().code == ErrorCode::Cancelled);
        QVERIFY(!std::filesystem::exists(path("cancelled")));
    }
};

QTEST_GUILESS_MAIN(TestPackedStore)
#include "test_packed_store.moc"
