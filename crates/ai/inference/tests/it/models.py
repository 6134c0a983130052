"""Makes ONNX models in the directory given, and what onnxruntime answers (cases.json)."""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = sys.argv[1]
cases = []
NAMES = {
    "float32": "FP32", "float64": "FP64", "float16": "FP16", "int64": "INT64", "int32": "INT32",
    "uint8": "UINT8", "bool": "BOOL", "object": "BYTES",
}


def tensor(name, array):
    array = np.asarray(array)
    return {
        "name": name, "datatype": NAMES[array.dtype.name], "shape": list(array.shape), "data": array.ravel().tolist(),
    }


def case(name, model, batches, expected_model=None, **more):
    onnx.save(model, os.path.join(folder, name + ".onnx"))
    session = onnxruntime.InferenceSession((expected_model or model).SerializeToString())
    # With and without ZipMap the converter gives its outputs different names.
    outputs = [output.name for output in model.graph.output]
    requests = []
    for inputs in batches:
        answers = session.run(None, inputs)
        requests.append({
            "body": {"inputs": [tensor(key, value) for key, value in inputs.items()]},
            "outputs": [tensor(key, value) for key, value in zip(outputs, answers)],
        })
    cases.append({"name": name, "requests": requests, **more})


digits = load_digits()
x, y = digits.data.astype(np.float32), digits.target
batches = [{"X": x[:1]}, {"X": x[10:27]}]
plain = {"zipmap": False}
logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(x, y)
flat = to_onnx(logistic, x[:1], options={id(logistic): plain})
case("logistic", flat, batches)
case("zipmap", to_onnx(logistic, x[:1]), batches, expected_model=flat, classes=list(range(10)))
words = LogisticRegression(max_iter=50).fit(x, np.where(y > 4, "big", "small"))
# tract has no classifier with labels in words, and says so when it loads one.
case("texts", to_onnx(words, x[:1], options=plain), batches, tract=False)
case("forest", to_onnx(RandomForestClassifier(20, random_state=0).fit(x, y), x[:1], options=plain), batches)
case("network", to_onnx(MLPClassifier([32], max_iter=60, random_state=0).fit(x, y), x[:1], options=plain), batches)
case("regression", to_onnx(LinearRegression().fit(x, y.astype(np.float32)), x[:1]), batches)


def graph(nodes, inputs, outputs, weights=()):
    tensors = [numpy_helper.from_array(value, key) for key, value in weights]
    made = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


rng = np.random.default_rng(0)
images = rng.random((5, 1, 8, 8), dtype=np.float32)
convolution = graph(
    [
        helper.make_node("Conv", ["image", "kernel"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "dense"], ["e"]),
        helper.make_node("Softmax", ["e"], ["p"], axis=1),
    ],
    [info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
    [info("p", TensorProto.FLOAT, ["batch", 10])],
    [("kernel", rng.random((4, 1, 3, 3), dtype=np.float32)), ("dense", rng.random((64, 10), dtype=np.float32) / 10)],
)
case("convolution", convolution, [{"image": images[:1]}, {"image": images}])

# The shape is computed, as exporters from PyTorch do it.
reshaped = graph(
    [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"], axis=0),
        helper.make_node("Unsqueeze", ["n", "axes"], ["n1"]),
        helper.make_node("Concat", ["n1", "rest"], ["to"], axis=0),
        helper.make_node("Reshape", ["x", "to"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ],
    [info("x", TensorProto.FLOAT, ["batch", 2, 3])],
    [info("y", TensorProto.FLOAT, None)],
    [
        ("zero", np.array(0)), ("axes", np.array([0])), ("rest", np.array([6])),
        ("w", rng.random((6, 2), dtype=np.float32)),
    ],
)
case("reshaped", reshaped, [{"x": rng.random((n, 2, 3), dtype=np.float32)} for n in (1, 4)])

for name, kind, dtype in (
    ("double", TensorProto.DOUBLE, np.float64), ("int32", TensorProto.INT32, np.int32),
    ("int64", TensorProto.INT64, np.int64),
):
    added = graph(
        [helper.make_node("Add", ["a", "b"], ["c"])],
        [info("a", kind, [None, 2]), info("b", kind, [2])],
        [info("c", kind, [None, 2])],
    )
    case(name, added, [{"a": np.arange(6, dtype=dtype).reshape(3, 2), "b": np.array([10, 20], dtype=dtype)}])

cast = graph(
    [helper.make_node("Cast", ["h"], ["f"], to=TensorProto.FLOAT16), helper.make_node("Greater", ["h", "zero"], ["big"])],
    [info("h", TensorProto.FLOAT, [None])],
    [info("f", TensorProto.FLOAT16, [None]), info("big", TensorProto.BOOL, [None])],
    [("zero", np.array(0, dtype=np.float32))],
)
case("halves", cast, [{"h": np.array([-1.5, 0.25, 3], dtype=np.float32)}])

strings = graph(
    [helper.make_node("Identity", ["t"], ["u"])],
    [info("t", TensorProto.STRING, [None])],
    [info("u", TensorProto.STRING, [None])],
)
case("strings", strings, [{"t": np.array(["a", "数字", ""], dtype=object)}])

with open(os.path.join(folder, "cases.json"), "w") as file:
    json.dump(cases, file)
