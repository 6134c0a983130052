"""The log store beside grep and ripgrep over the same files: how much the collector
takes in, and how long a word of one application takes to be found."""

import subprocess
import time

from connections import answers, ask_json, free_ports
from processes import Broken, Server, until
from report import Section

LINES = 10_000_000
# One line in ten thousand has it (bench/load/src/lines.rs).
WORD, APP = "deadlock", "app-7"
ASKED = 30
ROWS = {
    "dais": "dais' log store",
    "grep": "grep --fixed-strings",
    "rg": "ripgrep --fixed-strings",
}
COLUMNS = {
    "ingest": "taken in by a cpu-second, MB",
    "lines": "lines taken in a second, thousands",
    "disk": "index on disk, as a multiple of the files",
    "pss_mib": "memory (PSS), MiB",
    "app_ms": "the word in one application's lines, ms",
    "all_ms": "the word in all lines, ms",
}


def measure(bench):
    section = Section(f"Logs: {LINES:,} lines of 50 applications", ROWS, COLUMNS)
    folder = bench.folder("logs")
    files = folder / "files"
    subprocess.run([str(bench.load), "lines", "--files", str(files), "--lines", str(LINES)], check=True)
    size = sum(file.stat().st_size for file in files.rglob("*.log"))
    [port] = free_ports(1)
    command = [bench.load, "logs", "--data", folder / "data", "--files", files, "--listen", f"127.0.0.1:{port}"]
    with Server(command, folder / "server.log") as server:
        began = bench.clock()
        answers(port, "/_cat/health", server, began)
        until("all lines", lambda: count(port) >= LINES, server, seconds=1800, pause=0.5)
        section.add("dais", ingest=size / 1e6 / server.cpu_seconds(), lines=LINES / 1000 / (bench.clock() - began))
        section.add("dais", pss_mib=server.pss_mib())
        section.add("dais", disk=sum(file.stat().st_size for file in (folder / "data").rglob("*") if file.is_file()) / size)
        wanted = {"app_ms": {"term": {"app": APP}}, "all_ms": {"match_all": {}}}
        expected = {column: found(files, column) for column in wanted}
        for _ in range(ASKED):
            for column, narrowed in wanted.items():
                began = time.perf_counter()
                hits = search(port, narrowed)
                section.add("dais", **{column: (time.perf_counter() - began) * 1000})
                if hits != expected[column]:
                    raise Broken(f"{hits} lines were found, and {expected[column]} are there")
    for _ in range(bench.runs):
        for column in wanted:
            for row, program in (("grep", ["grep", "-rhF"]), ("rg", ["rg", "-F", "--no-filename"])):
                began = time.perf_counter()
                # Read what it says: into /dev/null, both stop at the first line found.
                subprocess.run([*program, WORD, *places(files, column)], stdout=subprocess.PIPE, check=True)
                section.add(row, **{column: (time.perf_counter() - began) * 1000})
    section.target("a word of one application in ten million lines", section.median("dais", "app_ms"), "ms", at_most=100)
    return section


def places(files, column):
    """What a person would grep in: the folder of the application, or all."""
    return [str(files)] if column == "all_ms" else [str(path) for path in files.glob(f"*_{APP}-0_*")]


def found(files, column):
    done = subprocess.run(["grep", "-rhF", WORD, *places(files, column)], capture_output=True, text=True, check=True)
    return len(done.stdout.splitlines())


def count(port):
    return ask_json(port, "/logs/_count?ignore_unavailable=true")["count"]


def search(port, narrowed):
    """The newest hundred, as the page asks, and how many there are."""
    query = {"bool": {"filter": [narrowed, {"match": {"message": WORD}}]}}
    body = {"query": query, "size": 100, "sort": [{"@timestamp": "desc"}], "track_total_hits": True}
    return ask_json(port, "/logs/_search", body)["hits"]["total"]["value"]
