"""Fills a platform with real work, through other people's clients where there
are any. Reads DAIS_URL, DAIS_TOKEN and
DAIS_WEBHOOK, the address of somebody who is told of alerts. Usage: seed.py DAIS"""

import os
import pathlib
import subprocess
import sys
import tempfile

import mlflow
import mlflow.onnx
import numpy
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

dais = sys.argv[1]


def run(*words, check=True):
    return subprocess.run([dais, *words], check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


pixels, labels = load_digits(return_X_y=True)
pixels = (pixels / 16).astype(numpy.float32)
with tempfile.TemporaryDirectory() as folder:
    rows = numpy.column_stack([labels, pixels])
    numpy.savetxt(pathlib.Path(folder) / "digits.csv", rows, "%.4f", ",")
    run("upload", "digits", folder)

script = "for i in 1 2 3 4 5; do echo epoch $i loss 0.$((9 - i)); done"
run("run", "--name", "trained", "--no-code", "-d", "digits@v1", "-P", "depth=8", "--", "sh", "-c", script)
run("run", "--name", "broken", "--no-code", "--", "sh", "-c", "echo no such column: age >&2; exit 3", check=False)
run("run", "--name", "running", "--no-code", "--detach", "--", "sh", "-c", "i=0; while true; do echo step $i; i=$((i+1)); sleep 1; done")
run("run", "--name", "tuning", "--no-code", "--detach", "--gpus", "1", "--", "sh", "-c", "echo on $CUDA_VISIBLE_DEVICES; exec sleep 100000")

os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["DAIS_TOKEN"]
mlflow.set_tracking_uri(os.environ["DAIS_URL"] + "/mlflow/p/default")
mlflow.set_experiment("digits")
model = LogisticRegression(max_iter=200).fit(pixels, labels)
with mlflow.start_run(run_name="logistic"):
    mlflow.log_params({"max_iter": 200, "solver": "lbfgs"})
    for step in range(20):
        mlflow.log_metrics({"loss": 1 / (step + 1), "accuracy": 1 - 0.5 / (step + 1)}, step=step)
    mlflow.onnx.log_model(
        to_onnx(model, pixels[:1], options={"zipmap": False}, target_opset=15),
        name="model",
        registered_model_name="digits",
        pip_requirements=["onnxruntime"],
    )
run("deploy", "models:/digits/1", "--name", "digits")

# Something that fires, and somebody who is told of it.
ALERTS = """
apiVersion: v1
kind: Secret
metadata: {name: alertmanager, namespace: dais-system}
stringData:
  alertmanager.yaml: |
    route: {receiver: webhook, group_by: [alertname], group_wait: 1s}
    receivers:
      - name: webhook
        webhook_configs: [{url: "%s"}]
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: always, namespace: dais-system}
spec:
  groups:
    - name: always
      interval: 1s
      rules:
        - alert: AlwaysFires
          expr: vector(1)
          labels: {severity: info}
          annotations: {summary: always}
"""
with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    file.write(ALERTS % os.environ["DAIS_WEBHOOK"])
    file.flush()
    run("apply", "-f", file.name)
