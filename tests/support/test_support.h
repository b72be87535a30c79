// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QProcessEnvironment>
#include <QString>
#include <QStringList>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace txfm::test {

/// A file of tests/data.
std::filesystem::path dataFile(const std::string& relative);
/// A golden table of tests/golden, parsed.
nlohmann::json golden();
/// The optional folder with large real files (environment variable TXFM_TEST_DATA); empty when unset.
std::filesystem::path externalData(const std::string& relative = {});

/// The specification's input generator (spec §12): sin(a·i + b·j + c·i·j), i, j from 1, row-major [n × d].
std::vector<double> goldenInput(int n, int d, double a = 0.9, double b = 1.7, double c = 0.13);

struct ProgramResult {
    int status = -1;      ///< exit status; -1 = did not start or was killed by a signal
    bool crashed = false;
    bool timedOut = false;
    QByteArray out, err;
};
/// Runs a program to its end, without standard input.
ProgramResult runProgram(const QString& program, const QStringList& arguments, const QProcessEnvironment& environment,
                         int timeoutMs = 300000);
/// Runs the built `txfm` with these arguments.
ProgramResult runTxfm(const QStringList& arguments, const QProcessEnvironment& environment = QProcessEnvironment::systemEnvironment(),
                      int timeoutMs = 300000);
QString txfmProgram();
QString studioProgram();

}  // namespace txfm::test
