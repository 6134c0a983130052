"""Requests shared out between two servers by weight: the gateway beside HAProxy and
Envoy.

Both servers are nginx and answer with bodies of the same length. The gateway does its
whole work besides, as in `gateway`; once more it also keeps everybody with one server,
by a header."""

import json

from connections import Connection, free_ports, message
from gateway import COLUMNS, PREFIX, latency, make, processor_time, route, works
from nginx import BODY, answering, nginx
from platforms import Platform
from processes import Broken, Server, until
from report import Section

# In percent; the second server is the one under test.
WEIGHTS = (90, 10)
ROWS = {
    "direct": "without a proxy",
    "haproxy": "HAProxy",
    "envoy": "Envoy",
    "gateway": "gateway, with metrics and spans",
    "sticky": "gateway, everybody kept with one server",
}
# The shares are looked at over so many requests, and must come this near, in percent.
COUNTED, NEAR = 4000, 2


def measure(bench):
    section = Section("Split traffic, 90 to 10", ROWS, COLUMNS)
    folder = bench.folder("split")
    one, two, haproxy_port, envoy_port = free_ports(4)
    servers = answering(one) + "\n" + answering(two, "y" * len(BODY))
    with (
        nginx(folder / "servers", servers) as server,
        haproxy(folder, haproxy_port, (one, two)) as first,
        envoy(bench, folder, envoy_port, (one, two)) as second,
        Platform(bench.dais, folder) as platform,
    ):
        route(platform, [("bench-one", one, WEIGHTS[0]), ("bench-two", two, WEIGHTS[1])])
        headers = platform.headers()
        peers = [("haproxy", first, haproxy_port), ("envoy", second, envoy_port)]
        gateway = [("gateway", platform.server, platform.serve_port)]
        direct = [("direct", server, one)]
        for key, process, port in peers + gateway:
            until("an answer through it", lambda port=port: works(port, headers), process)
            check(key, port, headers)
        for _ in range(bench.runs):
            processor_time(section, peers + gateway, headers)
            latency(section, direct + peers + gateway, headers)
        keep_everybody(platform)
        for _ in range(bench.runs):
            sticky = [("sticky", platform.server, platform.serve_port)]
            processor_time(section, sticky, {**headers, "X-User": "ann"})
    ratios(section)
    return section


def haproxy(folder, port, servers):
    (folder / "haproxy.cfg").write_text(f"""
global
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    option http-keep-alive
    http-reuse always
frontend bench
    bind 127.0.0.1:{port}
    http-request replace-path {PREFIX}/(.*) /\\1
    default_backend both
backend both
    balance roundrobin
    server one 127.0.0.1:{servers[0]} weight {WEIGHTS[0]}
    server two 127.0.0.1:{servers[1]} weight {WEIGHTS[1]}
""")
    command = ["/usr/sbin/haproxy", "-db", "-f", folder / "haproxy.cfg"]
    return Server(command, folder / "haproxy.log")


def envoy(bench, folder, port, servers):
    names = ("one", "two")
    weighted = [{"name": name, "weight": weight} for name, weight in zip(names, WEIGHTS)]
    matched = {"match": {"prefix": f"{PREFIX}/"}, "route": {"prefix_rewrite": "/", "weighted_clusters": {"clusters": weighted}}}
    types = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "bench", "domains": ["*"], "routes": [matched]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}],
    }
    listener = {
        "name": "bench",
        "address": address(port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    clusters = [
        {
            "name": name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(server)}}]}],
            },
        }
        for name, server in zip(names, servers)
    ]
    file = folder / "envoy.json"
    file.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}}))
    command = [bench.venv / "bin/envoy", "-c", file, "--log-level", "warning", "--disable-hot-restart"]
    return Server(command, folder / "envoy.log")


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def check(key, port, headers):
    """The shares are those that were asked for."""
    sent = message(f"{PREFIX}/x", "127.0.0.1", headers)
    with Connection(port) as connection:
        second = sum(connection.ask(sent)[1].startswith(b"y") for _ in range(COUNTED))
    share = 100 * second / COUNTED
    if abs(share - WEIGHTS[1]) > NEAR:
        raise Broken(f"{key} sent {share:.1f} % to the second server, not {WEIGHTS[1]} %")


def keep_everybody(platform):
    variants = [
        {"name": name, "service": f"bench-{name}", "weight": weight} for name, weight in zip(("one", "two"), WEIGHTS)
    ]
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "bench"}
    assignment = {"test": "bench", "key": {"header": "x-user"}, "salt": "bench", "variants": variants, "percent": 100}
    policy = {
        "metadata": {"name": "bench", "namespace": "default"},
        "spec": {"targetRef": target, "assignment": assignment},
    }
    path = "/k8s/apis/dais.io/v1alpha1/namespaces/default/trafficpolicies"
    make(platform, path, "dais.io/v1alpha1", "TrafficPolicy", policy)
    sent = message(f"{PREFIX}/x", "127.0.0.1", {**platform.headers(), "X-User": "ann"})

    def is_kept():
        with Connection(platform.serve_port) as connection:
            return len({connection.ask(sent)[1] for _ in range(200)}) == 1

    until("everybody to be kept with one server", is_kept, platform.server)


def ratios(section):
    gateway = section.median("gateway", "cpu_us")
    for key, bound in (("haproxy", 0.7), ("envoy", 1.0)):
        words = f"gateway's requests per cpu-second, as a multiple of {ROWS[key]}'s"
        section.target(words, section.median(key, "cpu_us") / gateway, at_least=bound)
    added = section.median("gateway", "added_p99_ms")
    section.target("latency that the gateway adds, 99th percentile", added, "ms", at_most=0.3)
