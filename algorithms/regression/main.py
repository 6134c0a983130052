"""Learns a number with ridge regression; how strongly it holds back is found by
cross-validation over a path of strengths."""

import mlflow
import numpy
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import KFold, train_test_split

import job
import results
import tables
from graph import Graph
from job import Mistake, say

FEWEST_ROWS = 10


def error_of(strength, matrix, target, categories, folds):
    """Root of the mean squared error over all folds."""
    squares = []
    for inside, outside in folds.split(matrix):
        scaling = tables.Scaling(matrix[inside], categories)
        model = Ridge(alpha=strength).fit(scaling.apply(matrix[inside]), target[inside])
        squares.append((model.predict(scaling.apply(matrix[outside])) - target[outside]) ** 2)
    return float(numpy.sqrt(numpy.concatenate(squares).mean()))


def train(parameters):
    table = tables.read(job.folder_of("data"))
    table, target = tables.target_of(table, parameters["target"])
    target = tables.numbers(target)
    features = tables.Features(table, leave_out=[parameters["target"]], only=parameters["columns"])
    rows = len(table)
    if rows < FEWEST_ROWS:
        raise Mistake(f"{rows} rows are too few; {FEWEST_ROWS} or more are needed")
    matrix, seed = features.matrix(table), parameters["seed"]
    parts = train_test_split(matrix, target, test_size=parameters["test_share"], random_state=seed)
    learn_x, test_x, learn_y, test_y = parts
    say(f"{rows} rows, {len(features.names)} columns; {len(test_y)} rows are held out")
    for name in features.constant:
        say(f"column {name!r} is the same in all rows and left out")

    with mlflow.start_run():
        mlflow.log_params(parameters)
        folds = KFold(min(parameters["folds"], len(learn_y)), shuffle=True, random_state=seed)
        strengths = numpy.geomspace(parameters["weakest"], parameters["strongest"], parameters["strengths"])
        errors = []
        for step, strength in enumerate(strengths, 1):
            errors.append(error_of(strength, learn_x, learn_y, features.categories, folds))
            mlflow.log_metrics({"fold_rmse": errors[-1], "strength": strength}, step=step)
            say(f"strength {strength:.4g} fold_rmse {errors[-1]:.6g}")
        strength = strengths[int(numpy.argmin(errors))]

        scaling = tables.Scaling(learn_x, features.categories)
        model = Ridge(alpha=strength).fit(scaling.apply(learn_x), learn_y)
        guesses = model.predict(scaling.apply(test_x))
        measured = {
            "rmse": float(numpy.sqrt(mean_squared_error(test_y, guesses))),
            "mae": mean_absolute_error(test_y, guesses),
            "r2": r2_score(test_y, guesses),
            "best_strength": strength,
        }
        mlflow.log_metrics(measured)
        say(" ".join(f"{name} {value:.6g}" for name, value in measured.items()))

        graph = Graph(len(features.names)).scaled(scaling).dense(model.coef_[:, None], [model.intercept_])
        about = {"columns": features.described(), "target": parameters["target"]}
        results.keep(graph.model(1, parameters["target"]), test_x[:2], guesses[:2, None].astype(numpy.float32), about)


job.run(train)
