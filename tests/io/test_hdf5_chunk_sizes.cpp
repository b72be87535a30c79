// SPDX-License-Identifier: GPL-3.0-or-later
// HDF5 1.10 takes a chunk for as large as its shape says. What fewer bytes stand for is refused before it is read.
#include <QTemporaryDir>
#include <QtTest>

#include <hdf5.h>

#include "core/io/hdf5_node.h"
#include "tests/support/test_support.h"

using namespace txfm;
using io::hdf5::Handle;
using io::hdf5::Node;

class TestHdf5ChunkSizes : public QObject {
    Q_OBJECT
private:
    /// A matrix of 8 × 6 floats in chunks of 4 × 6, written through `filters`; of chunk `cut` only the first `bytes`.
    static void write(const std::string& path, const std::function<void(hid_t)>& filters, int cut, size_t bytes) {
        const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)), plist(H5Pcreate(H5P_DATASET_CREATE));
        const hsize_t shape[] = {8, 6}, chunk[] = {4, 6};
        H5Pset_chunk(plist, 2, chunk);
        filters(plist);
        const Handle space(H5Screate_simple(2, shape, nullptr));
        const Handle matrix(H5Dcreate2(file, "matrix", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, plist, H5P_DEFAULT));
        const std::vector<float> values(48, 3);
        QVERIFY(H5Dwrite(matrix, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
        if (cut < 0) return;
        const hsize_t at[] = {static_cast<hsize_t>(4 * cut), 0};
        // Every filter is marked as not applied.
        QVERIFY(H5Dwrite_chunk(matrix, H5P_DEFAULT, 0xff, at, bytes, values.data()) >= 0);
    }
private Q_SLOTS:
    void wholeChunksAreRead_data() {
        QTest::addColumn<int>("filter");
        for (const int filter : {0, H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32}) QTest::addRow("%d", filter) << filter;
    }
    void wholeChunksAreRead() {
        QFETCH(int, filter);
        QTemporaryDir folder;
        const std::string path = folder.filePath("x.h5").toStdString();
        write(path, [&](hid_t plist) {
            if (filter == H5Z_FILTER_SHUFFLE) H5Pset_shuffle(plist);
            if (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE) H5Pset_deflate(plist, 4);
            if (filter == H5Z_FILTER_FLETCHER32) H5Pset_fletcher32(plist);
        }, -1, 0);
        const auto values = Node::open(path)->child("matrix")->readAll<float>();
        QVERIFY(values.ok());
        QVERIFY(*values == std::vector<float>(48, 3));
    }

    void shortChunksAreRefused_data() {
        QTest::addColumn<int>("chunk");
        QTest::addColumn<int>("bytes");
        QTest::newRow("first") << 0 << 40;
        QTest::newRow("second") << 1 << 40;
        QTest::newRow("longer than the shape") << 1 << 128;
    }
    void shortChunksAreRefused() {
        QFETCH(int, chunk);
        QFETCH(int, bytes);
        QTemporaryDir folder;
        const std::string path = folder.filePath("x.h5").toStdString();
        write(path, [](hid_t plist) { H5Pset_deflate(plist, 4); }, chunk, static_cast<size_t>(bytes));
        const auto readable = Node::open(path)->child("matrix")->checkReadable();
        QVERIFY(!readable.ok());
        QVERIFY2(readable.error().message.find("/matrix") != std::string::npos, readable.error().message.c_str());
    }

    /// Found by fuzzing: a bit says that the filter was not applied.
    void aDamagedLayerIsRefused() {
        const auto layer = Node::open(test::dataFile("damaged/layer_beyond_its_storage.loom"))->child("layers/counts");
        QVERIFY(layer.ok());
        QVERIFY(!layer->checkReadable().ok());
    }
};

QTEST_APPLESS_MAIN(TestHdf5ChunkSizes)
#include "test_hdf5_chunk_sizes.moc"
