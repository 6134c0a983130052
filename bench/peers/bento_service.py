"""The least that makes BentoML serve an ONNX model: what its documentation on services
shows, with ONNX Runtime inside. $MODEL names the file."""

import os

import bentoml
import numpy
import onnxruntime


@bentoml.service(workers=1)
class Digits:
    def __init__(self) -> None:
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])
        self.name = self.session.get_inputs()[0].name

    @bentoml.api
    def infer(self, rows: numpy.ndarray) -> numpy.ndarray:
        return self.session.run(None, {self.name: rows.astype(numpy.float32)})[0]
