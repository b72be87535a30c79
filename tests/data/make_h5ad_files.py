# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the small AnnData files of tests/data/h5ad with the anndata package (0.12 made the current ones).

    python make_h5ad_files.py            the files of the current encodings, and the damaged ones
    python make_h5ad_files.py legacy07   with anndata 0.7.8: categories in `__categories`

legacy06.h5ad follows the layout of anndata 0.6 (compound obs, var and obsm, `h5sparse_format`, categories in uns,
raw.X beside X), written with h5py because that version no longer installs.

All values are made up here; counts(i, j) below is the one table that every file holds.
"""
import json
import os
import sys

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "h5ad")
CELLS, GENES = 14, 9
SYMBOLS = ["CD3D", "MS4A1", "LYZ", "NKG7", "PPBP", "MT-CO1", "RPS4X", "GAPDH", "RP11-34P13.7"]
IDS = ["ENSG%011d.%d" % (167286 + 7 * j, j + 1) for j in range(GENES)]


def counts():
    """[cells x genes], about half zero, one cell and one gene empty."""
    i, j = np.meshgrid(np.arange(CELLS), np.arange(GENES), indexing="ij")
    table = (7 * i + 5 * j + i * j) % 11 - 5
    table = np.where(table > 0, table, 0)
    table[3, :] = 0
    table[:, 4] = 0
    table[0, 0] = 300  # does not fit one byte
    return table.astype(np.float32)


def frames():
    obs = pd.DataFrame({"batch": pd.Categorical(["b%d" % (i % 3 + 8) for i in range(CELLS)]),
                        "n": np.arange(CELLS), "score": np.linspace(-1, 1, CELLS),
                        "good": np.arange(CELLS) % 2 == 0, "label": ["cell type %d" % (i % 4) for i in range(CELLS)]},
                       index=["cell%02d" % i for i in range(CELLS)])
    obs.loc["cell05", "batch"] = np.nan
    var = pd.DataFrame({"gene_ids": IDS}, index=SYMBOLS)
    return obs, var


def make(matrix, **extra):
    obs, var = frames()
    return anndata.AnnData(X=matrix, obs=obs, var=var, **extra)


def path(name):
    return os.path.join(HERE, name + ".h5ad")


def every_slot():
    """Every slot that AnnData has, in number types of several widths, and what anndata itself makes of a part of it."""
    c = counts()
    kept_cells, kept_genes = [0, 2, 3, 7, 8, 13], [0, 1, 5, 8]
    pairs = np.arange(CELLS * CELLS).reshape(CELLS, CELLS) % 7
    a = make(sp.csr_matrix(c), layers={
        "lognorm": sp.csr_matrix(np.log1p(c).astype(np.float64)), "by_gene": sp.csc_matrix(c.astype(np.int16)),
        "dense": c.astype(np.float64) / 3})
    a.obs["small"] = (np.arange(CELLS) % 5).astype(np.int8)
    a.obs["maybe"] = pd.array([True, None] * (CELLS // 2), dtype="boolean")
    a.obsm["X_pca"] = np.linspace(0, 1, CELLS * 3).reshape(CELLS, 3)
    a.obsm["frame"] = pd.DataFrame({"x": np.arange(CELLS) / 7, "kind": pd.Categorical(list("ab") * (CELLS // 2))}, index=a.obs_names)
    a.obsm["sparse"] = sp.csr_matrix(pairs[:, :4].astype(np.float32))
    a.varm["PCs"] = np.linspace(-1, 1, GENES * 2).reshape(GENES, 2)
    a.obsp["distances"] = sp.csr_matrix(pairs.astype(np.float64))
    a.obsp["dense"] = pairs.astype(np.float32)
    a.varp["correlation"] = sp.csc_matrix(pairs[:GENES, :GENES].astype(np.float64))
    a.uns = {"name": "made up", "number": 3, "colors": np.array(["#ffffff", "#000000"]),
             "nested": {"list": np.arange(4), "frame": pd.DataFrame({"z": [1.5, 2.5]})}}
    a.raw = make(sp.csr_matrix(np.log1p(c)))
    a.write_h5ad(path("every_slot"), compression="gzip")
    a[kept_cells, kept_genes].copy().write_h5ad(path("every_slot_cut"), compression="gzip")


def raw_same_genes():
    """As scanpy's tutorials leave it: raw holds the counts, X their logarithms, and var has grown since raw was set."""
    a = make(sp.csr_matrix(counts()))
    a.var["feature_type"] = pd.Categorical(["Gene Expression"] * GENES)
    a.raw = a
    del a.var["feature_type"]
    a.X = sp.csr_matrix(np.log1p(counts()))
    a.var["highly_variable"] = np.arange(GENES) % 2 == 0
    a.varm["PCs"] = np.linspace(-1, 1, GENES * 2).reshape(GENES, 2)
    a.layers["spliced"] = sp.csr_matrix(counts())
    a.write_h5ad(path("raw_same_genes"), compression="gzip")


