// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

/// Which of the libraries that define the same names the real program uses.
class TestLibraries : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void libTorchUsesItsOwnMatrixProducts();
};

void TestLibraries::libTorchUsesItsOwnMatrixProducts() {
    QProcess program;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("LD_DEBUG", "bindings");
    environment.insert("LD_BIND_NOW", "1");
    program.setProcessEnvironment(environment);
    program.start(QStringLiteral(TXFM_BIN_DIR "/txfm"), {"--version"});
    QVERIFY(program.waitForFinished(60'000));
    QCOMPARE(program.exitCode(), 0);
    static const QRegularExpression binding("binding file \\S*libtorch_cpu\\.so \\[0\\] to (\\S+) \\[0\\]: normal symbol [`']sgemm_'");
    const QRegularExpressionMatch found = binding.match(QString::fromUtf8(program.readAllStandardError()));
    QVERIFY2(found.hasMatch(), "LibTorch looks for no matrix product by name any more: this test has lost its object");
    QVERIFY2(found.captured(1).endsWith("libtorch_cpu.so"), qPrintable(found.captured(1)));
}

QTEST_GUILESS_MAIN(TestLibraries)
#include "test_libraries.moc"
