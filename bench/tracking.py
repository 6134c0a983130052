"""Logging metrics: `log_batch` to dais beside `mlflow server` with one worker, both
on SQLite, from the same client with the same bodies. Every request that was answered
is looked for afterwards."""

import os
import time

from connections import Answering, ask_json, free_ports, percentile
from load import CONNECTIONS, SECONDS, columns, load
from platforms import Platform
from processes import Broken
from report import Section

# A training loop that logs ten numbers a step.
METRICS = 10
# The floor of an acknowledged write: a database's page, on disk.
PAGE, SYNCED = 4096, 500
ROWS = {
    "synced": "a page of 4 KiB overwritten on the same disk, synced",
    "dais": "dais, the whole platform",
    "mlflow": "`mlflow server`, one worker",
}
COLUMNS = {**columns("requests"), "pss_mib": "memory (PSS), MiB"}


def measure(bench):
    section = Section(f"Tracking: log_batch of {METRICS} metrics", ROWS, COLUMNS)
    folder = bench.folder("tracking")
    with Platform(bench.dais, folder) as platform, mlflow(bench, folder) as (server, port):
        ways = [
            ("dais", platform.http_port, "/mlflow/p/default/api/2.0/mlflow", platform.headers()),
            ("mlflow", port, "/api/2.0/mlflow", {}),
        ]
        experiments = [experiment(*way[1:]) for way in ways]
        for _ in range(bench.runs):
            synced(section, folder / "synced")
            for connections in CONNECTIONS:
                for way, made in zip(ways, experiments):
                    log(section, way, made, connections)
        section.add("dais", pss_mib=platform.server.pss_mib())
        section.add("mlflow", pss_mib=server.pss_mib())
    for connections in CONNECTIONS:
        rates = [section.median(key, f"per_second_{connections}") for key in ("dais", "mlflow")]
        words = f"log_batch, {connections} at a time, as a multiple of MLflow's"
        section.target(words, rates[0] / rates[1], at_least=20)
    return section


def synced(section, path):
    """What the disk alone takes to overwrite a page, as a database's log does."""
    taken = []
    with open(path, "wb", buffering=0) as file:
        file.write(bytes(PAGE))
        os.fsync(file.fileno())
        for _ in range(SYNCED):
            began = time.perf_counter()
            os.pwrite(file.fileno(), bytes(PAGE), 0)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
    section.add("synced", per_second_1=1000 * len(taken) / sum(taken), p50_ms_1=p50, p99_ms_1=p99)


def mlflow(bench, folder):
    """The server as its documentation starts it, without what would only cost it
    time: a line for every request, and its executor of background jobs."""
    [port] = free_ports(1)
    command = [bench.venv / "bin/mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", folder / "artifacts", "--uvicorn-opts", "--log-level warning"]
    env = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return Answering(command, folder / "mlflow.log", env, port, "/health")


def experiment(port, api, headers):
    return ask_json(port, f"{api}/experiments/create", {"name": "bench"}, headers)["experiment_id"]


def log(section, way, experiment_id, connections):
    """Logs to a run of its own: a step that is logged twice would cost nothing."""
    key, port, api, headers = way
    made = ask_json(port, f"{api}/runs/create", {"experiment_id": experiment_id}, headers)
    run = made["run"]["info"]["run_id"]
    sent = {"Content-Type": "application/json", **headers}
    url = f"http://127.0.0.1:{port}{api}/runs/log-batch"
    result = load(url, connections, SECONDS, "log_batch.lua", [run, METRICS], sent)
    stored = count(port, api, run, headers)
    if not result["requests"] <= stored <= result["requests"] + connections:
        raise Broken(f"{key} answered {result['requests']} batches and stored {stored}")
    section.add(key, **{f"{column}_{connections}": result[column] for column in ("per_second", "p50_ms", "p99_ms")})


def count(port, api, run, headers):
    """Steps of a metric that the server has."""
    steps, page = 0, ""
    while True:
        query = f"run_id={run}&metric_key=metric-{METRICS}&max_results=25000{page}"
        found = ask_json(port, f"{api}/metrics/get-history?{query}", headers=headers)
        steps += len(found.get("metrics", []))
        if not found.get("next_page_token"):
            return steps
        page = f"&page_token={found['next_page_token']}"
