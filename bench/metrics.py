"""The metric store beside Debian's Prometheus: the same machines scraped, the same
hours of history, the same questions, and Home over either."""

import contextlib
import json
import os
import pathlib
import subprocess
import time
import urllib.parse

from connections import Connection, answers, ask_json, free_ports, message, percentile
from platforms import Platform
from processes import Broken, Server, until
from report import Section

# Machines, series of each, seconds between two scrapes, and how long it goes on.
MACHINES, SERIES, INTERVAL, SECONDS = 200, 1000, 5, 150
# History: series, hours, seconds between two samples.
OLD_SERIES, HOURS, STEP = 10_000, 6, 15
# Asked so often of each; answers that take seconds less often.
ASKED, ASKED_LONG = 30, 5
# Home is drawn so often.
DRAWN = 9
LONG = {
    "sum_ms": 'sum by (__name__) ({__name__=~"container_.+|kube_.+|node_.+"})',
    # One that keeps names: without them, rates of all counters at once are no vector.
    "last_ms": 'sum by (namespace) (last_over_time({__name__=~".+_total"}[5m]))',
}
PROMETHEUS = "/usr/bin/prometheus"
ROWS = {"dais": "dais' metric store", "prometheus": "Prometheus"}
COLUMNS = {
    "scraped": "scraped samples of a cpu-second, thousands",
    "written": "samples by remote write of a cpu-second, thousands",
    "memory": "memory (PSS) of a million series, MiB",
    "bytes": "bytes of a sample on disk",
    "home_ms": "Home's questions one after the other, ms",
    "sum_ms": "6 h of 10,000 series, summed by name, ms",
    "last_ms": "6 h of their counters over windows of 5 min, by namespace, ms",
    "drawn_ms": "Home drawn with 10,000 series, ms",
}