def current():
    c = counts()
    make(sp.csr_matrix(c)).write_h5ad(path("csr_gzip"), compression="gzip")
    make(sp.csr_matrix(c.astype(np.int64))).write_h5ad(path("csr_int64_lzf"), compression="lzf")
    make(sp.csc_matrix(c)).write_h5ad(path("csc"), compression="gzip")
    make(c).write_h5ad(path("dense_float32"))
    make(c.astype(np.float64)).write_h5ad(path("dense_float64_gzip"), compression="gzip")
    make(c.astype(np.uint16)).write_h5ad(path("dense_uint16"))
    logs = np.log1p(c / np.maximum(c.sum(1, keepdims=True), 1) * 1e4)
    make(logs, layers={"counts": sp.csr_matrix(c)}).write_h5ad(path("layer_counts"))
    every_slot()
    # raw has all genes, X three of them; the counts and their gene table come from raw
    a = make(sp.csr_matrix(c))
    a.raw = a
    b = a[:, [0, 2, 5]].copy()
    b.X = np.log1p(b.X.toarray())
    b.write_h5ad(path("raw_counts"))
    raw_same_genes()
    make(sp.csr_matrix(logs)).write_h5ad(path("only_log1p"))
    make((logs - logs.mean(0)).astype(np.float32)).write_h5ad(path("scaled"))

    obs, var = frames()
    obs["nullable_int"] = pd.array([None if i == 2 else i for i in range(CELLS)], dtype="Int64")
    obs["nullable_bool"] = pd.array([None if i == 1 else i % 3 == 0 for i in range(CELLS)], dtype="boolean")
    obs["nullable_text"] = pd.array([None if i == 4 else "t%d" % i for i in range(CELLS)], dtype="string")
    obs["ordered"] = pd.Categorical(["lo", "hi"] * (CELLS // 2), categories=["lo", "hi"], ordered=True)
    obs["umlaut"] = ["Größe %d µm" % i for i in range(CELLS)]
    obs["many"] = pd.Categorical(["c%03d" % i for i in range(CELLS)], categories=["c%03d" % i for i in range(200)])
    a = anndata.AnnData(X=sp.csr_matrix(c), obs=obs, var=var)
    a.obsm["X_pca"] = np.arange(CELLS * 3, dtype=np.float64).reshape(CELLS, 3)
    a.obsm["frame"] = pd.DataFrame({"u": np.arange(CELLS)}, index=obs.index)
    a.obsm["sparse"] = sp.csr_matrix(np.eye(CELLS, 4))
    a.varm["PCs"] = np.arange(GENES * 2, dtype=np.float32).reshape(GENES, 2)
    a.obsp["distances"] = sp.csr_matrix(np.triu(np.ones((CELLS, CELLS)), 12))
    a.uns["nested"] = {"deep": {"number": 3, "text": "hello", "list": [1.5, 2.5], "flag": True,
                                "names": np.array(["a", "b"])}, "table": pd.DataFrame({"x": [1, 2]})}
    a.uns["batch_colors"] = ["#112233", "#445566", "#778899"]
    anndata.settings.allow_write_nullable_strings = True
    a.write_h5ad(path("all_elements"))

    make(sp.csr_matrix(c)).write_h5ad(path("big_endian"))
    with h5py.File(path("big_endian"), "r+") as f:
        for name, kind in (("data", ">f4"), ("indices", ">i4"), ("indptr", ">i8")):
            values = f["X"][name][:]
            del f["X"][name]
            f["X"].create_dataset(name, data=values.astype(kind), dtype=kind)
    legacy06()
    json.dump({"counts": c.astype(int).tolist(), "symbols": SYMBOLS, "ids": IDS}, open(os.path.join(HERE, "expected.json"), "w"))


def legacy06():
    c = sp.csr_matrix(counts())
    obs, var = frames()
    with h5py.File(path("legacy06"), "w") as f:
        for name in ("X", "raw.X"):
            group = f.create_group(name)
            group.attrs["h5sparse_format"] = np.bytes_("csr")
            group.attrs["h5sparse_shape"] = np.array(c.shape)
            values = np.log1p(c.data) if name == "X" else c.data
            for part, data in (("data", values), ("indices", c.indices), ("indptr", c.indptr)):
                group.create_dataset(part, data=data, chunks=True, maxshape=(None,))
        table = np.zeros(CELLS, dtype=[("index", "S8"), ("batch", "i1"), ("n", "i8"), ("score", "f4"), ("good", "?")])
        table["index"] = [n.encode() for n in obs.index]
        table["batch"] = obs["batch"].cat.codes
        for column in ("n", "score", "good"):
            table[column] = obs[column]
        f["obs"] = table
        genes = np.zeros(GENES, dtype=[("index", "S16"), ("gene_ids", "S20")])
        genes["index"] = [n.encode() for n in SYMBOLS]
        genes["gene_ids"] = [n.encode() for n in IDS]
        f["var"] = genes
        f["raw.var"] = genes
        arrays = np.zeros(CELLS, dtype=[("X_pca", "f8", (3,))])
        arrays["X_pca"] = np.arange(CELLS * 3).reshape(CELLS, 3)
        f["obsm"] = arrays
        uns = f.create_group("uns")
        uns["batch_categories"] = np.array([n.encode() for n in obs["batch"].cat.categories])
        uns["note"] = "legacy"


def broken(name, change, base="csr_gzip"):
    """A copy of a good file with one thing wrong."""
    data = open(path(base), "rb").read()
    target = path("broken_" + name)
    open(target, "wb").write(data)
    with h5py.File(target, "r+") as f:
        change(f)


def replace(f, name, values, **options):
    attributes = dict(f[name].attrs)
    del f[name]
    made = f.create_dataset(name, data=values, **options)
    made.attrs.update(attributes)


def damaged():
    def set_value(name, at, value):
        def change(f):
            values = f[name][:]
            values[at] = value
            replace(f, name, values)
        return change

    broken("index_out_of_range", set_value("X/indices", 5, GENES))
    broken("index_negative", set_value("X/indices", 5, -1))
    broken("indptr_falls", set_value("X/indptr", 4, 1))
    broken("indptr_beyond_end", set_value("X/indptr", CELLS, 10_000))
    broken("not_a_number", set_value("X/data", 7, np.nan))
    broken("infinite", set_value("X/data", 7, np.inf))
    broken("negative", set_value("X/data", 7, -4))
    broken("wrong_type", lambda f: replace(f, "X/data", np.array([b"x"] * f["X/data"].size)))
    broken("short_indices", lambda f: replace(f, "X/indices", f["X/indices"][:-3]))
    broken("shape_disagrees", lambda f: f["X"].attrs.__setitem__("shape", np.array([CELLS + 1, GENES])))

    def unsorted(f):
        indices, data, indptr = f["X/indices"][:], f["X/data"][:], f["X/indptr"][:]
        for i in range(CELLS):
            indices[indptr[i]:indptr[i + 1]] = indices[indptr[i]:indptr[i + 1]][::-1]
            data[indptr[i]:indptr[i + 1]] = data[indptr[i]:indptr[i + 1]][::-1]
        replace(f, "X/indices", indices)
        replace(f, "X/data", data)
    broken("unsorted_repairable", unsorted)

    def duplicated(f):  # the first value of every cell stored as 1 and the rest
        c = counts()
        rows, cols = np.nonzero(c)
        data, indices, indptr = [], [], [0]
        for i in range(CELLS):
            for j in cols[rows == i]:
                parts = [1, c[i, j] - 1] if j == cols[rows == i][0] and c[i, j] > 1 else [c[i, j]]
                data += parts
                indices += [j] * len(parts)
            data.append(0)  # and a stored zero
            indices.append(4)
            indptr.append(len(data))
        replace(f, "X/data", np.array(data, np.float32))
        replace(f, "X/indices", np.array(indices, np.int32))
        replace(f, "X/indptr", np.array(indptr, np.int32))
    broken("duplicates_repairable", duplicated)

    def huge(f):
        attributes = dict(f["X"].attrs)
        del f["X"]
        group = f.create_group("X")
        group.attrs.update(attributes)
        group.attrs["shape"] = np.array([CELLS, GENES])
        for name, kind in (("data", "f4"), ("indices", "i4")):
            group.create_dataset(name, shape=(2**40,), dtype=kind, chunks=(1024,), compression="gzip")
        group.create_dataset("indptr", data=np.array([0] * CELLS + [2**40]))
    broken("claims_2_to_40", huge)

    def huge_dense(f):
        del f["X"]
        f.create_dataset("X", shape=(2**30, 2**30), dtype="f4", chunks=(64, 64))
    broken("claims_huge_dense", huge_dense)

    def external(f):
        del f["X"]
        f["X"] = h5py.ExternalLink("/etc/passwd", "/X")
    broken("external_link", external)

    def virtual(f):
        del f["X"]
        layout = h5py.VirtualLayout(shape=(CELLS, GENES), dtype="f4")
        layout[:] = h5py.VirtualSource("elsewhere.h5", "data", shape=(CELLS, GENES))
        f.create_virtual_dataset("X", layout)
    broken("virtual_data_set", virtual)

    def external_storage(f):
        del f["X"]
        f.create_dataset("X", shape=(CELLS, GENES), dtype="f4", external=[("elsewhere.bin", 0, 4 * CELLS * GENES)])
    broken("external_storage", external_storage)

    def circle(f):
        del f["X"]
        f["X"] = h5py.SoftLink("/Y")
        f["Y"] = h5py.SoftLink("/X")
    broken("link_circle", circle)

    def own_parent(f):
        f["uns"]["again"] = f["uns"]
    broken("circular_group_readable", own_parent)

    def codes(f):
        values = f["obs/batch/codes"][:]
        values[2] = 99
        replace(f, "obs/batch/codes", values)
    broken("category_code", codes)
    broken("short_column", lambda f: replace(f, "obs/n", np.arange(3)))
    broken("unknown_encoding", lambda f: f["X"].attrs.__setitem__("encoding-type", "coo_matrix"))
    broken("no_var", lambda f: f.__delitem__("var"))
    broken("no_x", lambda f: f.__delitem__("X"))

    def missing_filter(f):
        # A data set that claims the filter 32001 (blosc): its identifier is patched in below.
        values = f["X/data"][:]
        del f["X/data"]
        f["X"].create_dataset("data", data=values, compression="lzf", chunks=True)
    broken("filter", missing_filter)
    data = open(path("broken_filter"), "rb").read()
    at = data.find(b"lzf\0")
    start = data.rfind((32000).to_bytes(2, "little"), 0, at)
    data = bytearray(data)
    data[start:start + 2] = (32017).to_bytes(2, "little")
    data[at:at + 4] = b"own\0"
    open(path("broken_filter"), "wb").write(bytes(data))

    obs, var = frames()
    anndata.AnnData(X=sp.csr_matrix((0, GENES), dtype=np.float32), var=var).write_h5ad(path("broken_no_cells"))
    whole = open(path("csr_gzip"), "rb").read()
    open(path("broken_truncated"), "wb").write(whole[:len(whole) // 2])


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    if len(sys.argv) > 1:
        a = make(sp.csr_matrix(counts()))
        a.obsm["X_pca"] = np.arange(CELLS * 3, dtype=np.float64).reshape(CELLS, 3)
        a.uns["note"] = "legacy"
        a.raw = a
        (getattr(a, "write_h5ad", None) or a.write)(path(sys.argv[1]))
    else:
        current()
        damaged()
