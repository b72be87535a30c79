// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QtTest>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <numeric>
#include <thread>

#include "core/base/atomic_file.h"
#include "core/base/parallel.h"
#include "core/base/progress.h"
#include "core/base/random.h"
#include "core/base/utf8.h"

using namespace txfm;

class TestBase : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::filesystem::path path(const char* name) const { return m_folder.filePath(name).toStdString(); }

private Q_SLOTS:
    void philoxAgreesWithItsAuthors() {
        // Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
        using Words = std::array<uint32_t, 4>;
        QVERIFY((philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
        QVERIFY((philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
        QVERIFY((philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
                 Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
    }

    void streamsAreReproducibleAndApart() {
        RandomStream a(7, 1, 2), b(7, 1, 2), c(7, 1, 3);
        int equal = 0;
        double sum = 0, squares = 0;
        for (int i = 0; i < 20000; ++i) {
            const uint32_t x = a.next32();
            QCOMPARE(x, b.next32());
            equal += x == c.next32();
        }
        QVERIFY(equal < 3);
        for (int i = 0; i < 20000; ++i) {
            const double x = a.normal();
            sum += x;
            squares += x * x;
            QVERIFY(a.below(7) < 7);
            const float u = a.uniform();
            QVERIFY(u > 0 && u < 1);
        }
        QVERIFY(std::abs(sum / 20000) < 0.03);
        QVERIFY(std::abs(squares / 20000 - 1) < 0.05);
    }

    void coversEveryIndexOnce() {
        for (const int threads : {1, 2, 5}) {
            setThreadCount(threads);
            for (const size_t n : {0, 1, 7, 1000, 12345}) {
                std::vector<std::atomic<int>> seen(n);
                parallelFor(n, 16, [&](size_t begin, size_t end) {
                    for (size_t i = begin; i < end; ++i) ++seen[i];
                });
                for (const auto& count : seen) QCOMPARE(count.load(), 1);
            }
        }
        setThreadCount(0);
    }

    void filesAppearWholeOrNotAtAll() {
        const auto target = path("a.txt");
        QVERIFY(writeFileAtomically(target, "first").ok());
        QCOMPARE(*readWholeFile(target), std::string("first"));
        {
            auto file = AtomicFile::create(target);
            QVERIFY(file.ok());
            std::ofstream(file->temporaryPath()) << "never seen";
        }
        QCOMPARE(*readWholeFile(target), std::string("first"));
        QCOMPARE(std::distance(std::filesystem::directory_iterator(m_folder.path().toStdString()), {}), std::ptrdiff_t{1});
        QVERIFY(!AtomicFile::create(path("missing/folder.txt")).ok());
        QVERIFY(!AtomicFile::create(m_folder.path().toStdString()).ok());
        QVERIFY(!readWholeFile(path("absent")).ok());
        QVERIFY(!readWholeFile(target, 3).ok());
    }

    void reportsProgressToTheEnd() {
        struct Sink : Progress {
            std::vector<double> done;
            void progress(const ProgressUpdate& update) override { done.push_back(update.done); }
        } sink;
        {
            StageProgress stage(sink, "read", 100, "cells");
            for (int i = 0; i < 100; ++i) stage.advance(1);
        }
        QCOMPARE(sink.done.front(), 0.0);
        QCOMPARE(sink.done.back(), 100.0);
        QVERIFY(sink.done.size() < 50);
    }

    void countsOnlyThisRunIntoTheRate() {
        struct Sink : Progress {
            std::vector<ProgressUpdate> updates;
            void progress(const ProgressUpdate& update) override { updates.push_back(update); }
        } sink;
        {
            StageProgress stage(sink, "embed", 1000, "cells", 900);
            std::this_thread::sleep_for(std::chrono::milliseconds(120));
            stage.set(901);
        }
        QCOMPARE(sink.updates.front().done, 900.0);
        QCOMPARE(sink.updates.front().etaSeconds, -1.0);
        const ProgressUpdate& last = sink.updates.back();
        QCOMPARE(last.done, 901.0);
        QVERIFY(last.rate > 0 && last.rate < 1 / 0.119);
        QVERIFY(last.etaSeconds > 99 * 0.119);
    }

    void recognisesUtf8() {
        QVERIFY(isUtf8("plain ä € 😀"));
        QVERIFY(!isUtf8("\xe4"));
        QVERIFY(!isUtf8("\xc0\x80"));           // overlong
        QVERIFY(!isUtf8("\xed\xa0\x80"));       // surrogate
        QVERIFY(!isUtf8("\xf4\x90\x80\x80"));   // beyond Unicode
        QVERIFY(!isUtf8("\xe2\x82"));           // cut off
        QCOMPARE(toUtf8("Gr\xf6\xdf" "e"), std::string("Größe"));
        QCOMPARE(toUtf8(std::string("ab\0cd", 5)), std::string("ab"));
    }
};

QTEST_GUILESS_MAIN(TestBase)
#include "test_base.moc"
