//! `opentelemetry.proto.collector.trace.v1.TraceService` over gRPC.

use axum::Router;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

use super::{MAX_BODY, receive};
use crate::error::Error;
use crate::scope::Scope;
use crate::store::Traces;

/// To be merged with the services of other signals and served over HTTP/2.
pub fn router(traces: Traces) -> Router {
    let service = TraceServiceServer::new(Receiver(traces))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_BODY);
    Router::new()
        .route_service("/opentelemetry.proto.collector.trace.v1.TraceService/{method}", service)
}

struct Receiver(Traces);

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scope = request.extensions().get::<Scope>().cloned().unwrap_or_else(Scope::nothing);
        receive(&self.0, &scope, request.into_inner()).map_err(status)?;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn status(error: Error) -> Status {
    let message = error.to_string();
    match error {
        Error::BadRequest(_) => Status::invalid_argument(message),
        Error::Forbidden(_) => Status::permission_denied(message),
        // Exporters try again.
        Error::Behind | Error::NotWritten | Error::Closed => Status::unavailable(message),
        Error::NotFound
        | Error::File { .. }
        | Error::Setting(_)
        | Error::Unreachable(_)
        | Error::Damaged { .. }
        | Error::Newer { .. }
        | Error::Legacy { .. } => Status::internal(message),
    }
}
