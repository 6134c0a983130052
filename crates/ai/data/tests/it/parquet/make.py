"""Writes the files of this folder with pyarrow: python make.py"""

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({
    "id": pa.array([1, 2, 3, 4, 5], pa.int64()),
    "分数": pa.array([0.5, None, 1.5, 2.5, 3.5], pa.float64()),
    "when": pa.array([datetime.datetime(2026, 1, day) for day in range(1, 6)], pa.timestamp("us")),
    "ok": pa.array([True, False, None, True, True]),
    "tags": pa.array([[], ["a", "b"], None, ["c"], []], pa.list_(pa.string())),
    "nested": pa.array([{"x": at} for at in range(1, 6)], pa.struct([("x", pa.int32())])),
    "price": pa.array([decimal.Decimal(f"{at}.50") for at in range(1, 6)], pa.decimal128(9, 2)),
})
for name in ["none", "snappy", "gzip", "zstd", "lz4"]:
    to = pathlib.Path(__file__).parent / f"{name}.parquet"
    pq.write_table(table, to, compression=name, row_group_size=2)

# Two million values in one row, in a few hundred bytes.
bomb = pa.table({"x": pa.array([[0] * 2_000_000], pa.list_(pa.int32()))})
pq.write_table(bomb, pathlib.Path(__file__).parent / "bomb.parquet", compression="zstd")


# Values that are large only once they are unpacked, in some 20 kB each.
def large(name, rows, columns, mebibytes):
    values = pa.array(["a" * (mebibytes << 20)] * rows, pa.large_string())
    table = pa.table({f"c{at}": values for at in range(columns)})
    pq.write_table(table, pathlib.Path(__file__).parent / f"{name}.parquet", compression="zstd",
                   compression_level=19, use_dictionary=False, write_statistics=False,
                   write_batch_size=1)


large("page", 1, 1, 600)
large("columns", 1, 12, 60)
large("values", 200, 1, 4)
