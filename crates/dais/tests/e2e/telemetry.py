"""Sends a log line and a sample, both named argv[3], over gRPC to argv[1] with the token
argv[2], for the project argv[4] if there is one; prints how each was answered."""

import logging
import sys

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

endpoint, token, name, *project = sys.argv[1:]
about = {"service.name": "outside", **{"k8s.namespace.name": one for one in project}}
resource = Resource.create(about)
reach = dict(
    endpoint=endpoint, insecure=True, timeout=10, headers=(("authorization", f"Bearer {token}"),)
)


def telling(exporter, what):
    send = exporter.export
    exporter.export = lambda *words, **rest: print(what, send(*words, **rest).name)
    return exporter


logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(SimpleLogRecordProcessor(telling(OTLPLogExporter(**reach), "log")))
logger = logging.getLogger("test")
logger.addHandler(LoggingHandler(logger_provider=logs))
logger.warning("line of %s", name)
logs.shutdown()

reader = PeriodicExportingMetricReader(telling(OTLPMetricExporter(**reach), "metric"))
metrics = MeterProvider(resource=resource, metric_readers=[reader])
labels = {"namespace": project[0]} if project else {}
metrics.get_meter("test").create_counter(f"{name}_done").add(7, labels)
metrics.shutdown()
