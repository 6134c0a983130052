"""ONNX Runtime called in a loop, without a server: the floor.

Usage: direct.py FOLDER THREADS SECONDS; prints requests per second and latencies."""

import json
import pathlib
import sys
import threading
import time

import numpy
import onnxruntime

folder, threads, seconds = pathlib.Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
digits = json.loads((folder / "digits.json").read_text())
rows = [numpy.array([row], numpy.float32) for row in digits["rows"]]
session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
name = digits["input"]


def work(taken, until):
    at = 0
    while (began := time.perf_counter()) < until:
        session.run(None, {name: rows[at % len(rows)]})
        taken.append(time.perf_counter() - began)
        at += 1


for row in rows:
    session.run(None, {name: row})
parts = [[] for _ in range(threads)]
began = time.perf_counter()
workers = [threading.Thread(target=work, args=(part, began + seconds)) for part in parts]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
elapsed = time.perf_counter() - began
taken = sorted(one * 1000 for part in parts for one in part)
print(
    json.dumps(
        {
            "per_second": len(taken) / elapsed,
            "p50_ms": taken[len(taken) // 2],
            "p99_ms": taken[int(len(taken) * 0.99)],
        }
    )
)
