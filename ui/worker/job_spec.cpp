// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/worker/job_spec.h"

#include <QRegularExpression>

namespace txfm::ui {
namespace {

QString quoted(const QString& word) {
    static const QRegularExpression plain(QStringLiteral("^[A-Za-z0-9_@%+=:,./-]+$"));
    if (plain.match(word).hasMatch()) return word;
    QString text = word;
    return QLatin1Char('\'') + text.replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
}

QString text(const nlohmann::json& value) {
    return QString::fromStdString(value.is_string() ? value.get<std::string>() : value.dump());
}

}  // namespace

nlohmann::json JobSpec::toJson() const {
    return {{"command", command.toStdString()}, {"options", options}, {"device", device},
            {"threads", threads}, {"seed", seed}, {"progress", "jsonl"}};
}

QString JobSpec::commandLine() const {
    QString line = QStringLiteral("txfm ") + command;
    for (const auto& [key, value] : options.items()) {
        const QString flag = QStringLiteral(" --") + QString::fromStdString(key).replace(QLatin1Char('_'), QLatin1Char('-'));
        if (value.is_boolean()) {
            if (value.get<bool>()) line += flag;
        } else if (value.is_array()) {
            if (value.empty()) continue;
            line += flag;
            for (const auto& entry : value) line += QLatin1Char(' ') + quoted(text(entry));
        } else if (!text(value).isEmpty()) {
            line += flag + QLatin1Char(' ') + quoted(text(value));
        }
    }
    return line + QStringLiteral(" --device %1 --threads %2 --seed %3")
                      .arg(QString::fromStdString(device)).arg(threads).arg(seed);
}

}  // namespace txfm::ui
