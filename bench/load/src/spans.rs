//! Traces of requests through a gateway, a server and its parts, by OTLP over HTTP.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// Spans of one trace, each in a service of its own.
const SERVICES: usize = 8;
/// Traces in one request, as an SDK's batch of 512 spans.
const BATCH: usize = 64;

pub async fn send(url: &str, traces: usize) -> Result<()> {
    let client = reqwest::Client::new();
    for from in (0..traces).step_by(BATCH) {
        let body = request(from..traces.min(from + BATCH)).encode_to_vec();
        loop {
            let sent = client.post(url).header("content-type", "application/x-protobuf");
            let answer = sent.body(body.clone()).send().await?;
            match answer.status().as_u16() {
                200 => break,
                // The store says that it cannot keep up: what an exporter does then.
                429 | 503 => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                code => bail!("{url} answered {code}: {}", answer.text().await?),
            }
        }
    }
    Ok(())
}

fn request(traces: std::ops::Range<usize>) -> ExportTraceServiceRequest {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let resource_spans = (0..SERVICES).map(|service| {
        let spans = traces.clone().map(|trace| span(trace, service, now)).collect();
        ResourceSpans {
            resource: Some(Resource {
                attributes: vec![
                    text("service.name", &format!("service-{service}")),
                    text("k8s.namespace.name", "project-1"),
                    text("k8s.pod.name", &format!("service-{service}-0")),
                    text("dais.app", "shop"),
                ],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }
}

fn span(trace: usize, service: usize, now: u64) -> Span {
    let id = |service: usize| ((trace * SERVICES + service + 1) as u64).to_be_bytes().to_vec();
    let start = now + service as u64 * 100_000;
    Span {
        // Spread as random ids are: an odd number times the trace's.
        trace_id: (trace as u128 + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes()
            .to_vec(),
        span_id: id(service),
        parent_span_id: service.checked_sub(1).map(id).unwrap_or_default(),
        name: format!("GET /part/{service}"),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 50_000_000 - service as u64 * 1_000_000
            + (trace % 997) as u64 * 10_000,
        attributes: vec![
            text("http.request.method", "GET"),
            text("url.path", &format!("/part/{service}/{}", trace % 50)),
            number("http.response.status_code", 200),
            number("server.port", 8080),
            text("user_agent.original", "client/1.0"),
        ],
        ..Span::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