def measure(bench):
    section = Section(f"Metrics: {MACHINES * SERIES:,} series scraped, {HOURS} hours of {OLD_SERIES:,} asked", ROWS, COLUMNS)
    for run in range(max(1, bench.runs // 2)):
        for kind in STORES:
            scraping(bench, section, kind, bench.folder(f"scraped-{kind}-{run}"))
    with contextlib.ExitStack() as stack:
        stores = {kind: stack.enter_context(filled(bench, section, kind)) for kind in STORES}
        asking(bench, section, stores)
    low = [section.median("dais", column) / section.median("prometheus", column) for column in ("scraped", "written")]
    section.target("samples of a cpu-second, as a multiple of Prometheus's: scraped", low[0], at_least=1)
    section.target("samples of a cpu-second, as a multiple of Prometheus's: remote write", low[1], at_least=1)
    high = {column: section.median("prometheus", column) / section.median("dais", column) for column in COLUMNS}
    section.target("memory of a series, Prometheus's as a multiple of ours", high["memory"], at_least=2)
    section.target("bytes of a sample, Prometheus's as a multiple of ours", high["bytes"], at_least=1)
    section.target("Home's questions, Prometheus's time as a multiple of ours", high["home_ms"], at_least=1)
    for column in LONG:
        section.target(f"{COLUMNS[column]}: Prometheus's as a multiple of ours", high[column], at_least=1)
    section.target("Home drawn with 10,000 series", section.median("dais", "drawn_ms"), "ms", at_most=300)
    return section


class Dais:
    def __init__(self, bench, folder, targets=None):
        [self.port] = free_ports(1)
        command = [bench.load, "metrics", "--data", folder / "data", "--listen", f"127.0.0.1:{self.port}"]
        if targets:
            listed = folder / "targets"
            listed.write_text("\n".join(f"http://{host}{path}" for host, path in targets))
            command += ["--targets", listed, "--interval", INTERVAL]
        self.data = folder / "data"
        self.server = Server(command, folder / "server.log")


class Prometheus:
    def __init__(self, bench, folder, targets=None):
        [self.port] = free_ports(1)
        self.data = folder / "data"
        jobs = ""
        if targets:
            lines = [f"      - {{targets: ['{host}'], labels: {{__metrics_path__: '{path}', instance: '{path.rpartition('/')[2]}'}}}}" for host, path in targets]
            jobs = "scrape_configs:\n  - job_name: cadvisor\n    static_configs:\n" + "\n".join(lines) + "\n"
        config = folder / "prometheus.yml"
        config.write_text(f"global: {{scrape_interval: {INTERVAL}s, scrape_timeout: {INTERVAL}s}}\n{jobs}")
        command = [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={self.data}"]
        command += [f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver", "--log.level=warn"]
        self.server = Server(command, folder / "server.log")


STORES = {"dais": Dais, "prometheus": Prometheus}


@contextlib.contextmanager
def running(bench, kind, folder, targets=None):
    store = STORES[kind](bench, folder, targets)
    with store.server:
        answers(store.port, "/-/ready", store.server, bench.clock())
        yield store


def value(port, query):
    """The one number that a query gives; 0 when it gives none."""
    answer = ask_json(port, "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    found = answer["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0


def scraping(bench, section, kind, folder):
    [port] = free_ports(1)
    exporter = [bench.load, "exporter", "--listen", f"127.0.0.1:{port}", "--series", SERIES]
    targets = [(f"127.0.0.1:{port}", f"/metrics/{number}") for number in range(MACHINES)]
    with Server(exporter, folder / "exporter.log") as machines:
        answers(port, "/metrics/0", machines, bench.clock())
        with running(bench, kind, folder) as empty:
            before = empty.server.pss_mib()
        with running(bench, kind, folder, targets) as store:
            # The first scrapes make the series; what follows is every day.
            time.sleep(3 * INTERVAL)
            spent, began = store.server.cpu_seconds(), time.time()
            time.sleep(SECONDS)
            spent, took = store.server.cpu_seconds() - spent, time.time() - began
            scraped = value(store.port, f"sum(sum_over_time(scrape_samples_scraped[{round(took)}s]))")
            if scraped < 0.9 * MACHINES * SERIES * took / INTERVAL:
                raise Broken(f"{kind} took {scraped:,.0f} samples in {took:.0f} s; was it too slow?\n{store.server.tail()}")
            memory = (store.server.pss_mib() - before) / (MACHINES * SERIES) * 1e6
            section.add(kind, scraped=scraped / spent / 1000, memory=memory)


@contextlib.contextmanager
def filled(bench, section, kind):
    """A store with hours of history."""
    folder = bench.folder(f"history-{kind}")
    with running(bench, kind, folder) as store:
        spent = store.server.cpu_seconds()
        command = [bench.load, "history", "--url", f"http://127.0.0.1:{store.port}/api/v1/write"]
        command += ["--series", OLD_SERIES, "--hours", HOURS, "--step", STEP]
        subprocess.run([str(word) for word in command], check=True)
        samples = OLD_SERIES * HOURS * 3600 / STEP
        section.add(kind, written=samples / (store.server.cpu_seconds() - spent) / 1000)
        until("blocks on disk", lambda: bytes_of_a_sample(kind, store), store.server, seconds=300, pause=1)
        section.add(kind, bytes=bytes_of_a_sample(kind, store))
        yield store


def bytes_of_a_sample(kind, store):
    """Of whole blocks, with their indexes; None when there is none yet."""
    if kind == "prometheus":
        found = []
        for meta in store.data.glob("*/meta.json"):
            held = json.loads(meta.read_text())["stats"]["numSamples"]
            found.append((sum(file.stat().st_size for file in meta.parent.rglob("*") if file.is_file()), held))
    else:
        now, found = time.time() * 1000, []
        oldest = now - HOURS * 3_600_000
        for block in (store.data / "blocks").glob("*.block"):
            begin, end = (int(text) for text in block.stem.rsplit("-", 1))
            if begin >= oldest:  # The first one began before the history did.
                found.append((block.stat().st_size, (end + 1 - begin) / 1000 / STEP * OLD_SERIES))
    if len(found) < 1:
        return None
    return sum(size for size, _ in found) / sum(held for _, held in found)


def asking(bench, section, stores):
    asked = {}
    for kind, store in stores.items():
        fresh(bench, store)
        drawn, asked[kind] = home(bench, store)
        section.add(kind, drawn_ms=drawn)
    if not asked["dais"]:
        raise Broken("Home asked nothing of the store")
    for kind, store in stores.items():
        fresh(bench, store)
        with Connection(store.port) as connection:
            for _ in range(ASKED):
                section.add(kind, home_ms=sum(timed(connection, *one) for one in asked["dais"]))
            now = int(time.time()) // 60 * 60
            for column, query in LONG.items():
                form = {"query": query, "start": now - HOURS * 3600, "end": now, "step": 60}
                for _ in range(ASKED_LONG):
                    section.add(kind, **{column: timed(connection, "/api/v1/query_range", urllib.parse.urlencode(form))})


def fresh(bench, store):
    """What pages look at is of the last five minutes."""
    command = [bench.load, "history", "--url", f"http://127.0.0.1:{store.port}/api/v1/write"]
    command += ["--series", OLD_SERIES, "--hours", 0, "--step", STEP]
    subprocess.run([str(word) for word in command], check=True)


def timed(connection, path, form):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = message(path, "127.0.0.1", headers, form.encode(), "POST")
    began = time.perf_counter()
    status, body = connection.ask(request)
    taken = (time.perf_counter() - began) * 1000
    if status != 200:
        raise Broken(f"{path} {form} answered {status}: {body[:300].decode(errors='replace')}")
    return taken


def home(bench, store):
    """Home of a platform that asks this store: milliseconds until it is drawn, and
    what it asked."""
    folder = bench.folder(f"home-{store.port}")
    platform = Platform(bench.dais, folder)
    platform.command += ["--prometheus-url", f"http://127.0.0.1:{store.port}"]
    with platform:
        until("the node", platform.is_ready, platform.server)
        link = subprocess.run([bench.dais, "sign-in", "--data-dir", platform.folder / "data"], capture_output=True, text=True, check=True)
        script = pathlib.Path(__file__).with_name("home.mjs")
        done = subprocess.run(
            ["node", str(script), f"http://127.0.0.1:{platform.http_port}", str(DRAWN)],
            capture_output=True, text=True, check=False, env={**os.environ, "DAIS_LINK": link.stdout.split()[-1]},
        )
        if done.returncode:
            raise Broken(f"Home was not drawn: {done.stderr}")
        found = json.loads(done.stdout)
    return percentile(found["drawn_ms"], 0.5), [tuple(one) for one in found["asked"]]
