"""Load from wrk: one thread, connections that are kept open."""

import json
import os
import pathlib
import subprocess

from processes import Broken

SCRIPTS = pathlib.Path(__file__).resolve().parent / "wrk"
# How many requests at a time the servers are asked, and for how long.
CONNECTIONS, SECONDS = (1, 8), 5
# A slow peer is waited for: a request that takes long is slow, not failed.
TIMEOUT = "30s"


def columns(done):
    """The columns of a server asked with each of CONNECTIONS; `done` names what it does."""
    measured = {"per_second": f"{done}, /s", "p50_ms": "median, ms", "p99_ms": "99th percentile, ms"}
    return {
        f"{column}_{connections}": f"{connections} at a time: {words}"
        for connections in CONNECTIONS
        for column, words in measured.items()
    }


def load(url, connections, seconds, script="report.lua", arguments=(), headers=None):
    """Runs wrk; requests, seconds, p50_ms and p99_ms. A failed request breaks the
    measurement: an error answered quickly must not look like speed."""
    command = ["wrk", "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{seconds}s", "--timeout", TIMEOUT, "--script", str(SCRIPTS / script)]
    for name, value in (headers or {}).items():
        command += ["--header", f"{name}: {value}"]
    command += [url, "--", *map(str, arguments)]
    env = {**os.environ, "LUA_PATH": f"{SCRIPTS}/?.lua"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not results:
        raise Broken(f"wrk {url} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    result = json.loads(results[0].removeprefix("RESULT "))
    if result["failed"] or not result["requests"]:
        raise Broken(f"wrk {url}: {result['failed']} of {result['requests']} requests failed:\n{done.stdout}")
    result["per_second"] = result["requests"] / result["seconds"]
    return result
