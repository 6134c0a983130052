"""What the gateway costs, beside nginx in front of the same server.

The server behind both is an nginx that answers everything with the same body. The
gateway does its whole work: it authenticates a token, asks RBAC, counts, and stores
a span of every request. nginx, as its peer, only forwards; once more it also writes
a line for every request."""

import time

from connections import Connection, free_ports, message, percentile
from load import load
from nginx import answering, nginx, proxy
from platforms import Platform
from processes import until
from report import Section

PREFIX = "/serve/default/bench"
# Load for the figure of processor time.
CONNECTIONS, SECONDS = 16, 8
# Work that is put off (spans, written lines) is counted when it is done within this.
AFTER = 1.5
# The figure of latency: one request every so many seconds to each in turn, so
# that none of them ever queues.
EVERY, REQUESTS = 0.005, 2000


ROWS = {
    "direct": "without a proxy",
    "nginx": "nginx",
    "nginx_logged": "nginx, with an access log",
    "gateway": "gateway, with metrics and spans",
}
COLUMNS = {
    "cpu_us": "processor time of a request, µs",
    "per_second": f"requests, {CONNECTIONS} connections, /s",
    "p50_ms": "latency, median, ms",
    "p99_ms": "latency, 99th percentile, ms",
    "added_p50_ms": "added, median, ms",
    "added_p99_ms": "added, 99th percentile, ms",
}


def measure(bench):
    section = Section("Gateway", ROWS, COLUMNS)
    folder = bench.folder("gateway")
    upstream, plain, logged = free_ports(3)
    with (
        nginx(folder / "upstream", answering(upstream)) as server,
        nginx(folder / "proxy", proxy(plain, logged, upstream, PREFIX)) as peer,
        Platform(bench.dais, folder) as platform,
    ):
        route(platform, [("bench", upstream, 1)])
        ways = [("direct", server, upstream), ("nginx", peer, plain), ("nginx_logged", peer, logged)]
        ways.append(("gateway", platform.server, platform.serve_port))
        headers = platform.headers()
        for _, process, port in ways:
            until("an answer through it", lambda port=port: works(port, headers), process)
        for _ in range(bench.runs):
            processor_time(section, ways[1:], headers)
            latency(section, [ways[0], ways[1], ways[3]], headers)
        dropped = platform.server.log.read_text().count("spans dropped")
    ratios(section)
    section.notes.append(f"Spans that the gateway's trace store did not keep up with, in all runs: {dropped}.")
    return section


def route(platform, backends):
    """Services (name, port of its one endpoint, weight), and the way to them through the
    gateway."""
    core, discovery = "/k8s/api/v1", "/k8s/apis/discovery.k8s.io/v1"
    gateway = "/k8s/apis/gateway.networking.k8s.io/v1"
    for name, port, _ in backends:
        metadata = {"name": name, "namespace": "default"}
        service = {"metadata": metadata, "spec": {"ports": [{"name": "http", "port": 80}]}}
        endpoints = {
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": port}],
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
        }
        make(platform, f"{core}/namespaces/default/services", "v1", "Service", service)
        slices = f"{discovery}/namespaces/default/endpointslices"
        make(platform, slices, "discovery.k8s.io/v1", "EndpointSlice", endpoints)
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": PREFIX}}],
        "filters": [
            {
                "type": "URLRewrite",
                "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
            }
        ],
        "backendRefs": [{"name": name, "port": 80, "weight": weight} for name, _, weight in backends],
    }
    routed = {
        "metadata": {"name": "bench", "namespace": "default"},
        "spec": {"parentRefs": [{"name": "dais"}], "rules": [rule]},
    }
    routes = f"{gateway}/namespaces/default/httproutes"
    make(platform, routes, "gateway.networking.k8s.io/v1", "HTTPRoute", routed)


def make(platform, path, version, kind, value):
    platform.ask(path, {"apiVersion": version, "kind": kind, **value})


def request(headers):
    return message(f"{PREFIX}/x", "127.0.0.1", headers)


def works(port, headers):
    with Connection(port) as connection:
        return connection.ask(request(headers))[0] == 200


def processor_time(section, ways, headers):
    for key, process, port in ways:
        before = process.cpu_seconds()
        result = load(f"http://127.0.0.1:{port}{PREFIX}/x", CONNECTIONS, SECONDS, headers=headers)
        time.sleep(AFTER)
        each = (process.cpu_seconds() - before) / result["requests"]
        section.add(key, cpu_us=each * 1e6, per_second=result["per_second"])


def latency(section, ways, headers):
    """Asks each in turn, at a low rate, over a connection that stays open."""
    connections = [Connection(port) for _, _, port in ways]
    taken, sent = [[] for _ in ways], request(headers)
    due = time.perf_counter()
    for turn in range(REQUESTS):
        due += EVERY
        time.sleep(max(0, due - time.perf_counter()))
        for step in range(len(ways)):
            at = (turn + step) % len(ways)
            began = time.perf_counter()
            connections[at].ask(sent)
            taken[at].append((time.perf_counter() - began) * 1000)
    for connection in connections:
        connection.socket.close()
    floor = [percentile(taken[0], share) for share in (0.5, 0.99)]
    for (key, _, _), times in zip(ways, taken):
        p50, p99 = [percentile(times, share) for share in (0.5, 0.99)]
        section.add(key, p50_ms=p50, p99_ms=p99)
        if key != "direct":
            section.add(key, added_p50_ms=p50 - floor[0], added_p99_ms=p99 - floor[1])


def ratios(section):
    nginx_us, gateway_us = section.median("nginx", "cpu_us"), section.median("gateway", "cpu_us")
    section.target("gateway's requests per cpu-second, as a multiple of nginx's", nginx_us / gateway_us, at_least=0.7)
    added = section.median("gateway", "added_p99_ms")
    section.target("latency that the gateway adds, 99th percentile", added, "ms", at_most=0.3)
