// SPDX-License-Identifier: GPL-3.0-or-later
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QSpinBox>
#include <QtTest>

#include "ui/widgets/options_form.h"

using namespace txfm;
using workflow::OptionField;

struct Options {
    bool flag = false;
    int64_t count = 5;
    double rate = 0.5;
    std::string mode = "a";
    std::string text;
    std::vector<std::string> list;
};

static workflow::OptionFields fieldsOf(Options& o) {
    return {{.flag = "some-flag", .target = &o.flag, .description = "d"},
            {.flag = "count", .target = &o.count, .description = "d", .min = 1, .max = 10},
            {.flag = "rate", .target = &o.rate, .description = "d", .min = 0, .max = 1, .advanced = true},
            {.flag = "mode", .target = &o.mode, .description = "d", .choices = {"a", "b"}},
            {.flag = "text", .target = &o.text, .description = "d"},
            {.flag = "list", .target = &o.list, .description = "d"}};
}

class TestOptionsForm : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void editsReachTheStructAndTheJob() {
        Options o;
        ui::OptionsForm form;
        form.setFields(fieldsOf(o));
        QVERIFY(form.changedOptions().empty());
        qobject_cast<QCheckBox*>(form.editor("some-flag"))->click();
        qobject_cast<QSpinBox*>(form.editor("count"))->setValue(7);
        qobject_cast<QLineEdit*>(form.editor("rate"))->setText("0.25");
        qobject_cast<QComboBox*>(form.editor("mode"))->setCurrentText("b");
        qobject_cast<QLineEdit*>(form.editor("text"))->setText(" hello ");
        qobject_cast<QLineEdit*>(form.editor("list"))->setText("x, y");
        QVERIFY(o.flag);
        QCOMPARE(o.count, int64_t{7});
        QCOMPARE(o.rate, 0.25);
        const nlohmann::json expected{{"some_flag", true}, {"count", 7}, {"rate", 0.25}, {"mode", "b"}, {"text", "hello"}, {"list", {"x", "y"}}};
        QCOMPARE(form.changedOptions().dump(), expected.dump());
    }
    void changedOptionsComeBack() {
        Options o;
        ui::OptionsForm form;
        form.setFields(fieldsOf(o), {"text"});
        const nlohmann::json kept{{"count", 7}, {"rate", 0.25}, {"mode", "b"}, {"list", {"x", "y"}}};
        qobject_cast<QCheckBox*>(form.editor("some-flag"))->click();
        form.setChangedOptions(kept);
        QCOMPARE(form.changedOptions().dump(), kept.dump());
        QVERIFY(!o.flag);
        QCOMPARE(qobject_cast<QLineEdit*>(form.editor("rate"))->text(), QString("0.25"));
        form.setChangedOptions({{"count", 99}, {"rate", "fast"}, {"mode", "c"}, {"text", "hidden"}, {"unknown", 1}, {"some_flag", true}});
        QCOMPARE(form.changedOptions().dump(), nlohmann::json({{"some_flag", true}}).dump());
        form.setChangedOptions(nlohmann::json::array());
        QVERIFY(o.flag);
    }
    void badValuesAreExplainedAndNotTaken() {
        Options o;
        ui::OptionsForm form;
        form.setFields(fieldsOf(o));
        auto* rate = qobject_cast<QLineEdit*>(form.editor("rate"));
        rate->setText("2");
        QVERIFY(form.problem().contains("Rate"));
        QCOMPARE(o.rate, 0.5);
        rate->setText("nonsense");
        QVERIFY(!form.problem().isEmpty());
        rate->setText("1");
        QVERIFY(form.problem().isEmpty());
    }
    void hiddenFieldsHaveNoEditor() {
        Options o;
        ui::OptionsForm form;
        form.setFields(fieldsOf(o), {"text"});
        QVERIFY(!form.editor("text"));
        QVERIFY(form.editor("mode"));
    }
    void theRangeOfTheFieldIsTheEditors() {
        Options o;
        ui::OptionsForm form;
        form.setFields(fieldsOf(o));
        auto* count = qobject_cast<QSpinBox*>(form.editor("count"));
        QCOMPARE(count->minimum(), 1);
        QCOMPARE(count->maximum(), 10);
    }
};

QTEST_MAIN(TestOptionsForm)
#include "test_options_form.moc"
