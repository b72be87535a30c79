// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/test_support.h"

#include <QProcess>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace txfm::test {
namespace fs = std::filesystem;

fs::path dataFile(const std::string& relative) { return fs::path(TXFM_TEST_DATA_DIR) / relative; }

nlohmann::json golden() {
    std::ifstream in(fs::path(TXFM_TEST_GOLDEN_DIR) / "txfm-golden.json");
    if (!in) throw std::runtime_error("tests/golden/txfm-golden.json is missing");
    return nlohmann::json::parse(in);
}

fs::path externalData(const std::string& relative) {
    const char* folder = std::getenv("TXFM_TEST_DATA");
    if (!folder || !*folder) return {};
    return relative.empty() ? fs::path(folder) : fs::path(folder) / relative;
}

std::vector<double> goldenInput(int n, int d, double a, double b, double c) {
    std::vector<double> values;
    values.reserve(static_cast<size_t>(n) * d);
    for (int i = 1; i <= n; ++i) {
        for (int j = 1; j <= d; ++j) values.push_back(std::sin(a * i + b * j + c * i * j));
    }
    return values;
}

QString txfmProgram() { return QStringLiteral(TXFM_BIN_DIR "/txfm"); }
QString studioProgram() { return QStringLiteral(TXFM_BIN_DIR "/txfm-studio"); }

ProgramResult runTxfm(const QStringList& arguments, const QProcessEnvironment& environment, int timeoutMs) {
    return runProgram(txfmProgram(), arguments, environment, timeoutMs);
}

ProgramResult runProgram(const QString& program, const QStringList& arguments, const QProcessEnvironment& environment,
                         int timeoutMs) {
    QProcess process;
    process.setProcessEnvironment(environment);
    process.start(program, arguments);
    ProgramResult result;
    if (!process.waitForStarted()) return result;
    process.closeWriteChannel();
    if (!process.waitForFinished(timeoutMs)) {
        result.timedOut = true;
        process.kill();
        process.waitForFinished();
    }
    result.crashed = process.exitStatus() == QProcess::CrashExit;
    result.status = result.crashed ? -1 : process.exitCode();
    result.out = process.readAllStandardOutput();
    result.err = process.readAllStandardError();
    return result;
}

}  // namespace txfm::test
