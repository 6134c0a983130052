//! Our spans as OpenTelemetry's messages, for those who send them elsewhere.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span as OtlpSpan, Status, span, status::StatusCode,
};
use prost::Message;

use super::convert::SAMPLED;
use crate::attributes::{Attributes, Value};
use crate::span::{Event, Kind, Span};

/// The body of a protobuf request to `/v1/traces`. Spans that follow each other with the
/// same resource share it.
pub fn request(spans: &[Span]) -> Vec<u8> {
    let same = |a: &Span, b: &Span| Arc::ptr_eq(&a.resource, &b.resource);
    let resource_spans = spans.chunk_by(same).map(|spans| {
        let about = spans.first().map(|span| attributes(&span.resource)).unwrap_or_default();
        let spans = spans.iter().map(encode).collect();
        ResourceSpans {
            resource: Some(Resource { attributes: about, ..Resource::default() }),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }.encode_to_vec()
}

fn encode(span: &Span) -> OtlpSpan {
    let kind = match span.kind {
        Kind::Internal => span::SpanKind::Internal,
        Kind::Server => span::SpanKind::Server,
        Kind::Client => span::SpanKind::Client,
        Kind::Producer => span::SpanKind::Producer,
        Kind::Consumer => span::SpanKind::Consumer,
    };
    let failed =
        |message: &String| Status { code: StatusCode::Error as i32, message: message.clone() };
    OtlpSpan {
        trace_id: span.trace_id.to_vec(),
        span_id: span.span_id.to_vec(),
        parent_span_id: span.parent.map(Vec::from).unwrap_or_default(),
        flags: SAMPLED,
        name: span.name.to_string(),
        kind: kind as i32,
        start_time_unix_nano: unsigned(span.start),
        end_time_unix_nano: unsigned(span.start.saturating_add(span.duration)),
        attributes: attributes(&span.attributes),
        events: span.events.iter().map(event).collect(),
        status: span.error.as_ref().map(failed),
        ..OtlpSpan::default()
    }
}

fn event(event: &Event) -> span::Event {
    span::Event {
        time_unix_nano: unsigned(event.time),
        name: event.name.clone(),
        attributes: attributes(&event.attributes),
        ..span::Event::default()
    }
}

fn unsigned(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

fn attributes(attributes: &Attributes) -> Vec<KeyValue> {
    let pair = |(key, found): (&str, &Value)| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value(found)) }),
        ..KeyValue::default()
    };
    attributes.iter().map(pair).collect()
}

/// Lists and maps travel as their JSON text.
fn value(value: &Value) -> any_value::Value {
    match value {
        Value::Text(text) | Value::Json(text) => any_value::Value::StringValue(text.to_string()),
        Value::Bool(truth) => any_value::Value::BoolValue(*truth),
        Value::Int(number) => any_value::Value::IntValue(*number),
        Value::Float(number) => any_value::Value::DoubleValue(*number),
    }
}

#[cfg(test)]
mod tests {
    use super::super::convert;
    use super::*;

    #[test]
    fn what_is_sent_is_what_is_received() {
        let attributes = Attributes::from([
            ("text", "a".into()),
            ("truth", Value::Bool(true)),
            ("whole", Value::Int(-5)),
            ("broken", Value::Float(0.5)),
        ]);
        let first = Span {
            trace_id: [1; 16],
            span_id: [2; 8],
            parent: Some([3; 8]),
            name: "infer".into(),
            kind: Kind::Server,
            start: 1_000,
            duration: 5,
            error: Some("gone".into()),
            events: vec![Event { time: 7, name: "e".into(), attributes: attributes.clone() }],
            attributes,
            resource: Attributes::from([("service.name", "digits".into())]).into(),
        };
        let second = Span { parent: None, error: None, kind: Kind::Internal, ..first.clone() };
        let sent = [first, second];
        let request = ExportTraceServiceRequest::decode(request(&sent).as_slice()).unwrap();
        assert_eq!(request.resource_spans.len(), 1);
        let received = convert::spans(request).unwrap();
        assert!(received.iter().all(|(_, is_sampled)| *is_sampled));
        assert_eq!(received.into_iter().map(|(span, _)| span).collect::<Vec<_>>(), sent);
    }
}
