"""Registers two models through the unmodified mlflow package: `sum`, which adds
up each row of an N x 3 float input `x`, and `broken`, whose file is not ONNX.
Reads MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN."""

import pathlib
import tempfile

import mlflow
import onnx
from onnx import TensorProto, helper

node = helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=1)
graph = helper.make_graph(
    [node],
    "sum",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1])],
    [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
files = {"sum": model.SerializeToString(), "broken": b"no model at all"}

mlflow.set_experiment("models")
client = mlflow.MlflowClient()
for name, content in files.items():
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        path.write_bytes(content)
        mlflow.log_artifact(str(path), "model")
        client.create_registered_model(name)
        version = client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
        print(name, version.version)
