"""Trains the digits model of examples/digits and writes it as ONNX, with digits
that it has not seen and what ONNX Runtime answers for them.

Usage: train.py FOLDER"""

import json
import pathlib
import sys
import warnings

import numpy
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HELD_OUT = 360

warnings.filterwarnings("ignore")
folder = pathlib.Path(sys.argv[1])
pixels, labels = load_digits(return_X_y=True)
pixels = (pixels / 16).astype(numpy.float32)
train_x, test_x, train_y, test_y = train_test_split(
    pixels, labels, test_size=HELD_OUT, random_state=7, stratify=labels
)
model = MLPClassifier((64,), learning_rate_init=0.003, max_iter=60, random_state=7).fit(train_x, train_y)
graph = to_onnx(model, train_x[:1], options={"zipmap": False}, target_opset=15)
[kept] = [output for output in graph.graph.output if output.name == "probabilities"]
graph = select_model_inputs_outputs(graph, outputs=[kept.name])
graph.graph.output[0].CopyFrom(kept)  # The selection forgets the output's type.
(folder / "model.onnx").write_bytes(graph.SerializeToString())

session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
[given], [wanted] = session.get_inputs(), session.get_outputs()
answers = [session.run(None, {given.name: row[None]})[0][0].tolist() for row in test_x]
right = sum(int(numpy.argmax(answer) == label) for answer, label in zip(answers, test_y))
(folder / "digits.json").write_text(
    json.dumps(
        {
            "input": given.name,
            "output": wanted.name,
            "accuracy": right / len(test_y),
            "rows": test_x.tolist(),
            "answers": answers,
        }
    )
)
