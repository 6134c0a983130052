"""The trace store: spans that a cpu-second takes in, and how long a search takes. No
other trace store can be installed from Debian, PyPI or npm, so it stands alone."""

import time

from connections import answers, ask_json, free_ports
from processes import Broken, Server, until
from report import Section

TRACES, SPANS_OF_EACH = 40_000, 8
ASKED = 30
ROWS = {"dais": "dais' trace store"}
COLUMNS = {
    "spans": "spans of a cpu-second, thousands",
    "bytes": "bytes of a span on disk",
    "pss_mib": "memory (PSS), MiB",
    "search_ms": "the twenty newest of a service slower than 55 ms, ms",
    "trace_ms": "one trace, ms",
}


def measure(bench):
    section = Section(f"Traces: {TRACES * SPANS_OF_EACH:,} spans by OTLP over HTTP", ROWS, COLUMNS)
    for run in range(bench.runs):
        folder = bench.folder(f"traces-{run}")
        [port] = free_ports(1)
        command = [bench.load, "traces", "--data", folder / "data", "--listen", f"127.0.0.1:{port}"]
        with Server(command, folder / "server.log") as server:
            answers(port, "/api/services", server, bench.clock())
            sender = [bench.load, "spans", "--url", f"http://127.0.0.1:{port}/v1/traces", "--traces", TRACES]
            with Server(sender, folder / "sender.log") as sending:
                sending.process.wait()
                if sending.process.returncode:
                    raise Broken(f"the spans were not sent:\n{sending.tail()}")
            until("the last trace", lambda: newest(port), server, pause=0.1)
            section.add("dais", spans=TRACES * SPANS_OF_EACH / server.cpu_seconds() / 1000, pss_mib=server.pss_mib())
            for _ in range(ASKED):
                began = time.perf_counter()
                found = ask_json(port, "/api/traces?service=service-0&minDuration=55ms&limit=20")["data"]
                section.add("dais", search_ms=(time.perf_counter() - began) * 1000)
                if len(found) != 20:
                    raise Broken(f"{len(found)} traces were found, and there are more than twenty")
                began = time.perf_counter()
                spans = ask_json(port, f"/api/traces/{found[0]['traceID']}")["data"][0]["spans"]
                section.add("dais", trace_ms=(time.perf_counter() - began) * 1000)
                if len(spans) != SPANS_OF_EACH:
                    raise Broken(f"a trace has {len(spans)} spans")
        section.add("dais", bytes=sum(file.stat().st_size for file in (folder / "data").rglob("*") if file.is_file()) / (TRACES * SPANS_OF_EACH))
    return section


def newest(port):
    """Whether the trace that was sent last can be read: traces are numbered."""
    last = TRACES * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
    try:
        return ask_json(port, f"/api/traces/{last:032x}")["data"]
    except Broken:
        return None
