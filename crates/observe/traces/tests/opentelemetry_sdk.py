"""Exports spans to the address in argv[1] and asks for them as Jaeger's page does."""

import json
import sys
import time
import urllib.parse
import urllib.request

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

address = sys.argv[1]
resource = Resource.create({"service.name": "trainer", "k8s.namespace.name": "red", "dais.app": "digits"})
provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{address}/v1/traces")))
tracer = provider.get_tracer("test")
with tracer.start_as_current_span("epoch", kind=trace.SpanKind.SERVER) as outer:
    outer.set_attribute("step", 3)
    with tracer.start_as_current_span("batch") as inner:
        inner.add_event("checkpoint", {"path": "/tmp/x"})
        inner.set_status(trace.Status(trace.StatusCode.ERROR, "loss is NaN"))
    trace_id = format(outer.get_span_context().trace_id, "032x")
assert provider.force_flush()
provider.shutdown()


def get(path):
    with urllib.request.urlopen(address + path) as answer:
        return json.load(answer)


deadline = time.monotonic() + 10
while get("/api/services")["data"] != ["trainer"]:
    assert time.monotonic() < deadline, "the spans never came"
    time.sleep(0.05)
tags = urllib.parse.quote(json.dumps({"error": "true", "dais.app": "digits"}))
found = get(f"/api/traces?service=trainer&tags={tags}&limit=5")["data"]
assert [one["traceID"] for one in found] == [trace_id], found
spans = {span["operationName"]: span for span in found[0]["spans"]}
assert spans["batch"]["references"][0]["spanID"] == spans["epoch"]["spanID"], spans
assert {"key": "step", "type": "int64", "value": 3} in spans["epoch"]["tags"], spans
assert spans["batch"]["logs"][0]["fields"][0]["value"] == "checkpoint", spans
print("all held")
