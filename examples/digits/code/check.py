"""Sends the held-out digits through the gateway and compares every answer with
ONNX Runtime on the same model. Exits 0 when the accuracy is good enough."""

import json
import os
import statistics
import sys
import time
import urllib.request

import mlflow.artifacts
import numpy
import onnxruntime

WANTED = 0.95

service, model = sys.argv[1:3]
path = os.path.join(os.environ["DAIS_DATASET_DIGITS"], "test.csv")
rows = numpy.loadtxt(path, delimiter=",", skiprows=1)
pixels, labels = (rows[:, 1:] / 16).astype(numpy.float32), rows[:, 0].astype(int)

folder = mlflow.artifacts.download_artifacts(f"models:/{model}/1")
reference = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"))
[given] = reference.get_inputs()

name = model
address = f"{os.environ['DAIS_SERVE_URL']}/serve/{os.environ['DAIS_PROJECT']}/{service}/v2/models/{name}/infer"
headers = {
    "Authorization": f"Bearer {os.environ['DAIS_TOKEN']}",
    "Content-Type": "application/json",
}


def predict(row):
    tensor = {"name": given.name, "shape": [1, len(row)], "datatype": "FP32", "data": row.tolist()}
    request = urllib.request.Request(address, json.dumps({"inputs": [tensor]}).encode(), headers)
    began = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        body = json.load(answer)
    return body["outputs"][0]["data"], (time.perf_counter() - began) * 1000


right = equal = 0
times = []
for row, label in zip(pixels, labels):
    served, milliseconds = predict(row)
    [wanted] = reference.run(None, {given.name: row[None]})[0]
    equal += bool(numpy.allclose(served, wanted, rtol=1e-4, atol=1e-5))
    right += int(numpy.argmax(served)) == label
    times.append(milliseconds)

result = {
    "predictions": len(rows),
    "accuracy": right / len(rows),
    "equal_to_onnxruntime": equal,
    "predict_p50_ms": statistics.median(times),
}
print("RESULT " + json.dumps(result), flush=True)
sys.exit(0 if result["accuracy"] >= WANTED and equal == len(rows) else 1)
