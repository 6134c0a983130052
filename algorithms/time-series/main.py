"""Forecasts a series some steps ahead: an autoregression over the last values, one set of
weights for each step, tested on the past as if it were the future."""

import mlflow
import numpy
import pandas

import job
import results
import tables
from graph import Graph
from job import Mistake, say


def series_of(table, parameters):
    """The values in the order of their times, without gaps."""
    values = tables.column(table, parameters["value"])
    if parameters["time"]:
        times = tables.column(table, parameters["time"])
        parsed = times if pandas.api.types.is_numeric_dtype(times) else pandas.to_datetime(times, errors="coerce")
        if parsed.isna().any():
            raise Mistake(f"column {parameters['time']!r} must hold times; a row says {tables.shown(times[parsed.isna()].iloc[0])}")
        if parsed.duplicated().any():
            raise Mistake(f"column {parameters['time']!r} says {tables.shown(times[parsed.duplicated()].iloc[0])} twice")
        values = values[parsed.sort_values().index]
    numbers = pandas.to_numeric(values, errors="coerce")
    told = values[numbers.isna() & values.notna()]
    if not told.empty:
        raise Mistake(f"column {parameters['value']!r} must hold numbers; a row says {tables.shown(told.iloc[0])}")
    missing = int(numbers.isna().sum())
    if missing:
        say(f"{missing} missing values are drawn as lines between their neighbours")
    numbers = numbers.interpolate(limit_direction="both").to_numpy(float)
    if not numpy.isfinite(numbers).all() or numpy.ptp(numbers) == 0:
        raise Mistake(f"column {parameters['value']!r} never changes, or is empty: there is nothing to forecast")
    return numbers


def windows(series, window, horizon):
    """Pairs of what was known and what came after."""
    view = numpy.lib.stride_tricks.sliding_window_view(series, window + horizon)
    return view[:, :window], view[:, window:]


def learn(series, window, horizon, strength):
    """Weights and offsets by least squares with a penalty, on windows around their own
    level: a series that rises keeps rising."""
    known, coming = windows(series, window, horizon)
    level = known.mean(axis=1, keepdims=True)
    known, coming = known - level, coming - level
    scale = known.std() or 1.0
    gram = known.T @ known + strength * scale**2 * numpy.eye(window)
    weights = numpy.linalg.solve(gram, known.T @ coming)
    offset = (coming - known @ weights).mean(axis=0)
    # As one product with the window itself: subtracting the level is linear too.
    centring = numpy.eye(window) - 1 / window
    return centring @ weights + 1 / window, offset


def mase(errors, series, season):
    """Mean absolute error beside that of saying what was a season ago (Hyndman and
    Koehler, 2006)."""
    naive = numpy.abs(series[season:] - series[:-season]).mean()
    return float(numpy.abs(errors).mean() / naive) if naive else float("inf")


def train(parameters):
    series = series_of(tables.read(job.folder_of("data")), parameters)
    season, horizon, tests = parameters["season"], parameters["horizon"], parameters["tests"]
    window = parameters["window"] or max(2 * season, horizon, 8)
    least = window + (tests + 2) * horizon
    if len(series) < least:
        raise Mistake(
            f"{len(series)} values are too few: a window of {window} and {tests} tests of {horizon} steps need "
            f"{least}; lower the parameters window, horizon or tests"
        )
    if season >= len(series) - tests * horizon:
        raise Mistake(f"the parameter season ({season}) is longer than what is there to learn from")
    say(f"{len(series)} values; {window} are looked at, {horizon} are forecast")

    with mlflow.start_run():
        mlflow.log_params({**parameters, "window": window})
        errors, naive = [], []
        for test in range(tests):
            end = len(series) - (tests - test) * horizon
            past, future = series[:end], series[end : end + horizon]
            weights, offset = learn(past, window, horizon, parameters["regularization"])
            errors.append(past[-window:] @ weights + offset - future)
            seasons = past[end - season + numpy.arange(horizon) % season]
            naive.append(seasons - future)
            measured = {"test_mase": mase(errors[-1], past, season), "test_mae": float(numpy.abs(errors[-1]).mean())}
            mlflow.log_metrics(measured, step=test + 1)
            say(f"test {test + 1}/{tests} mase {measured['test_mase']:.4f} mae {measured['test_mae']:.6g}")
        errors, naive = numpy.array(errors), numpy.array(naive)
        measured = {
            "mase": mase(errors, series, season),
            "mae": float(numpy.abs(errors).mean()),
            "rmse": float(numpy.sqrt((errors**2).mean())),
            "naive_mae": float(numpy.abs(naive).mean()),
        }
        mlflow.log_metrics(measured)
        say(" ".join(f"{name} {value:.6g}" for name, value in measured.items()))

        weights, offset = learn(series, window, horizon, parameters["regularization"])
        known = series[-window:]
        forecast = known @ weights + offset
        # How far tests went astray at each step, as a band of about two thirds.
        band = numpy.sqrt((errors**2).mean(axis=0))
        ahead = pandas.DataFrame({"step": range(1, horizon + 1), "forecast": forecast, "low": forecast - band, "high": forecast + band})
        mlflow.log_text(ahead.to_csv(index=False), "forecast.csv")
        for step, value in enumerate(forecast, 1):
            mlflow.log_metric("forecast", value, step=step)

        graph = Graph(window).dense(weights, offset)
        about = {"input": f"the last {window} values, oldest first", "horizon": horizon, "season": season}
        example = numpy.array([known], numpy.float32)
        results.keep(graph.model(horizon, "forecast"), example, forecast[None].astype(numpy.float32), about)


job.run(train)
