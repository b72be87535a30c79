// SPDX-License-Identifier: GPL-3.0-or-later
// The house rules on includes (ARCHITECTURE.md): arrows run one way, no Qt below ui/, no LibTorch in
// the window's process, no page includes another page.
#include <QtTest>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Include {
    std::string file;    // relative to the source folder
    std::string target;  // as written
};

std::vector<Include> allIncludes() {
    // No raw string here: moc loses its way in one that holds quotation marks.
    static const std::regex pattern("^\\s*#\\s*include\\s*[\"<]([^\">]+)[\">]");
    std::vector<Include> includes;
    for (const char* top : {"core", "plugins", "app", "ui"}) {
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(TXFM_SOURCE_DIR) / top)) {
            static const std::set<std::string> kSources{".h", ".cpp", ".cu", ".cuh"};
            if (!kSources.contains(entry.path().extension().string())) continue;
            const std::string file = fs::relative(entry.path(), TXFM_SOURCE_DIR).string();
            std::ifstream in(entry.path());
            for (std::string line; std::getline(in, line);) {
                if (std::smatch match; std::regex_search(line, match, pattern)) includes.push_back({file, match[1]});
            }
        }
    }
    return includes;
}

/// The module of a path: "core/model", "ui", "app/cli", "plugins".
std::string moduleOf(const std::string& path) {
    static const std::regex twoLevels(R"(^((core|app)/[^/]+))");
    if (std::smatch match; std::regex_search(path, match, twoLevels)) {
        if (path.starts_with("core/workflow/options/")) return "core/workflow/options";
        return match[1];
    }
    return path.substr(0, path.find('/'));
}

const std::map<std::string, std::set<std::string>>& allowedTargets() {
    static const std::set<std::string> io{"core/base", "core/data", "core/io"};
    static const auto with = [](std::set<std::string> base, std::initializer_list<const char*> more) {
        base.insert(more.begin(), more.end());
        return base;
    };
    static const std::map<std::string, std::set<std::string>> allowed{
        {"core/base", {}},
        {"core/data", {"core/base"}},
        {"core/io", {"core/base", "core/data"}},
        {"core/preprocess", io},
        {"core/analysis", with(io, {"core/preprocess"})},
        {"core/model", with(io, {"core/preprocess"})},
        {"core/training", with(io, {"core/preprocess", "core/model", "core/analysis", "core/evaluation"})},
        {"core/evaluation", with(io, {"core/preprocess", "core/model", "core/analysis"})},
        {"core/workflow/options", io},
        {"core/workflow", with(io, {"core/preprocess", "core/analysis", "core/model", "core/training",
                                    "core/evaluation", "core/workflow/options"})},
        {"app/probe", io},
        {"app/cli", with(io, {"core/workflow", "core/workflow/options"})},
        {"ui", with(io, {"core/preprocess", "core/analysis", "core/workflow/options"})},
        {"app/studio", with(io, {"ui", "core/workflow/options"})},
        {"plugins", with(io, {"core/preprocess", "core/model", "core/training"})},
    };
    return allowed;
}

}  // namespace

class TestIncludes : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        m_includes = allIncludes();
        QVERIFY2(m_includes.size() > 100, "the scan found too few includes to mean anything");
    }

    void arrowsRunOneWay() {
        QStringList wrong;
        for (const auto& [file, target] : m_includes) {
            static const std::regex ours(R"(^(core|app|ui|plugins)/)");
            if (!std::regex_search(target, ours)) continue;
            const std::string from = moduleOf(file), to = moduleOf(target);
            if (from == to) continue;
            const auto rule = allowedTargets().find(from);
            if (rule == allowedTargets().end() || !rule->second.contains(to))
                wrong << QString::fromStdString(file + " includes " + target);
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
    }

    void noQtBelowTheWindow() {
        QStringList wrong;
        for (const auto& [file, target] : m_includes) {
            static const std::regex qt(R"(^(Q[A-Z]|Qt|q[a-z]+\.h))");
            if (!file.starts_with("ui/") && !file.starts_with("app/studio/") && std::regex_search(target, qt))
                wrong << QString::fromStdString(file + " includes " + target);
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
    }

    void noLibTorchInTheWindow() {
        QStringList wrong;
        for (const auto& [file, target] : m_includes) {
            static const std::regex torch(R"(^(torch|ATen|c10)/)");
            if ((file.starts_with("ui/") || file.starts_with("app/studio/")) && std::regex_search(target, torch))
                wrong << QString::fromStdString(file + " includes " + target);
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
    }

    void pagesDoNotIncludePages() {
        QStringList wrong;
        for (const auto& [file, target] : m_includes) {
            if (!file.starts_with("ui/pages/") || !target.starts_with("ui/pages/")) continue;
            const auto stem = [](const std::string& path) {
                const std::string name = fs::path(path).stem().string();
                return name.substr(0, name.find('_'));
            };
            if (target != "ui/pages/page.h" && stem(file) != stem(target))
                wrong << QString::fromStdString(file + " includes " + target);
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
    }

private:
    std::vector<Include> m_includes;
};

QTEST_GUILESS_MAIN(TestIncludes)
#include "test_includes.moc"
