"""Exports spans to the address in argv[1], by OTLP over HTTP and over gRPC, and asks for
them as Jaeger's page does. Who sends is said by a bearer token, the project's name."""

import json
import sys
import time
import urllib.parse
import urllib.request

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

address = sys.argv[1]
red = {"authorization": "Bearer red"}


class Watched(SimpleSpanProcessor):
    """Knows how the exporter was answered."""

    def __init__(self, exporter):
        self.results = []
        export = exporter.export
        exporter.export = lambda spans, *rest: self.results.append(export(spans, *rest)) or self.results[-1]
        super().__init__(exporter)


def train(service, exporter, **attributes):
    """Two spans of a service; the id of their trace and the answers to the exporter."""
    resource = Resource.create({"service.name": service, "dais.app": "digits", **attributes})
    provider = TracerProvider(resource=resource)
    processor = Watched(exporter)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("epoch", kind=trace.SpanKind.SERVER) as outer:
        outer.set_attribute("step", 3)
        with tracer.start_as_current_span("batch") as inner:
            inner.add_event("checkpoint", {"path": "/tmp/x"})
            inner.set_status(trace.Status(trace.StatusCode.ERROR, "loss is NaN"))
        trace_id = format(outer.get_span_context().trace_id, "032x")
    provider.shutdown()
    return trace_id, processor.results


def get(path):
    request = urllib.request.Request(address + path, headers=red)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def over_grpc(headers, **options):
    return GrpcExporter(endpoint=address, insecure=True, headers=tuple(headers.items()), timeout=5, **options)


traces = f"{address}/v1/traces"
sent = {
    "plain-http": HttpExporter(endpoint=traces, headers=red),
    "gzip-http": HttpExporter(endpoint=traces, headers=red, compression=Compression.Gzip),
    "plain-grpc": over_grpc(red),
    "gzip-grpc": over_grpc(red, compression=grpc.Compression.Gzip),
}
sent = {service: train(service, exporter) for service, exporter in sent.items()}
for service, (_, results) in sent.items():
    assert results == [SpanExportResult.SUCCESS] * 2, (service, results)

for refused in [
    train("foreign", over_grpc(red), **{"k8s.namespace.name": "blue"}),
    train("stranger", over_grpc({})),
]:
    assert refused[1] == [SpanExportResult.FAILURE] * 2, refused

deadline = time.monotonic() + 10
while len(get("/api/services")["data"]) < len(sent):
    assert time.monotonic() < deadline, "the spans never came"
    time.sleep(0.05)
assert get("/api/services")["data"] == sorted(sent)
for service, (trace_id, _) in sent.items():
    tags = urllib.parse.quote(json.dumps({"error": "true", "dais.app": "digits"}))
    found = get(f"/api/traces?service={service}&tags={tags}&limit=5")["data"]
    assert [one["traceID"] for one in found] == [trace_id], found
    spans = {span["operationName"]: span for span in found[0]["spans"]}
    assert spans["batch"]["references"][0]["spanID"] == spans["epoch"]["spanID"], spans
    assert {"key": "step", "type": "int64", "value": 3} in spans["epoch"]["tags"], spans
    assert spans["batch"]["logs"][0]["fields"][0]["value"] == "checkpoint", spans
    process = found[0]["processes"][spans["epoch"]["processID"]]
    assert {"key": "k8s.namespace.name", "type": "string", "value": "red"} in process["tags"], process
print("all held")
