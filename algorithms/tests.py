"""The algorithms that come with dais, run on real data as jobs run them.

    MLFLOW_TRACKING_URI=… python algorithms/tests.py [-v]

Runs are logged to a tracking server, dais's own as a rule.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import mlflow
import numpy
import onnxruntime
import pandas
import yaml
from sklearn import datasets

HERE = pathlib.Path(__file__).resolve().parent


def documents(name):
    return list(yaml.safe_load_all((HERE / name / "algorithm.yaml").read_text()))


def frame(load):
    return load(as_frame=True).frame


class Job(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.code, self.data = self.folder / "code", self.folder / "data"
        self.data.mkdir()

    def start(self, name, parameters, model=None, **variables):
        """Runs an algorithm as a pod would; its exit code, log and run."""
        if not self.code.exists():
            shutil.copytree(HERE / "common", self.code)
            shutil.copytree(HERE / name, self.code, dirs_exist_ok=True)
        schema = documents(name)[1]["spec"]["parameters"]
        defaults = {key: one["default"] for key, one in schema["properties"].items() if "default" in one}
        mlflow.set_experiment(name)
        run = mlflow.start_run()
        mlflow.end_run("RUNNING")
        environment = {
            **os.environ,
            "MLFLOW_RUN_ID": run.info.run_id,
            "MLFLOW_EXPERIMENT_NAME": name,
            "DAIS_PARAMETERS": json.dumps({**defaults, **parameters}),
            "DAIS_INPUT_DATA": str(self.data),
            **variables,
        }
        if model:
            environment["DAIS_MODEL"] = model
        ended = subprocess.run([sys.executable, "main.py"], cwd=self.code, env=environment, capture_output=True, text=True)
        return ended.returncode, ended.stdout + ended.stderr, run.info.run_id

    def finish(self, name, parameters, model=None, **variables):
        code, log, run = self.start(name, parameters, model, **variables)
        self.assertEqual(code, 0, log)
        return mlflow.get_run(run), log

    def refuse(self, name, parameters, *words):
        code, log, _ = self.start(name, parameters)
        self.assertEqual(code, 2, log)
        self.assertNotIn("Traceback", log)
        for word in words:
            self.assertIn(word, log)

    def history(self, run, metric):
        return mlflow.MlflowClient().get_metric_history(run.info.run_id, metric)

    def ask(self, run, rows):
        """What ONNX Runtime says of the model that the run kept."""
        [model] = mlflow.search_logged_models(experiment_ids=[run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'", output_format="list")
        folder = mlflow.artifacts.download_artifacts(f"models:/{model.model_id}", dst_path=tempfile.mkdtemp(dir=self.folder))
        session = onnxruntime.InferenceSession(pathlib.Path(folder) / "model.onnx")
        return session.run(None, {session.get_inputs()[0].name: numpy.asarray(rows, numpy.float32)})[0]

    def about(self, run):
        return mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/model.json")


class Classification(Job):
    def test_flowers_with_gaps_and_a_text_column(self):
        table = frame(datasets.load_iris)
        table["target"] = table["target"].map({0: "setosa", 1: "versicolor", 2: "virginica"})
        table["shop"] = ["north" if row % 2 else "south" for row in range(len(table))]
        table.iloc[3, 0] = None
        table.to_csv(self.data / "iris.csv", index=False)
        run, log = self.finish("classification", {"target": "target", "folds": 4})
        self.assertGreater(run.data.metrics["accuracy"], 0.9, log)
        self.assertGreater(run.data.metrics["accuracy"], run.data.metrics["baseline_accuracy"] + 0.3)
        self.assertEqual(len(self.history(run, "fold_accuracy")), 4)
        about = self.about(run)
        self.assertEqual(about["classes"], ["setosa", "versicolor", "virginica"])
        self.assertEqual(about["columns"][4], {"name": "shop", "categories": ["north", "south"]})
        chances = self.ask(run, [[5.0, 3.4, 1.5, 0.2, 1], [float("nan"), 3.0, 5.8, 2.2, 0], [6, 3, 5.8, 2.2, float("nan")]])
        numpy.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
        self.assertEqual(chances.argmax(axis=1).tolist(), [0, 2, 2])

    def test_a_registered_model(self):
        """Served by the test that runs this one."""
        frame(datasets.load_iris).to_csv(self.data / "iris.csv", index=False)
        for name, model in [("classification", "flowers"), ("boosting", "flowers-boosted")]:
            shutil.rmtree(self.code, ignore_errors=True)
            run, log = self.finish(name, {"target": "target"}, model=model)
            self.assertIn(f"kept the model as {model}", log)
            self.assertEqual(mlflow.MlflowClient().get_model_version(model, "1").run_id, run.info.run_id)

    def test_two_classes_are_as_scikit_learn_says(self):
        table = frame(datasets.load_breast_cancer)
        table.to_csv(self.data / "cells.csv", index=False)
        run, log = self.finish("classification", {"target": "target"})
        self.assertGreater(run.data.metrics["accuracy"], 0.95, log)
        inputs = table.drop(columns="target").to_numpy()
        right = self.ask(run, inputs).argmax(axis=1) == table["target"]
        self.assertGreater(right.mean(), 0.97)

    def test_mistakes_are_told(self):
        self.refuse("classification", {"target": "y"}, "no .csv or .parquet file")
        table = pandas.DataFrame({"a": range(30), "b": [1.0] * 30, "y": ["u", "v"] * 15})
        table.to_csv(self.data / "t.csv", index=False)
        self.refuse("classification", {"target": "z"}, "no column 'z'", "a, b, y")
        self.refuse("classification", {"target": "b"}, "'b' is 1.0 in all 30 rows")
        self.refuse("classification", {"target": "y", "columns": ["b"]}, "no column is left")
        self.refuse("classification", {"target": "a"}, "class '0' has one row")
        table.head(0).to_csv(self.data / "t.csv", index=False)
        self.refuse("classification", {"target": "y"}, "no rows")
        (self.data / "t.csv").write_bytes(b"")
        self.refuse("classification", {"target": "y"}, "t.csv cannot be read")
        table.to_csv(self.data / "t.csv", index=False)
        table.rename(columns={"a": "c"}).to_csv(self.data / "u.csv", index=False)
        self.refuse("classification", {"target": "y"}, "u.csv has other columns than t.csv: a, c")


class Regression(Job):
    def test_diabetes_in_parquet(self):
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            self.skipTest("pyarrow is not installed")
        table = frame(datasets.load_diabetes)
        table.iloc[:200].to_parquet(self.data / "a.parquet")
        table.iloc[200:].to_parquet(self.data / "b.parquet")
        run, log = self.finish("regression", {"target": "target"})
        self.assertGreater(run.data.metrics["r2"], 0.35, log)
        self.assertEqual(len(self.history(run, "fold_rmse")), 12)
        guesses = self.ask(run, table.drop(columns="target"))[:, 0]
        self.assertLess(numpy.abs(guesses - table["target"]).mean(), 50)

    def test_a_text_is_no_number(self):
        pandas.DataFrame({"a": range(20), "y": ["1", "two"] * 10}).to_csv(self.data / "t.csv", index=False)
        self.refuse("regression", {"target": "y"}, "'y' must hold numbers", "'two'")


class Boosting(Job):
    def test_wine_is_told_apart(self):
        table = frame(datasets.load_wine)
        table.iloc[5, 2] = None
        table.to_csv(self.data / "wine.csv", index=False)
        run, log = self.finish("boosting", {"target": "target", "rounds": 60})
        self.assertGreater(run.data.metrics["accuracy"], 0.85, log)
        losses = [one.value for one in self.history(run, "val_loss")]
        self.assertGreater(len(losses), 2)
        self.assertLess(min(losses), losses[0])
        chances = self.ask(run, table.drop(columns="target"))
        self.assertGreater((chances.argmax(axis=1) == table["target"]).mean(), 0.9)

    def test_numbers(self):
        table = frame(datasets.load_diabetes)
        table.to_csv(self.data / "diabetes.csv", index=False)
        run, log = self.finish("boosting", {"target": "target", "learning_rate": 0.05, "task": "regression"})
        self.assertGreater(run.data.metrics["r2"], 0.2, log)
        self.assertLess(run.data.metrics["best_rounds"], 200)

    def test_the_trees_are_as_scikit_learn_walks_them(self):
        sys.path.insert(0, str(HERE / "common"))
        from graph import Graph
        from sklearn.ensemble import HistGradientBoostingRegressor

        inputs, target = datasets.make_regression(400, 5, noise=3, random_state=5)
        inputs = inputs.astype(numpy.float32)
        inputs[numpy.random.default_rng(5).random(inputs.shape) < 0.1] = numpy.nan
        model = HistGradientBoostingRegressor(max_iter=50).fit(inputs, target)
        trees = [(0, tree.nodes) for [tree] in model._predictors]
        graph = Graph(5).trees(trees, 1, model._baseline_prediction).model(1, "y")
        session = onnxruntime.InferenceSession(graph.SerializeToString())
        numpy.testing.assert_allclose(session.run(None, {"input": inputs})[0][:, 0], model.predict(inputs), rtol=1e-4, atol=1e-2)

    def test_numbers_are_kept(self):
        table = frame(datasets.load_diabetes)
        table.to_csv(self.data / "diabetes.csv", index=False)
        run, _ = self.finish("boosting", {"target": "target", "rounds": 20, "task": "regression"})
        guesses = self.ask(run, table.drop(columns="target"))
        self.assertEqual(guesses.shape, (len(table), 1))
        self.assertLess(numpy.abs(guesses[:, 0] - table["target"]).mean(), 55)


class Clustering(Job):
    def test_groups_that_are_there_are_found(self):
        points, groups = datasets.make_blobs(300, centers=4, cluster_std=0.6, random_state=3)
        table = pandas.DataFrame(points, columns=["x", "y"]).assign(id=range(300))
        table.to_csv(self.data / "t.csv", index=False)
        run, log = self.finish("clustering", {"leave_out": ["id"], "most": 6}, model="groups")
        self.assertEqual(run.data.metrics["groups"], 4, log)
        distances = self.ask(run, points)
        found = distances.argmin(axis=1)
        members = pandas.read_csv(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/members.csv"))
        self.assertEqual(found.tolist(), members["group"].tolist())
        for group in range(4):
            self.assertEqual(len(set(found[groups == group])), 1)
        self.assertTrue((distances >= 0).all())

    def test_too_few_rows_are_told(self):
        pandas.DataFrame({"x": [1, 2, 3]}).to_csv(self.data / "t.csv", index=False)
        self.refuse("clustering", {}, "3 different rows", "most")


class TimeSeries(Job):
    def test_a_season_with_a_trend(self):
        months = numpy.arange(180)
        noise = numpy.random.default_rng(1).normal(0, 1, 180)
        values = 100 + 0.8 * months + 20 * numpy.sin(months * numpy.pi / 6) + noise
        times = pandas.date_range("2010-01-01", periods=180, freq="MS")
        table = pandas.DataFrame({"month": times, "sold": values})
        table.iloc[7, 1] = None
        table.sample(frac=1, random_state=2).to_csv(self.data / "t.csv", index=False)
        run, log = self.finish("time-series", {"value": "sold", "time": "month"})
        self.assertLess(run.data.metrics["mase"], 0.6, log)
        self.assertLess(run.data.metrics["mae"], run.data.metrics["naive_mae"])
        ahead = numpy.arange(180, 192)
        true = 100 + 0.8 * ahead + 20 * numpy.sin(ahead * numpy.pi / 6)
        forecast = [one.value for one in self.history(run, "forecast")]
        self.assertLess(numpy.abs(forecast - true).mean(), 4, log)
        again = self.ask(run, [values[-24:]])[0]
        numpy.testing.assert_allclose(again, forecast, rtol=1e-3)

    def test_mistakes_are_told(self):
        table = pandas.DataFrame({"t": range(40), "v": range(40)})
        table.to_csv(self.data / "t.csv", index=False)
        self.refuse("time-series", {"value": "v"}, "40 values are too few")
        table.assign(t=1).to_csv(self.data / "t.csv", index=False)
        self.refuse("time-series", {"value": "v", "time": "t"}, "says 1 twice")
        table.assign(v=5).to_csv(self.data / "t.csv", index=False)
        self.refuse("time-series", {"value": "v"}, "never changes")


class NeuralNetwork(Job):
    def setUp(self):
        super().setUp()
        try:
            import torch  # noqa: F401
        except ImportError:
            self.skipTest("torch is not installed: the neural network is not tested")

    def test_digits_go_on_after_an_interruption(self):
        table = frame(datasets.load_digits)
        table.to_csv(self.data / "digits.csv", index=False)
        kept = self.folder / "kept"
        kept.mkdir()
        self.finish("neural-network", {"target": "target", "epochs": 3}, DAIS_CHECKPOINT_DIR=str(kept))
        run, log = self.finish("neural-network", {"target": "target", "epochs": 20}, DAIS_CHECKPOINT_DIR=str(kept))
        self.assertIn("goes on after epoch 3", log)
        self.assertEqual(self.history(run, "val_loss")[0].step, 4)
        self.assertGreater(run.data.metrics["accuracy"], 0.93, log)
        # Pixels that are never drawn are left out.
        names = [column["name"] for column in self.about(run)["columns"]]
        self.assertLess(len(names), 64)
        chances = self.ask(run, table[names])
        self.assertGreater((chances.argmax(axis=1) == table["target"]).mean(), 0.95)

    def test_numbers(self):
        table = frame(datasets.load_diabetes)
        table.to_csv(self.data / "diabetes.csv", index=False)
        run, log = self.finish("neural-network", {"target": "target", "task": "regression", "epochs": 80})
        self.assertGreater(run.data.metrics["r2"], 0.3, log)
        guesses = self.ask(run, table.drop(columns="target"))[:, 0]
        self.assertLess(numpy.abs(guesses - table["target"]).mean(), 55)


if __name__ == "__main__":
    if "MLFLOW_TRACKING_URI" not in os.environ:
        sys.exit("set MLFLOW_TRACKING_URI (and MLFLOW_TRACKING_TOKEN): runs are logged there")
    unittest.main()
