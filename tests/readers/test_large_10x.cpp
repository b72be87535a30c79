// SPDX-License-Identifier: GPL-3.0-or-later
// 10x HDF5 files whose counts do not fit in memory: left in the file, packed, and opened again.
#include <QTemporaryDir>
#include <QtTest>

#include "core/io/reader.h"
#include "tests/support/test_support.h"

using namespace txfm;

class TestLarge10x : public QObject {
    Q_OBJECT
    QTemporaryDir m_cache;

private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CACHE_HOME", m_cache.path().toUtf8()); }
    void cleanup() { qunsetenv("TXFM_MEMORY_FOR_COUNTS"); }

    void holdsTheSameCounts_data() {
        QTest::addColumn<QString>("file");
        QTest::newRow("version 2") << "hdf5/tenx_v2_two_genomes.h5";
        QTest::newRow("version 3") << "hdf5/tenx_v3.h5";
    }
    void holdsTheSameCounts() {
        QFETCH(QString, file);
        const auto path = test::dataFile(file.toStdString());
        Progress progress;
        const auto memory = io::openDataset(path, {}, progress);
        QVERIFY2(memory.ok(), memory.ok() ? "" : memory.error().message.c_str());
        QVERIFY(memory->counts->inMemory());
        qputenv("TXFM_MEMORY_FOR_COUNTS", "0");
        for (const char* time : {"left in the file", "packed", "opened again"}) {
            io::ReadOptions options;
            options.keepInMemory = time != std::string("left in the file");
            const auto other = io::openDataset(path, options, progress);
            QVERIFY2(other.ok(), other.ok() ? "" : other.error().message.c_str());
            QCOMPARE(other->cells(), memory->cells());
            QVERIFY(other->var == memory->var);
            QVERIFY(other->obs == memory->obs);
            QVERIFY2(*other->counts->readRows(0, other->cells()) == *memory->counts->inMemory(), time);
            QVERIFY(other->provenance.valueKind == ValueKind::Counts);
            QCOMPARE(other->provenance.countsIn, memory->provenance.countsIn);
        }
    }
};

QTEST_GUILESS_MAIN(TestLarge10x)
#include "test_large_10x.moc"
