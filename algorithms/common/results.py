"""What a job leaves: its model with everything that is needed to ask it."""

import warnings

import mlflow
import mlflow.onnx
from mlflow.models import infer_signature

from job import model_name, say

# Advice on how to log models otherwise; none of it is for whoever reads the job's log.
warnings.filterwarnings("ignore", module="mlflow")


def keep(model, example, answer, about):
    """Logs an ONNX model with its signature, and registers it where the job names a model.

    about: what stands beside it, for example the columns it reads and the classes it knows.
    """
    mlflow.log_dict(about, "model.json")
    name = model_name()
    mlflow.onnx.log_model(
        model,
        name="model",
        signature=infer_signature(example, answer),
        registered_model_name=name,
        pip_requirements=["onnxruntime"],
        metadata={key: str(value)[:1000] for key, value in about.items()},
    )
    say(f"kept the model as {name}" if name else "kept the model with the run")
