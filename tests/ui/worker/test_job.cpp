// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs against a stand-in for the txfm program: a shell script that prints what each case needs. What the
// real program prints is tested with the window as a whole (tests/studio) and with the command line.
#include <QtTest>

#include "ui/worker/job.h"
#include "ui/worker/job_chain.h"

using namespace txfm;
using namespace txfm::ui;

class TestJob : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        qputenv("XDG_STATE_HOME", m_folder->filePath("state").toUtf8());
    }
    void doneWithResult() {
        program("echo '{\"type\":\"progress\",\"stage\":\"embed\",\"done\":5,\"total\":10,\"unit\":\"cells\"}'\n"
                "echo '{\"type\":\"step\",\"step\":1,\"loss\":2.5}'\n"
                "echo '{\"type\":\"result\",\"cells\":10}'\n");
        Job* job = start();
        QTRY_VERIFY(!job->isRunning());
        QCOMPARE(job->state(), Job::State::Done);
        QCOMPARE(job->result()["cells"].get<int>(), 10);
        QCOMPARE(job->lastProgress().done, 5.0);
        QCOMPARE(job->steps().size(), size_t{1});
    }
    void theJobFileSaysWhatWasAsked() {
        program("cp \"$2\" \"" + m_folder->filePath("seen.json") + "\"\necho '{\"type\":\"result\"}'\n");
        Job* job = start();
        QTRY_VERIFY(!job->isRunning());
        QFile seen(m_folder->filePath("seen.json"));
        QVERIFY(seen.open(QIODevice::ReadOnly));
        const auto json = nlohmann::json::parse(seen.readAll().toStdString());
        QCOMPARE(json["command"].get<std::string>(), std::string("embed"));
        QCOMPARE(json["options"]["data"].get<std::string>(), std::string("in.h5ad"));
        QCOMPARE(json["progress"].get<std::string>(), std::string("jsonl"));
        QVERIFY(json.contains("device") && json.contains("threads") && json.contains("seed"));
    }
    void waitingThreadsSleepUnlessTheUserSaysOtherwise() {
        program("echo \"{\\\"type\\\":\\\"result\\\",\\\"policy\\\":\\\"$OMP_WAIT_POLICY\\\"}\"\n");
        const auto policy = [this] {
            Job* job = start();
            if (!QTest::qWaitFor([job] { return !job->isRunning(); }) || job->result().is_null()) return std::string("no result");
            return job->result().value("policy", std::string("no policy"));
        };
        QCOMPARE(policy(), std::string("passive"));
        qputenv("OMP_WAIT_POLICY", "active");
        QCOMPARE(policy(), std::string("active"));
        qunsetenv("OMP_WAIT_POLICY");
    }
    void errorsCarryTheirSentence() {
        program("echo 'txfm: bad' >&2\necho '{\"type\":\"error\",\"code\":3,\"message\":\"The file x is cut off.\",\"hint\":\"Copy it again.\"}'\nexit 3\n");
        Job* job = start();
        QTRY_VERIFY(!job->isRunning());
        QCOMPARE(job->state(), Job::State::Failed);
        QCOMPARE(job->error().code, ErrorCode::BadInput);
        QCOMPARE(job->error().message, std::string("The file x is cut off."));
        QVERIFY(job->details().contains(QStringLiteral("txfm: bad")));
    }
    void aKilledWorkerIsOneSentence() {
        program("kill -9 $$\n");
        Job* job = start();
        QTRY_VERIFY(!job->isRunning());
        QCOMPARE(job->state(), Job::State::Failed);
        QVERIFY(QString::fromStdString(job->error().message).contains(QStringLiteral("ended unexpectedly")));
        QVERIFY(!QString::fromStdString(job->error().message).contains(QLatin1Char('\n')));
    }
    void cancelIsAnInterrupt() {
        program("trap 'echo \"{\\\"type\\\":\\\"error\\\",\\\"code\\\":5,\\\"message\\\":\\\"Cancelled; 3 of 9 cells are kept.\\\"}\"; exit 5' INT\n"
                "echo '{\"type\":\"progress\",\"done\":3}'\nwhile true; do sleep 0.05; done\n");
        Job* job = start();
        QTRY_COMPARE(job->lastProgress().done, 3.0);
        job->cancel();
        QTRY_VERIFY(!job->isRunning());
        QCOMPARE(job->state(), Job::State::Cancelled);
    }
    void aJobIsFoundAgainAndFollowedToItsEnd() {
        program("echo '{\"type\":\"step\",\"step\":1,\"loss\":3}'\nwhile [ ! -e \"" + m_folder->filePath("go") +
                "\" ]; do sleep 0.05; done\necho '{\"type\":\"step\",\"step\":2,\"loss\":2}'\necho '{\"type\":\"result\"}'\n");
        Job* first = start(true);
        QTRY_COMPARE(first->steps().size(), size_t{1});
        delete first;  // the window closes
        const std::vector<Job*> found = findJobs(this);
        QCOMPARE(found.size(), size_t{1});
        Job* job = found.front();
        QCOMPARE(job->spec().title, QStringLiteral("title"));
        QTRY_COMPARE(job->steps().size(), size_t{1});
        QVERIFY(job->isRunning());
        QFile(m_folder->filePath("go")).open(QIODevice::WriteOnly);
        QTRY_VERIFY(!job->isRunning());
        QCOMPARE(job->state(), Job::State::Done);
        QCOMPARE(job->steps().size(), size_t{2});
        job->discard();
        QVERIFY(findJobs(this).empty());
    }
    void resumeKeepsTheCurveWithoutRepeats() {
        program("if grep -q '\"resume\": true' \"$2\"; then\n"
                "echo '{\"type\":\"step\",\"step\":2,\"loss\":20}'\necho '{\"type\":\"step\",\"step\":3,\"loss\":30}'\necho '{\"type\":\"result\"}'\n"
                "else\nfor s in 1 2; do echo \"{\\\"type\\\":\\\"step\\\",\\\"step\\\":$s,\\\"loss\\\":1}\"; done\n"
                "echo '{\"type\":\"error\",\"code\":5,\"message\":\"Stopped.\"}'\nexit 5\nfi\n");
        Job* job = start(true);
        QTRY_VERIFY(!job->isRunning());
        QCOMPARE(job->state(), Job::State::Cancelled);
        QVERIFY(job->resume().ok());
        QTRY_VERIFY(!job->isRunning());
        QCOMPARE(job->state(), Job::State::Done);
        QCOMPARE(job->steps().size(), size_t{3});
        QCOMPARE(job->steps()[1].loss, 20.0);
    }
    void aChainThatGoesAwayStopsItsJob_data() {
        QTest::addColumn<QByteArray>("stage");
        QTest::newRow("deep in one long cell") << QByteArray("embed");
        QTest::newRow("writing a file, which it may clear away") << QByteArray("write");
    }
    void aChainThatGoesAwayStopsItsJob() {
        QFETCH(QByteArray, stage);
        const QString ended = m_folder->filePath("ended"), id = m_folder->filePath("id");
        const bool writing = stage == "write";
        program("echo $$ > \"" + id + "\"\ntrap '" + (writing ? "touch \"" + ended + "\"; exit 5" : QString()) + "' INT\n"
                "echo '{\"type\":\"progress\",\"stage\":\"" + QString::fromLatin1(stage) + "\",\"done\":1}'\nwhile true; do sleep 0.05; done\n");
        auto chain = std::make_unique<JobChain>();
        QSignalSpy progress(chain.get(), &JobChain::progressChanged);
        chain->add([] { return spec(false); });
        chain->start();
        QTRY_VERIFY(progress.count() > 0);
        QFile file(id);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const ProcessId process = ProcessId::ofRunning(file.readAll().trimmed().toLongLong());
        QVERIFY(process.isRunning());
        chain.reset();  // the window closes
        QTRY_VERIFY(!process.isRunning());
        QCOMPARE(QFile::exists(ended), writing);
    }
    void aMissingProgramIsSaid() {
        qputenv("TXFM_PROGRAM", "/nowhere/txfm");
        const Result<Job*> job = Job::start(spec(false), newJobFolder("embed"), this);
        QVERIFY(!job.ok());
        QVERIFY(QString::fromStdString(job.error().message).contains(QStringLiteral("/nowhere/txfm")));
    }
    void aChainStopsAtTheFirstFailure() {
        program("if grep -q second \"$2\"; then echo '{\"type\":\"error\",\"code\":1,\"message\":\"No.\"}'; exit 1; fi\necho '{\"type\":\"result\"}'\n");
        JobChain chain;
        int made = 0;
        for (const char* name : {"first", "second", "third"}) {
            chain.add([&made, name] {
                ++made;
                JobSpec s;
                s.command = QStringLiteral("embed");
                s.options["data"] = name;
                return s;
            });
        }
        QSignalSpy stopped(&chain, &JobChain::stopped), done(&chain, &JobChain::done), jobDone(&chain, &JobChain::jobDone);
        chain.start();
        QTRY_COMPARE(stopped.count(), 1);
        QCOMPARE(made, 2);
        QCOMPARE(jobDone.count(), 1);
        QCOMPARE(done.count(), 0);
        QVERIFY(!chain.isRunning());
    }

private:
    void program(const QString& body) {
        QFile script(m_folder->filePath("txfm"));
        QVERIFY(script.open(QIODevice::WriteOnly | QIODevice::Truncate));
        script.write("#!/bin/sh\n" + body.toUtf8());
        script.close();
        script.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        qputenv("TXFM_PROGRAM", script.fileName().toUtf8());
    }
    static JobSpec spec(bool survives) {
        JobSpec s;
        s.command = QStringLiteral("embed");
        s.title = QStringLiteral("title");
        s.options["data"] = "in.h5ad";
        s.survivesWindow = survives;
        return s;
    }
    Job* start(bool survives = false) {
        const Result<Job*> job = Job::start(spec(survives), newJobFolder("embed"), this);
        if (!job) qFatal("%s", job.error().message.c_str());
        return *job;
    }
    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestJob)
#include "test_job.moc"
