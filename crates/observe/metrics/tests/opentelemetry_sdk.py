"""Exports metrics to the address in argv[1] and asks for them in PromQL."""

import json
import sys
import urllib.parse
import urllib.request

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

address = sys.argv[1]
resource = Resource.create(
    {
        "service.name": "trainer",
        "service.namespace": "vision",
        "service.instance.id": "t-1",
        "k8s.pod.name": "trainer-0",
        "dais.app": "digits",
    }
)


def provider(compression):
    exporter = OTLPMetricExporter(endpoint=f"{address}/v1/metrics", compression=compression)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    return MeterProvider(resource=resource, metric_readers=[reader])


plain, zipped = provider(Compression.NoCompression), provider(Compression.Gzip)
meter = plain.get_meter("test")
requests = meter.create_counter("http.requests", unit="{request}", description="Answered requests")
requests.add(2, {"http.method": "GET"})
requests.add(3, {"http.method": "GET"})
meter.create_up_down_counter("queue.length").add(-4)
meter.create_gauge("cpu.utilization", unit="1").set(0.25)
latency = meter.create_histogram("latency", unit="ms", explicit_bucket_boundaries_advisory=[10, 100])
for value in (5, 50, 500):
    latency.record(value)
zipped.get_meter("test").create_gauge("from.gzip", unit="By").set(7)
for one in (plain, zipped):
    assert one.force_flush()
    one.shutdown()


def value(query):
    with urllib.request.urlopen(f"{address}/api/v1/query?" + urllib.parse.urlencode({"query": query})) as answer:
        found = json.load(answer)["data"]["result"]
    assert len(found) == 1, (query, found)
    return float(found[0]["value"][1]), found[0]["metric"]


common = {"job": "vision/trainer", "instance": "t-1", "pod": "trainer-0", "namespace": "red"}
number, labels = value("http_requests_total")
assert number == 5, number
assert labels == {"__name__": "http_requests_total", "http_method": "GET", **common}, labels
for query, expected in {
    "queue_length": -4,
    "cpu_utilization_ratio": 0.25,
    "from_gzip_bytes": 7,
    "latency_milliseconds_count": 3,
    "latency_milliseconds_sum": 555,
    'latency_milliseconds_bucket{le="10"}': 1,
    'latency_milliseconds_bucket{le="100"}': 2,
    'latency_milliseconds_bucket{le="+Inf"}': 3,
    'target_info{dais_app="digits", telemetry_sdk_language="python"}': 1,
}.items():
    number, labels = value(query)
    assert number == expected, (query, number)
    assert common.items() <= labels.items(), (query, labels)
print("all held")
