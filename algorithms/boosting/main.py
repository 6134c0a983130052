"""Gradient boosting over histograms, for classes and for numbers. Gaps in the data are no
trouble, and it stops when held-out rows get no better."""

import mlflow
import numpy
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

import job
import results
import tables
from graph import Graph
from job import Mistake, say

FEWEST_ROWS = 20
#: Numbers in the model: each tree is a table of its nodes by its leaves. 1 GiB.
LARGEST = 1 << 28
#: Rounds between two looks at the held-out rows.
LOOK = 10


def is_classes(target, task):
    if task != "auto":
        return task == "classification"
    numeric = pandas.api.types.is_numeric_dtype(target) and not pandas.api.types.is_bool_dtype(target)
    return not numeric or (target.nunique() <= 20 and (target == target.round()).all())


def loss_of(model, inputs, target, classes):
    if classes:
        return log_loss(target, model.predict_proba(inputs), labels=range(classes))
    return float(numpy.sqrt(mean_squared_error(target, model.predict(inputs))))


def grow(model, learn, check, parameters, classes):
    """Adds rounds until the held-out rows get no better; leaves the best number of rounds."""
    best, best_rounds = numpy.inf, LOOK
    for rounds in range(LOOK, parameters["rounds"] + LOOK, LOOK):
        rounds = min(rounds, parameters["rounds"])
        model.set_params(max_iter=rounds).fit(*learn)
        losses = {"loss": loss_of(model, *learn, classes), "val_loss": loss_of(model, *check, classes)}
        mlflow.log_metrics(losses, step=rounds)
        say(f"round {rounds} loss {losses['loss']:.6g} val_loss {losses['val_loss']:.6g}")
        if losses["val_loss"] < best:
            best, best_rounds = losses["val_loss"], rounds
        elif rounds - best_rounds >= parameters["patience"]:
            say(f"no better for {rounds - best_rounds} rounds")
            break
    return best_rounds


def graph_of(model, width, classes, name):
    """The trees as plain arithmetic. Two classes share one tree in each round."""
    trees = [(group, tree.nodes) for iteration in model._predictors for group, tree in enumerate(iteration)]
    groups = len(model._predictors[0])
    size = len(trees) * max(len(nodes) for _, nodes in trees) ** 2 // 4
    if size > LARGEST:
        raise Mistake(f"{len(trees)} trees of this size make too large a model; lower the parameter leaves or rounds")
    graph = Graph(width).trees(trees, groups, model._baseline_prediction)
    if classes == 2:
        raw = graph.last
        half = graph.constant([[-0.5, 0.5]])
        graph.add("MatMul", raw, half)
    if classes:
        graph.then("Softmax", axis=1)
    return graph.model(classes or 1, name)


def train(parameters):
    table = tables.read(job.folder_of("data"))
    table, target = tables.target_of(table, parameters["target"])
    features = tables.Features(table, leave_out=[parameters["target"]], only=parameters["columns"])
    if len(table) < FEWEST_ROWS:
        raise Mistake(f"{len(table)} rows are too few; {FEWEST_ROWS} or more are needed")
    matrix, names = features.matrix(table), []
    if is_classes(target, parameters["task"]):
        names, values = numpy.unique(target.astype(str), return_inverse=True)
        names = [str(name) for name in names]
        rare = numpy.bincount(values).argmin()
        if numpy.bincount(values)[rare] < 3:
            raise Mistake(f"class {names[rare]!r} has fewer than 3 rows; each needs one to learn, check and test with")
    else:
        values = tables.numbers(target)
    stratify = values if names else None
    seed, share = parameters["seed"], parameters["test_share"]
    rest_x, test_x, rest_y, test_y = train_test_split(matrix, values, test_size=share, random_state=seed, stratify=stratify)
    stratify = rest_y if names else None
    learn_x, check_x, learn_y, check_y = train_test_split(rest_x, rest_y, test_size=share, random_state=seed, stratify=stratify)
    what = f"{len(names)} classes" if names else "a number"
    say(f"{len(matrix)} rows, {len(features.names)} columns, {what}; {len(test_x)} rows are held out")

    kind = HistGradientBoostingClassifier if names else HistGradientBoostingRegressor
    model = kind(
        learning_rate=parameters["learning_rate"],
        max_leaf_nodes=parameters["leaves"],
        min_samples_leaf=parameters["rows_per_leaf"],
        l2_regularization=parameters["regularization"],
        early_stopping=False,
        warm_start=True,
        random_state=seed,
    )
    with mlflow.start_run():
        mlflow.log_params(parameters)
        rounds = grow(model, (learn_x, learn_y), (check_x, check_y), parameters, len(names))
        model.set_params(max_iter=rounds, warm_start=False).fit(rest_x, rest_y)
        if names:
            answers = model.predict_proba(test_x)
            guesses = answers.argmax(axis=1)
            measured = {"accuracy": accuracy_score(test_y, guesses), "log_loss": log_loss(test_y, answers, labels=range(len(names)))}
        else:
            answers = model.predict(test_x)[:, None]
            measured = {"rmse": loss_of(model, test_x, test_y, 0), "r2": r2_score(test_y, answers)}
        mlflow.log_metrics({**measured, "best_rounds": rounds})
        say(" ".join(f"{name} {value:.6g}" for name, value in measured.items()))

        name = "probabilities" if names else parameters["target"]
        about = {"columns": features.described(), "classes": names, "target": parameters["target"]}
        results.keep(graph_of(model, len(features.names), len(names), name), test_x[:2], answers[:2].astype(numpy.float32), about)


job.run(train)
