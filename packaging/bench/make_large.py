#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiles a real count file into a large one of the same kind, block by block, so that memory stays small.

    make_large.py OUT.h5ad --cells 1000000 [--genes 20000] [--from FILE.h5ad] [--layout csr|csc|dense]

Every cell is a cell of FILE whose molecules were drawn again, each kept with a probability of its own
cell (binomial thinning), so that no two cells are equal and neighbours are meaningful. Genes: those with
most counts, filled up with empty ones where FILE has fewer. Written as anndata does: float32 counts,
int32 indices (int64 beyond 2^31 values), gzip.
"""
import argparse
import os

import anndata
import h5py
import numpy
import scipy.sparse

HERE = os.path.dirname(os.path.abspath(__file__))
DEMO = os.path.join(HERE, "..", "..", "resources", "demo", "pbmc_1k.h5ad")
CHUNK = 1 << 18


def source(path, genes):
    """Counts as CSR [cells x genes] with columns sorted, gene names, labels of the cells."""
    data = anndata.read_h5ad(path)
    counts = scipy.sparse.csr_matrix(data.X).astype(numpy.float32)
    names = data.var_names.to_numpy(dtype=object)
    order = numpy.sort(numpy.argsort(-numpy.asarray(counts.sum(0)).ravel(), kind="stable")[:genes])
    counts = scipy.sparse.csr_matrix(counts[:, order])
    counts.resize((counts.shape[0], genes))
    counts.sort_indices()
    names = list(names[order]) + [f"EMPTY{i}" for i in range(genes - len(order))]
    return counts, names


def block(counts, cells, random):
    """`cells` thinned cells, their numbers among the source's."""
    chosen = random.integers(0, counts.shape[0], cells)
    rows = counts[chosen]
    lengths = numpy.diff(rows.indptr)
    keep = numpy.repeat(random.uniform(0.7, 1.0, cells).astype(numpy.float32), lengths)
    small = rows.data == 1
    drawn = (random.random(rows.nnz, dtype=numpy.float32) < keep).astype(numpy.float32)
    drawn[~small] = random.binomial(rows.data[~small].astype(numpy.int64), keep[~small])
    rows.data = drawn
    rows.eliminate_zeros()
    return rows, chosen


def extend(dataset, values):
    at = dataset.shape[0]
    dataset.resize((at + len(values),))
    dataset[at:] = values


def write_sparse(group, encoding, shape, blocks, level):
    group.attrs.update({"encoding-type": encoding, "encoding-version": "0.1.0", "shape": numpy.array(shape)})
    options = dict(maxshape=(None,), chunks=(CHUNK,), compression="gzip", compression_opts=level)
    data = group.create_dataset("data", (0,), "f4", **options)
    indices = group.create_dataset("indices", (0,), "i4", **options)
    pointers = [numpy.zeros(1, numpy.int64)]
    for part in blocks:
        extend(data, part.data)
        extend(indices, part.indices)
        pointers.append(part.indptr[1:].astype(numpy.int64) + pointers[-1][-1])
    pointers = numpy.concatenate(pointers)
    group.create_dataset("indptr", data=pointers.astype(numpy.int32) if pointers[-1] < 2**31 else pointers)


def write(out, counts, names, cells, layout, level, seed):
    random = numpy.random.default_rng(seed)
    genes = counts.shape[1]
    chosen = []

    def blocks():
        for begin in range(0, cells, 4096):
            part, which = block(counts, min(4096, cells - begin), random)
            chosen.append(which)
            yield part

    with h5py.File(out, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        if layout == "csr":
            write_sparse(file.create_group("X"), "csr_matrix", (cells, genes), blocks(), level)
        elif layout == "csc":  # turned as a whole: for sizes that fit in memory
            whole = scipy.sparse.vstack(list(blocks()), format="csc")
            write_sparse(file.create_group("X"), "csc_matrix", (cells, genes), [whole], level)
        else:
            dense = file.create_dataset("X", (cells, genes), "f4", chunks=(64, genes), compression="gzip", compression_opts=level)
            dense.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
            at = 0
            for part in blocks():
                dense[at:at + part.shape[0]] = part.toarray()
                at += part.shape[0]
        for mapping in ("layers", "obsm", "obsp", "uns", "varm", "varp"):
            file.create_group(mapping).attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
        text = h5py.string_dtype()
        tables = {"obs": numpy.array([f"cell{i}" for i in range(cells)], dtype=object), "var": numpy.array(names, dtype=object)}
        for name, index in tables.items():
            table = file.create_group(name)
            table.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
            columns = ["source_cell"] if name == "obs" else []
            table.attrs.create("column-order", columns, dtype=text)
            table.create_dataset("_index", data=index, dtype=text).attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
            for column in columns:
                table.create_dataset(column, data=numpy.concatenate(chosen)).attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--from", dest="source", default=DEMO)
    parser.add_argument("--cells", type=int, required=True)
    parser.add_argument("--genes", type=int, default=20000)
    parser.add_argument("--layout", choices=("csr", "csc", "dense"), default="csr")
    parser.add_argument("--level", type=int, default=4, help="of gzip")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts, names = source(options.source, options.genes)
    write(options.out, counts, names, options.cells, options.layout, options.level, options.seed)


if __name__ == "__main__":
    main()
