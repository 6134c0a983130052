"""Learns to tell classes apart with logistic regression, after cross-validation."""

import warnings

import mlflow
import numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split

import job
import results
import tables
from graph import Graph
from job import Mistake, say

warnings.filterwarnings("ignore", category=ConvergenceWarning)
MOST_CLASSES = 1000


def classes_of(target):
    labels = target.astype(str)
    names, places = numpy.unique(labels, return_inverse=True)
    if len(names) > MOST_CLASSES:
        raise Mistake(f"column {target.name!r} has {len(names)} different values; for numbers, use the algorithm regression")
    fewest = numpy.bincount(places)
    if fewest.min() < 2:
        raise Mistake(f"class {names[fewest.argmin()]!r} has one row; each class needs two or more")
    return [str(name) for name in names], places


def learn(inputs, places, parameters):
    weight = "balanced" if parameters["balanced"] else None
    model = LogisticRegression(C=1 / parameters["regularization"], max_iter=parameters["iterations"], class_weight=weight)
    return model.fit(inputs, places)


def weights_of(model):
    """Two classes are kept as one column of weights; the model answers with one per class."""
    weights, bias = model.coef_.T, model.intercept_
    if len(bias) == 1:
        return numpy.hstack([-weights / 2, weights / 2]), numpy.array([-bias[0] / 2, bias[0] / 2])
    return weights, bias


def train(parameters):
    table = tables.read(job.folder_of("data"))
    table, target = tables.target_of(table, parameters["target"])
    features = tables.Features(table, leave_out=[parameters["target"]], only=parameters["columns"])
    names, places = classes_of(target)
    matrix, seed = features.matrix(table), parameters["seed"]
    rows = len(matrix)
    kept, held = round(rows * (1 - parameters["test_share"])), round(rows * parameters["test_share"])
    if min(kept, held) < len(names):
        raise Mistake(f"{rows} rows are too few for {len(names)} classes: {held} would be held out to test with")
    learn_x, test_x, learn_y, test_y = train_test_split(matrix, places, test_size=held, random_state=seed, stratify=places)
    say(f"{rows} rows, {len(features.names)} columns, {len(names)} classes; {held} rows are held out")
    for name in features.constant:
        say(f"column {name!r} is the same in all rows and left out")

    with mlflow.start_run():
        mlflow.log_params(parameters)
        folds = min(parameters["folds"], int(numpy.bincount(learn_y).min()))
        if folds >= 2:
            splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(learn_x, learn_y)
            for fold, (inside, outside) in enumerate(splits, 1):
                scaling = tables.Scaling(learn_x[inside], features.categories)
                model = learn(scaling.apply(learn_x[inside]), learn_y[inside], parameters)
                accuracy = model.score(scaling.apply(learn_x[outside]), learn_y[outside])
                mlflow.log_metric("fold_accuracy", accuracy, step=fold)
                say(f"fold {fold}/{folds} accuracy {accuracy:.4f}")

        scaling = tables.Scaling(learn_x, features.categories)
        model = learn(scaling.apply(learn_x), learn_y, parameters)
        chances = model.predict_proba(scaling.apply(test_x))
        guesses = chances.argmax(axis=1)
        measured = {
            "accuracy": accuracy_score(test_y, guesses),
            "f1": f1_score(test_y, guesses, average="macro"),
            "log_loss": log_loss(test_y, chances, labels=range(len(names))),
            "baseline_accuracy": numpy.bincount(test_y, minlength=len(names))[numpy.bincount(learn_y).argmax()] / held,
        }
        mlflow.log_metrics(measured)
        say(" ".join(f"{name} {value:.4f}" for name, value in measured.items()))
        confused = confusion_matrix(test_y, guesses, labels=range(len(names)))
        mlflow.log_dict({"classes": names, "rows_are_true": confused.tolist()}, "confusion.json")

        graph = Graph(len(features.names)).scaled(scaling).dense(*weights_of(model)).then("Softmax", axis=1)
        about = {"columns": features.described(), "classes": names}
        results.keep(graph.model(len(names), "probabilities"), test_x[:2], chances[:2].astype(numpy.float32), about)


job.run(train)
