"""From exec to the first answer, and what it holds when it does nothing.

The floors, started and asked in the same way, are Python's http.server and nginx."""

import os
import sys
import time

from connections import answers, free_ports
from nginx import answering, nginx
from platforms import Platform
from processes import Server, until
from report import Section

# Idle is after every part was scraped this often: buffers that fill later count too.
SCRAPES = 2


ROWS = {
    "first": "`dais up`, first start",
    "node": "… until its node takes work",
    "again": "`dais up`, later start",
    "python": "Python's http.server",
    "nginx": "nginx",
}
COLUMNS = {
    "ms": "exec to answer, ms",
    "pss_mib": "memory (PSS) when idle, MiB",
    "size_mib": "size of the program, MiB",
}


def measure(bench):
    section = Section("Start, and doing nothing", ROWS, COLUMNS)
    for run in range(bench.runs):
        folder = bench.folder(f"start-{run}")
        floors(section, folder)
        platform = Platform(bench.dais, folder)
        section.add("first", ms=platform.start() * 1000)
        section.add("node", ms=node_ready(platform))
        until("two scrapes", lambda: scrapes(platform) >= SCRAPES, platform.server, pause=0.25)
        section.add("first", pss_mib=platform.server.pss_mib())
        platform.stop()
        section.add("again", ms=platform.start() * 1000)
        platform.stop()
    section.add("first", size_mib=os.path.getsize(bench.dais) / 2**20)
    section.target("ready after a first start", section.median("first", "ms"), "ms", at_most=1000)
    section.target("idle memory", section.median("first", "pss_mib"), "MiB", at_most=120)
    return section


def floors(section, folder):
    [port] = free_ports(1)
    began = time.perf_counter()
    command = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", folder]
    with Server(command, folder / "http.server.log") as server:
        section.add("python", ms=answers(port, "/", server, began) * 1000, pss_mib=server.pss_mib())
    began = time.perf_counter()
    with nginx(folder / "nginx", answering(port)) as server:
        section.add("nginx", ms=answers(port, "/", server, began) * 1000, pss_mib=server.pss_mib())


def node_ready(platform):
    """Milliseconds from exec until the node is ready."""
    until("the node", platform.is_ready, platform.server, pause=0.002)
    return (time.perf_counter() - platform.began) * 1000


def scrapes(platform):
    """How often the target that was scraped least was scraped."""
    answer = platform.ask("/prometheus/api/v1/query?query=min(count_over_time(up%5B5m%5D))")
    return max((float(one["value"][1]) for one in answer["data"]["result"]), default=0)
