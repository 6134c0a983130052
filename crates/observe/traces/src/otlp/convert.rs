//! OpenTelemetry's messages as our spans.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{
    Span as OtlpSpan, span::SpanKind, status::StatusCode as SpanStatus,
};

use crate::attributes::{Attributes, Value};
use crate::error::{Error, Result};
use crate::span::{Event, Kind, Span, hex};

/// The bit of a span's flags with which W3C Trace Context says that its trace is sampled.
pub const SAMPLED: u32 = 1;

/// The spans, and of each whether whoever made it decided to sample its trace.
///
/// # Errors
/// [`Error::BadRequest`] names the span whose id has a wrong length.
pub fn spans(request: ExportTraceServiceRequest) -> Result<Vec<(Span, bool)>> {
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let about = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let about = Arc::new(attributes(about));
        for scope in resource.scope_spans {
            let library = scope.scope.map(|scope| scope.name).unwrap_or_default();
            for span in scope.spans {
                let is_sampled = span.flags & SAMPLED != 0;
                spans.push((convert(span, &about, &library)?, is_sampled));
            }
        }
    }
    Ok(spans)
}

fn convert(span: OtlpSpan, resource: &Arc<Attributes>, library: &str) -> Result<Span> {
    let trace_id = id("trace_id", &span.trace_id, &span.name)?;
    let span_id = id("span_id", &span.span_id, &span.name)?;
    // No parent is written as no bytes; some exporters write zeros.
    let parent = span.parent_span_id.as_slice().try_into().ok().filter(|parent| *parent != [0; 8]);
    let kind = match SpanKind::try_from(span.kind) {
        Ok(SpanKind::Server) => Kind::Server,
        Ok(SpanKind::Client) => Kind::Client,
        Ok(SpanKind::Producer) => Kind::Producer,
        Ok(SpanKind::Consumer) => Kind::Consumer,
        _ => Kind::Internal,
    };
    let error = span
        .status
        .filter(|status| status.code == SpanStatus::Error as i32)
        .map(|status| status.message);
    let mut own = attributes(span.attributes);
    if !library.is_empty() {
        own.push("otel.scope.name", library);
    }
    let event = |event: opentelemetry_proto::tonic::trace::v1::span::Event| Event {
        time: nanoseconds(event.time_unix_nano),
        name: event.name,
        attributes: attributes(event.attributes),
    };
    Ok(Span {
        trace_id,
        span_id,
        parent,
        name: span.name.into(),
        kind,
        start: nanoseconds(span.start_time_unix_nano),
        duration: nanoseconds(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano)),
        error,
        attributes: own,
        resource: resource.clone(),
        events: span.events.into_iter().map(event).collect(),
    })
}

fn id<const N: usize>(what: &str, bytes: &[u8], span: &str) -> Result<[u8; N]> {
    bytes.try_into().ok().filter(|id| *id != [0; N]).ok_or_else(|| {
        Error::BadRequest(format!(
            "{what} of span {span:?} has {} bytes; it must have {N}, not all of them zero",
            bytes.len()
        ))
    })
}

fn nanoseconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    pairs.into_iter().map(|pair| (pair.key, value(pair.value))).collect()
}

fn value(any: Option<AnyValue>) -> Value {
    match any.and_then(|any| any.value) {
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        other => json_value(other).into(),
    }
}

fn json_value(value: Option<any_value::Value>) -> serde_json::Value {
    let member = |any: Option<AnyValue>| json_value(any.and_then(|any| any.value));
    match value {
        Some(any_value::Value::StringValue(text)) => text.into(),
        Some(any_value::Value::BoolValue(truth)) => truth.into(),
        Some(any_value::Value::IntValue(number)) => number.into(),
        Some(any_value::Value::DoubleValue(number)) => number.into(),
        Some(any_value::Value::BytesValue(bytes)) => hex(&bytes).into(),
        Some(any_value::Value::ArrayValue(members)) => {
            members.values.into_iter().map(|any| member(Some(any))).collect()
        }
        Some(any_value::Value::KvlistValue(members)) => {
            members.values.into_iter().map(|pair| (pair.key, member(pair.value))).collect()
        }
        // A string by index exists only inside the profiling signal.
        Some(_) | None => serde_json::Value::Null,
    }
}
