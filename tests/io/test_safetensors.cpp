// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "core/io/safetensors.h"
#include "core/io/sha256.h"

using namespace txfm;
using namespace txfm::io;

class TestSafetensors : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::filesystem::path path(const char* name = "x.safetensors") const { return m_folder.filePath(name).toStdString(); }

    Result<SafetensorsFile> openRaw(const std::string& header, size_t dataBytes, int64_t claimed = -1) const {
        std::string bytes(8, '\0');
        const uint64_t size = claimed < 0 ? header.size() : static_cast<uint64_t>(claimed);
        std::memcpy(bytes.data(), &size, 8);
        bytes += header + std::string(dataBytes, '\1');
        std::ofstream(path("raw"), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return SafetensorsFile::open(path("raw"));
    }

private Q_SLOTS:
    void roundTrips() {
        const std::vector<float> a = {1.5f, -2, 3, 0.1f, 5, 6};
        const std::vector<uint16_t> b = {floatToBfloat16(0.5f), floatToBfloat16(-3), floatToBfloat16(7)};
        const std::vector<int64_t> c = {1, -1};
        QVERIFY(writeSafetensors(path(), {{"b", "BF16", {3}, b.data()}, {"a", "F32", {2, 3}, a.data()}, {"c", "I64", {2}, c.data()}},
                                 {{"format", "txfm"}}).ok());
        const auto file = SafetensorsFile::open(path());
        QVERIFY(file.ok());
        QCOMPARE(file->metadata().at("format"), std::string("txfm"));
        QVERIFY(*file->readFloat("a", {2, 3}) == a);
        QVERIFY((*file->readFloat("b") == std::vector<float>{0.5f, -3, 7}));
        QVERIFY(!file->readFloat("a", {3, 2}).ok());
        QVERIFY(!file->readFloat("c").ok());
        QVERIFY(!file->readFloat("absent").ok());
        // The format forbids gaps, and readers map the tensors: every one lies at a multiple of its element.
        uint64_t end = 0;
        for (const char* name : {"c", "a", "b"}) {
            QCOMPARE(file->tensors().at(name).begin, end);
            end = file->tensors().at(name).end;
        }
        QCOMPARE(reinterpret_cast<uintptr_t>(file->bytes(file->tensors().at("c"))) % 8, uintptr_t{0});
    }

    void convertsBfloat16() {
        QCOMPARE(floatToBfloat16(1.0f), uint16_t{0x3f80});
        QCOMPARE(bfloat16ToFloat(0xc040), -3.0f);
        QCOMPARE(floatToBfloat16(1.00390625f), uint16_t{0x3f80});   // halfway between two: to the even one
        QCOMPARE(floatToBfloat16(1.01171875f), uint16_t{0x3f82});
        QVERIFY(std::isnan(bfloat16ToFloat(floatToBfloat16(NAN))));
        QVERIFY(std::isinf(bfloat16ToFloat(floatToBfloat16(std::numeric_limits<float>::infinity()))));
    }

    void refusesHostileHeaders_data() {
        QTest::addColumn<QString>("header");
        QTest::addColumn<int>("bytes");
        const auto row = [](const char* name, const char* header, int bytes) { QTest::newRow(name) << header << bytes; };
        row("beyond the end", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 8);
        row("reversed", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", 16);
        row("size and shape", R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 16);
        row("overflow", R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 16);
        row("huge", R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", 16);
        row("negative", R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 16);
        row("overlap", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 16);
        row("type", R"({"a":{"dtype":"Q99","shape":[1],"data_offsets":[0,4]}})", 16);
        row("no offsets", R"({"a":{"dtype":"F32","shape":[1]}})", 16);
        row("fraction", R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}})", 16);
        row("text", R"({"a":"b"})", 16);
        row("list", "[1,2]", 16);
        row("not json", "{\"a\":", 16);
        row("metadata", R"({"__metadata__":3})", 0);
    }
    void refusesHostileHeaders() {
        QFETCH(QString, header);
        QFETCH(int, bytes);
        const auto file = openRaw(header.toStdString(), static_cast<size_t>(bytes));
        QVERIFY(!file.ok());
        QVERIFY(file.error().code == ErrorCode::BadInput);
        QVERIFY(file.error().message.find(path("raw").string()) != std::string::npos);
    }

    void refusesWrongHeaderSizes() {
        QVERIFY(!openRaw("{}", 0, 3).ok());
        QVERIFY(!openRaw("{}", 0, 200'000'000).ok());
        QVERIFY(!openRaw("{}", 0, std::numeric_limits<int64_t>::max()).ok());
        QVERIFY(openRaw("{}", 0).ok());
        QVERIFY(!SafetensorsFile::open(path("absent")).ok());
        QVERIFY(!SafetensorsFile::open(m_folder.path().toStdString()).ok());
        // Deep nesting must not exhaust the stack.
        QVERIFY(!openRaw(std::string(500'000, '['), 0).ok());
    }

    void hashes() {
        // FIPS 180-4 examples.
        QCOMPARE(sha256(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        QCOMPARE(sha256("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        QCOMPARE(sha256(std::string(1'000'000, 'a')), std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
        std::ofstream(path("million"), std::ios::binary) << std::string(1'000'000, 'a');
        QCOMPARE(*sha256OfFile(path("million")), sha256(std::string(1'000'000, 'a')));
        QVERIFY(!sha256OfFile(path("absent")).ok());
    }
};

QTEST_GUILESS_MAIN(TestSafetensors)
#include "test_safetensors.moc"
