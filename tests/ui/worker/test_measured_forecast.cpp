// SPDX-License-Identifier: GPL-3.0-or-later
// Trials against a stand-in for the txfm program that notes what it was asked and how it ended.
#include <QtTest>

#include "ui/worker/measured_forecast.h"
#include "ui/worker/process_id.h"

using namespace txfm;
using namespace txfm::ui;

class TestMeasuredForecast : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        qputenv("XDG_STATE_HOME", m_folder->filePath("state").toUtf8());
    }
    void measuresOnceForTheSameQuestion() {
        program("echo '{\"type\":\"result\",\"forecast\":{\"seconds\":12.5,\"memory_mb\":300}}'\n");
        MeasuredForecast forecast;
        forecast.ask(spec(5), 5);
        QVERIFY(forecast.isMeasuring());
        QTRY_VERIFY_WITH_TIMEOUT(!forecast.isMeasuring(), 30000);
        QVERIFY(!forecast.error());
        QCOMPARE(forecast.figures().value("seconds", 0.0), 12.5);
        forecast.drop();
        forecast.ask(spec(5), 5);
        QVERIFY(!forecast.isMeasuring());
        QCOMPARE(forecast.figures().value("memory_mb", 0.0), 300.0);
        QCOMPARE(asked().size(), 1);
        QVERIFY(asked().constFirst().contains("\"forecast\": true"));
        forecast.ask(spec(6), 6);
        QVERIFY(forecast.isMeasuring() && forecast.figures().is_null());
    }
    void changesOfAMomentAreOneTrial() {
        program("echo '{\"type\":\"result\",\"forecast\":{\"seconds\":1}}'\n");
        MeasuredForecast forecast;
        for (const int epochs : {1, 12, 123}) forecast.ask(spec(epochs), epochs);
        QTRY_VERIFY_WITH_TIMEOUT(!forecast.isMeasuring(), 30000);
        QCOMPARE(asked().size(), 1);
        QVERIFY(asked().constFirst().contains("\"epochs\": 123"));
    }
    void anotherQuestionStopsTheTrial() {
        program("grep -q '\"epochs\": 1,' \"$2\" || { echo '{\"type\":\"result\",\"forecast\":{\"seconds\":7}}'; exit 0; }\n"
                "trap '' INT\necho $$ > \"" + m_folder->filePath("pid") + "\"\nwhile true; do sleep 0.05; done\n");
        MeasuredForecast forecast;
        forecast.ask(spec(1), 1);
        QTRY_VERIFY_WITH_TIMEOUT(!contentOf("pid").isEmpty(), 30000);
        forecast.ask(spec(2), 2);
        QTRY_VERIFY_WITH_TIMEOUT(!forecast.isMeasuring(), 30000);
        QCOMPARE(forecast.figures().value("seconds", 0.0), 7.0);
        // The first one has ended, deep in one long cell as it was.
        QTRY_VERIFY_WITH_TIMEOUT(!ProcessId::ofRunning(contentOf("pid").toLongLong()).isRunning(), 30000);
    }
    void aFailureIsItsSentence() {
        program("echo '{\"type\":\"error\",\"code\":4,\"message\":\"Memory ran out.\",\"hint\":\"\"}'\nexit 4\n");
        MeasuredForecast forecast;
        forecast.ask(spec(1), 1);
        QTRY_VERIFY_WITH_TIMEOUT(!forecast.isMeasuring(), 30000);
        QVERIFY(forecast.figures().is_null());
        QCOMPARE(forecast.error()->message, std::string("Memory ran out."));
    }

private:
    QByteArray contentOf(const char* name) const {
        QFile file(m_folder->filePath(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed() : QByteArray();
    }
    static JobSpec spec(int epochs) {
        JobSpec spec;
        spec.command = QStringLiteral("finetune");
        spec.options = {{"data", {"in.h5ad"}}, {"epochs", epochs}};
        return spec;
    }
    void program(const QString& body) {
        const QString path = m_folder->filePath("txfm");
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly)) qFatal("cannot write the stand-in");
        file.write(("#!/bin/sh\ncp \"$2\" \"$(mktemp \"" + m_folder->filePath("asked-XXXXXX") + "\")\"\n" + body).toUtf8());
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        file.close();
        qputenv("TXFM_PROGRAM", path.toUtf8());
    }
    /// Job files that the program was started with.
    QStringList asked() const {
        QStringList texts;
        for (const QString& name : QDir(m_folder->path()).entryList({"asked-*"}, QDir::Files)) {
            QFile file(m_folder->filePath(name));
            if (file.open(QIODevice::ReadOnly) && file.size() > 0) texts << QString::fromUtf8(file.readAll());
        }
        return texts;
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestMeasuredForecast)
#include "test_measured_forecast.moc"
