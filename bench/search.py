"""Looking for runs: `runs/search` among 100,000 of them, and the history of a metric of a
million points, dais beside `mlflow server`, both on SQLite with the same runs."""

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

from connections import Connection, message
from platforms import Platform
from processes import Broken
from report import Section
from tracking import experiment, mlflow

RUNS, POINTS = 100_000, 1_000_000
# Runs of dais are made by so many clients at a time; points go in batches.
CLIENTS, BATCH = 8, 1000
# Points of one answer: the most that MLflow gives.
PAGE = 25_000
DEPTHS = 16
SETTLED = 20
# How often each question is asked in a run.
ASKED = 5
QUESTIONS = {
    "newest": {"max_results": 100},
    "filter": {
        "filter": "metrics.accuracy > 0.9 and params.depth = '3'",
        "order_by": ["metrics.accuracy DESC"],
        "max_results": 100,
    },
    "order": {"order_by": ["metrics.loss ASC"], "max_results": 1000},
}
ROWS = {"dais": "dais, the whole platform", "mlflow": "`mlflow server`, one worker"}
COLUMNS = {
    "newest": "the newest 100, ms",
    "filter": "by a metric and a parameter, the best 100, ms",
    "order": "the 1,000 of the least loss, ms",
    "history": "history of a million points, ms",
}
TARGET = 20


def measure(bench):
    section = Section("Looking among 100,000 runs", ROWS, COLUMNS)
    folder = bench.folder("search")
    with Platform(bench.dais, folder) as platform, mlflow(bench, folder) as (_, port):
        ours = Way("dais", platform.http_port, "/mlflow/p/default/api/2.0/mlflow", platform.headers())
        theirs = Way("mlflow", port, "/api/2.0/mlflow", {})
        ours.points = fill(ours)
        # The last runs rest, as MLflow's, whose tables are analysed: dais ranks a run by
        # its metrics when it has been quiet for ten seconds.
        time.sleep(SETTLED)
        theirs.points = fill_mlflow(theirs, folder / "mlflow.db")
        same(ours, theirs)
        for _ in range(bench.runs):
            for way in (ours, theirs):
                for name, question in QUESTIONS.items():
                    for _ in range(ASKED):
                        section.add(way.key, **{name: timed(lambda: way.search(question))})
                section.add(way.key, history=way.history())
    for column, words in COLUMNS.items():
        ratio = section.median("mlflow", column) / section.median("dais", column)
        section.target(f"{words.removesuffix(', ms')}: as often as MLflow", ratio, at_least=TARGET)
    return section


class Way:
    """One server, and the experiment in it."""

    def __init__(self, key, port, api, headers):
        self.key, self.port, self.api = key, port, api
        self.headers = {"Content-Type": "application/json", **headers}
        self.experiment = experiment(port, api, self.headers)

    def ask(self, path, body=None, connection=None):
        sent = b"" if body is None else json.dumps(body).encode()
        request = message(self.api + path, "127.0.0.1", self.headers, sent, "POST" if sent else "GET")
        if connection:
            status, text = connection.ask(request)
        else:
            # Servers close connections that are quiet for some seconds.
            with Connection(self.port) as own:
                status, text = own.ask(request)
        if status != 200:
            raise Broken(f"{self.key} answered {path} with {status}: {text[:300]}")
        return text

    def search(self, question):
        return self.ask("/runs/search", {"experiment_ids": [self.experiment], **question})

    def history(self):
        """Milliseconds for all points, page by page. What this client takes to read a page
        as JSON is not in them: for either server."""
        found, token, taken = 0, "", 0
        while True:
            query = f"run_id={self.points}&metric_key=loss&max_results={PAGE}{token}"
            began = time.perf_counter()
            text = self.ask(f"/metrics/get-history?{query}")
            taken += time.perf_counter() - began
            page = json.loads(text)
            found += len(page["metrics"])
            if not page.get("next_page_token"):
                break
            token = f"&page_token={page['next_page_token']}"
        if found != POINTS:
            raise Broken(f"{self.key} has {found} of {POINTS} points")
        return taken * 1000


def run(number):
    """What is known of a run: the same on both sides, without two of the same figures."""
    return {
        "start": 1_700_000_000_000 + number,
        "accuracy": ((number * 7919) % RUNS) / RUNS,
        "loss": ((number * 104729) % RUNS) / RUNS,
        "depth": str(number % DEPTHS),
    }


def fill(way):
    def make(numbers):
        with Connection(way.port) as connection:
            for number in numbers:
                values = run(number)
                body = {"experiment_id": way.experiment, "start_time": values["start"]}
                made = json.loads(way.ask("/runs/create", body, connection))["run"]["info"]["run_id"]
                metrics = [
                    {"key": key, "value": values[key], "timestamp": values["start"], "step": 0}
                    for key in ("accuracy", "loss")
                ]
                params = [{"key": "depth", "value": values["depth"]}]
                way.ask("/runs/log-batch", {"run_id": made, "metrics": metrics, "params": params}, connection)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(make, [range(first, RUNS, CLIENTS) for first in range(CLIENTS)]))
    body = {"experiment_id": way.experiment, "start_time": 0}
    made = json.loads(way.ask("/runs/create", body))["run"]["info"]["run_id"]
    for first in range(0, POINTS, BATCH):
        metrics = [
            {"key": "loss", "value": 1 + 1 / (step + 1), "timestamp": step, "step": step}
            for step in range(first, first + BATCH)
        ]
        way.ask("/runs/log-batch", {"run_id": made, "metrics": metrics})
    return made


def fill_mlflow(way, path):
    """Into its tables: by its API this would take the better part of an hour."""
    database = sqlite3.connect(path, timeout=60)

    def row(name, start):
        return (name, name, "bench", "FINISHED", start, "active", f"/{name}", int(way.experiment))

    with database:
        runs, params, latest, metrics = [], [], [], []
        for number in range(RUNS):
            values, name = run(number), f"{number:032x}"
            runs.append(row(name, values["start"]))
            params.append(("depth", values["depth"], name))
            for key in ("accuracy", "loss"):
                latest.append((key, values[key], values["start"], 0, False, name))
                metrics.append((key, values[key], values["start"], name, 0, False))
        points = "f" * 32
        runs.append(row(points, 0))
        for step in range(POINTS):
            metrics.append(("loss", 1 + 1 / (step + 1), step, points, step, False))
        latest.append(("loss", 1 + 1 / POINTS, POINTS - 1, POINTS - 1, False, points))
        into = {
            "runs (run_uuid, name, user_id, status, start_time, lifecycle_stage, artifact_uri, experiment_id)": runs,
            "params (key, value, run_uuid)": params,
            "latest_metrics (key, value, timestamp, step, is_nan, run_uuid)": latest,
            "metrics (key, value, timestamp, run_uuid, step, is_nan)": metrics,
        }
        for table, rows in into.items():
            places = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        database.execute("ANALYZE")
    database.close()
    return points


def same(ours, theirs):
    """Both find the same runs in the same order."""

    def found(way, question):
        runs = json.loads(way.search(question))["runs"]
        return [{one["key"]: one["value"] for one in each["data"]["metrics"]} for each in runs]

    for name in ("filter", "order"):
        if found(ours, QUESTIONS[name]) != found(theirs, QUESTIONS[name]):
            raise Broken(f"the answers to the question {name} differ")


def timed(ask):
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000
