#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the HDF5 files and the archive of hostile/ from the good files beside it (h5py and Info-ZIP's zip).

usage: make_hostile_files.py        (in any folder; writes to hostile/ beside this script)
"""
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
OUT = HERE / "hostile"


def replaced(group, name, values, **options):
    del group[name]
    group.create_dataset(name, data=values, **options)


def variant(source, name, change):
    target = OUT / f"{source.stem}_{name}{source.suffix}"
    shutil.copy(source, target)
    with h5py.File(target, "r+") as file:
        change(file)


def set_value(path, index, value):
    def change(file):
        file[path][index] = value
    return change


def claim(path, shape, dtype):
    """A data set of that shape without a single stored chunk."""
    def change(file):
        del file[path]
        file.create_dataset(path, shape=shape, dtype=dtype, chunks=tuple(min(s, 64) for s in shape), compression="gzip")
    return change


def external(path):
    def change(file):
        del file[path]
        file[path] = h5py.ExternalLink("/etc/hostname", path)
    return change


def virtual(path):
    def change(file):
        shape, dtype = file[path].shape, file[path].dtype
        del file[path]
        layout = h5py.VirtualLayout(shape=shape, dtype=dtype)
        layout[...] = h5py.VirtualSource("other.h5", path, shape=shape)
        file.create_virtual_dataset(path, layout)
    return change


def circle(path):
    def change(file):
        del file[path]
        file[path] = h5py.SoftLink("/" + path)
    return change


def unsorted(file):
    pointers = file["matrix/indptr"][:]
    indices, data = file["matrix/indices"][:], file["matrix/data"][:]
    first = slice(int(pointers[0]), int(pointers[1]))
    indices[first], data[first] = indices[first][::-1].copy(), data[first][::-1].copy()
    file["matrix/indices"][:], file["matrix/data"][:] = indices, data


def main():
    OUT.mkdir(exist_ok=True)
    tenx, loom = HERE / "hdf5/tenx_v3.h5", HERE / "hdf5/small.loom"
    variant(tenx, "index_out_of_range", set_value("matrix/indices", 3, 99))
    variant(tenx, "index_negative", set_value("matrix/indices", 3, -1))
    variant(tenx, "indptr_falls", set_value("matrix/indptr", 4, 0))
    variant(tenx, "unsorted", unsorted)
    variant(tenx, "claims_2_to_40", lambda f: replaced(f["matrix"], "shape", np.array([2**40, 12], "i8")))
    variant(tenx, "wrong_type", lambda f: replaced(f["matrix"], "data", ["a"] * len(f["matrix/data"])))
    variant(tenx, "fractional_indices", lambda f: replaced(f["matrix"], "indices", f["matrix/indices"][:].astype("f8")))
    variant(tenx, "not_a_number", lambda f: replaced(f["matrix"], "data", np.full(len(f["matrix/data"]), np.nan, "f4")))
    variant(tenx, "negative", lambda f: replaced(f["matrix"], "data", np.full(len(f["matrix/data"]), -3, "i4")))
    variant(tenx, "external_link", external("matrix/data"))
    variant(tenx, "virtual_data_set", virtual("matrix/indices"))
    variant(tenx, "link_circle", circle("matrix/barcodes"))
    variant(loom, "short_list", lambda f: replaced(f["col_attrs"], "CellID", f["col_attrs/CellID"][:-1]))
    variant(loom, "no_attributes", lambda f: [f.__delitem__(name) for name in ("row_attrs", "col_attrs")])
    variant(loom, "claims_2_to_40", claim("matrix", (20, 2**30), "f4"))
    variant(loom, "wrong_type", lambda f: replaced(f, "matrix", np.full((20, 12), b"a")))
    variant(loom, "external_link", external("matrix"))
    variant(loom, "virtual_data_set", virtual("matrix"))
    variant(loom, "not_a_number", lambda f: replaced(f, "matrix", np.full((20, 12), np.nan, "f4")))
    archive = OUT / "password.zip"
    archive.unlink(missing_ok=True)
    folder = HERE / "text/tenx_v3"
    subprocess.run(["zip", "-q", "-X", "-j", "-P", "secret", archive, *sorted(folder.iterdir())], check=True)


if __name__ == "__main__":
    main()
