// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "core/training/one_cycle.h"
#include "core/training/step_plan.h"
#include "tests/support/test_support.h"

using namespace txfm;
using namespace txfm::training;

class TestSchedule : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void equalsGoldenOneCycle() {
        const auto golden = test::golden()["onecycle"];
        const OneCycle schedule{golden["max_lr"].get<double>(), golden["total_steps"].get<double>(),
                                golden["pct_start"].get<double>()};
        for (const auto& [step, rate] : golden["lr"].items()) {
            const double expected = rate.get<double>();
            QVERIFY2(std::abs(schedule.learningRate(std::stod(step)) - expected) < 1e-12 + 1e-9 * expected, step.c_str());
        }
        for (const auto& [step, beta] : golden["beta1_if_cycle_momentum"].items())
            QVERIFY2(std::abs(schedule.beta1(std::stod(step)) - beta.get<double>()) < 1e-9, step.c_str());
    }
    void shortRunsStayFinite() {
        for (double steps : {1.0, 2.0, 5.0, 11.0}) {
            const OneCycle schedule{1e-3, steps, 0.1};
            for (double s = 0; s < steps; ++s) {
                const double rate = schedule.learningRate(s);
                QVERIFY(std::isfinite(rate) && rate > 0 && rate <= 1e-3);
            }
        }
    }
    void replanKeepsThePassedPartAndEndsAtTheMinimum() {
        StepPlan plan = StepPlan::fixed(1000);
        for (int i = 0; i < 300; ++i) plan.advance();
        const double share = plan.position / (plan.totalSteps - 1);
        const double before = OneCycle{1e-3, plan.totalSteps, 0.1}.learningRate(plan.position);
        plan.replan(70);
        QVERIFY(std::abs(plan.position / (plan.totalSteps - 1) - share) < 1e-12);
        // Rounding of the rising part to whole steps moves the curve a little.
        QVERIFY(std::abs(OneCycle{1e-3, plan.totalSteps, 0.1}.learningRate(plan.position) - before) < 0.02 * before);
        int64_t steps = 0;
        double rate = 0;
        while (!plan.finished()) {
            rate = OneCycle{1e-3, plan.totalSteps, 0.1}.learningRate(plan.position);
            plan.advance();
            ++steps;
        }
        QCOMPARE(steps, int64_t{70});
        QVERIFY(std::abs(rate - 4e-9) < 1e-12);
    }
    void noTimeLeftIsTheEndOfTheCurve() {
        for (int64_t steps : {1, 0, -5}) {
            StepPlan plan = StepPlan::fixed(1000);
            for (int i = 0; i < 300; ++i) plan.advance();
            plan.replan(steps);
            QCOMPARE(plan.remaining, int64_t{1});
            QVERIFY(std::abs(OneCycle{1e-3, plan.totalSteps, 0.1}.learningRate(plan.position) - 4e-9) < 1e-12);
            plan.replan(50);  // the last step stays the last
            QCOMPARE(plan.remaining, int64_t{1});
        }
    }
    void planSurvivesAnUninterruptedRoundTrip() {
        StepPlan plan = StepPlan::fixed(97);
        plan.advance();
        plan.replan(200);
        const StepPlan copy = StepPlan::fromJson(nlohmann::json::parse(plan.toJson().dump()));
        QCOMPARE(copy.position, plan.position);
        QCOMPARE(copy.totalSteps, plan.totalSteps);
        QCOMPARE(copy.remaining, plan.remaining);
    }
};

QTEST_GUILESS_MAIN(TestSchedule)
#include "test_schedule.moc"
