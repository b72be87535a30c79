#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes resources/genes/hgnc.tsv.gz from HGNC's complete set.

usage: make_gene_table.py HGNC.tsv[.gz] OUT.tsv.gz

The input is HGNC's tab-separated download with at least the columns symbol, alias_symbol, prev_symbol,
entrez_id and ensembl_gene_id (lists separated by '|'). Only these are kept. The gzip header carries no
time, so the same input gives the same bytes.
"""
import gzip
import io
import sys

COLUMNS = {"symbol": "symbol", "ensembl_gene_id": "ensembl_id", "entrez_id": "entrez_id",
           "prev_symbol": "previous", "alias_symbol": "aliases"}


def main():
    source, target = sys.argv[1:]
    opener = gzip.open if source.endswith(".gz") else open
    with opener(source, "rt", encoding="utf-8") as lines:
        header = next(lines).rstrip("\n").split("\t")
        where = [header.index(name) for name in COLUMNS]
        rows = []
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            rows.append([fields[i].replace('"', "").strip() for i in where])
    rows.sort()
    text = io.StringIO()
    text.write("\t".join(COLUMNS.values()) + "\n")
    for row in rows:
        text.write("\t".join(row) + "\n")
    with open(target, "wb") as out, gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0,
                                                  compresslevel=9) as packed:
        packed.write(text.getvalue().encode("utf-8"))


if __name__ == "__main__":
    main()
