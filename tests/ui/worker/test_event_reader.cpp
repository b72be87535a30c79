// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QtTest>

#include "ui/worker/event_reader.h"

using namespace txfm;
using namespace txfm::ui;

class TestEventReader : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void linesMayArriveInPieces() {
        EventReader reader;
        QVERIFY(reader.feed("{\"type\":\"progress\",\"do").empty());
        const auto events = reader.feed("ne\":3}\n{\"type\":\"message\",\"text\":\"a\"}\n{\"type\"");
        QCOMPARE(events.size(), size_t{2});
        QCOMPARE(events[0]["done"].get<int>(), 3);
        QCOMPARE(eventText(events[1], "text"), std::string("a"));
        QCOMPARE(reader.feed(":\"step\",\"step\":1}\n").size(), size_t{1});
        QCOMPARE(reader.skippedLines(), 0);
    }
    void foreignLinesAreSkippedAndCounted() {
        EventReader reader;
        const auto events = reader.feed("warning: something\n[1,2]\n{\"no\":\"type\"}\n{\"type\":5}\n\n{\"type\":\"result\"}\n");
        QCOMPARE(events.size(), size_t{1});
        QCOMPARE(reader.skippedLines(), 4);
    }
    void nullNumbersAreNotMeasured() {
        const StepUpdate step = stepFromJson({{"type", "step"}, {"step", 7}, {"loss", 0.5}, {"val_loss", nullptr}, {"lr", 1e-3}});
        QCOMPARE(step.step, int64_t{7});
        QCOMPARE(step.loss, 0.5);
        QVERIFY(std::isnan(step.valLoss));
        const txfm::ProgressUpdate progress = progressFromJson({{"type", "progress"}, {"done", 2}, {"eta_s", nullptr}});
        QCOMPARE(progress.etaSeconds, -1.0);
    }
    void wrongTypesDoNoHarm() {
        const StepUpdate step = stepFromJson({{"type", "step"}, {"step", "seven"}, {"loss", nlohmann::json::array()}});
        QCOMPARE(step.step, int64_t{0});
        QVERIFY(std::isnan(step.loss));
        QCOMPARE(eventText({{"text", 5}}, "text"), std::string());
    }
};

QTEST_GUILESS_MAIN(TestEventReader)
#include "test_event_reader.moc"
