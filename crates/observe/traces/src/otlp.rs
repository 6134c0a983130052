//! OTLP traces in, over HTTP and over gRPC: one way through, two doors.
//!
//! ```text
//! /v1/traces (protobuf, JSON; gzip) ─┐
//!                                    ├─ convert ─ scope: whose? ─ head sampling ─ store
//! TraceService/Export (gRPC; gzip) ──┘
//! ```
//!
//! Both are routers, so that whoever mounts them decides in one layer who is asking: a
//! request carries its [`Scope`] as an extension, one without may write nothing.

mod convert;
mod encode;
mod grpc;
mod http;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

pub use encode::request;
pub use grpc::router as grpc_router;
pub use http::router;

use crate::error::Result;
use crate::metrics::Reason;
use crate::scope::Scope;
use crate::span::Span;
use crate::store::Traces;

/// An exporter's batch is some hundred kilobytes; so much is taken, uncompressed.
const MAX_BODY: usize = 16 << 20;

/// Takes in what an exporter sent: all of it or, with an error, nothing.
fn receive(traces: &Traces, scope: &Scope, request: ExportTraceServiceRequest) -> Result<()> {
    let sent = convert::spans(request)?;
    let (came, sampling) = (sent.len(), traces.sampling());
    let sampled = sent.into_iter().filter(|(span, is_sampled)| {
        // Whoever began the trace decided, or else its id does.
        *is_sampled || sampling.keeps(&span.trace_id)
    });
    let mut spans: Vec<Span> = sampled.map(|(span, _)| span).collect();
    traces.metrics().dropped(Reason::HeadSampling, came - spans.len());
    scope.admit(&mut spans)?;
    traces.ingest(spans)
}
