"""Trains a classifier of digits, logs it with MLflow, registers it as ONNX."""

import os
import random
import warnings

import mlflow
import mlflow.onnx
import numpy
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")


def parameter(name, default):
    return type(default)(os.environ.get(f"DAIS_PARAM_{name.upper()}", default))


def read(name):
    path = os.path.join(os.environ["DAIS_DATASET_DIGITS"], name)
    rows = numpy.loadtxt(path, delimiter=",", skiprows=1)
    return (rows[:, 1:] / 16).astype(numpy.float32), rows[:, 0].astype(int)


hidden = parameter("hidden", 64)
epochs = parameter("epochs", 40)
rate = parameter("rate", 0.003)
shuffle = parameter("shuffle_labels", 0)

pixels, labels = read("train.csv")
if shuffle:
    random.Random(7).shuffle(labels)
train_x, train_y, check_x, check_y = pixels[:1200], labels[:1200], pixels[1200:], labels[1200:]

with mlflow.start_run():
    mlflow.log_params({"hidden": hidden, "epochs": epochs, "rate": rate, "shuffle_labels": shuffle})
    model = MLPClassifier((hidden,), learning_rate_init=rate, random_state=7)
    classes = numpy.arange(10)
    for epoch in range(1, epochs + 1):
        for batch in numpy.array_split(numpy.random.default_rng(epoch).permutation(len(train_x)), 12):
            model.partial_fit(train_x[batch], train_y[batch], classes=classes)
        accuracy = model.score(check_x, check_y)
        loss = log_loss(check_y, model.predict_proba(check_x), labels=classes)
        mlflow.log_metrics(
            {"loss": model.loss_, "val_loss": loss, "val_accuracy": accuracy}, step=epoch
        )
        print(f"epoch {epoch}/{epochs} loss {model.loss_:.4f} val_accuracy {accuracy:.4f}", flush=True)

    onnx_model = to_onnx(model, train_x[:1], options={"zipmap": False}, target_opset=15)
    # The service answers with probabilities; the label is the largest of them.
    outputs = onnx_model.graph.output
    outputs.remove(next(output for output in outputs if output.name == "label"))
    mlflow.onnx.log_model(
        onnx_model,
        name="model",
        signature=infer_signature(train_x[:2], model.predict_proba(train_x[:2])),
        registered_model_name=os.environ["DAIS_MODEL"],
        pip_requirements=["onnxruntime"],
    )
