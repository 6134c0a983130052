//! `opentelemetry.proto.collector.metrics.v1.MetricsService` over gRPC.

use axum::Router;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

use super::{keep, told};
use crate::error::Error;
use crate::ingest::{Ingest, body};
use crate::scope::Scope;

/// To be merged with the services of other signals and served over HTTP/2.
pub fn router(ingest: Ingest) -> Router {
    let service = MetricsServiceServer::new(Receiver(ingest))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(body::MAX);
    Router::new()
        .route_service("/opentelemetry.proto.collector.metrics.v1.MetricsService/{method}", service)
}

struct Receiver(Ingest);

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let scope = request.extensions().get::<Scope>().cloned().unwrap_or_else(Scope::nothing);
        let (ingest, request) = (self.0.clone(), request.into_inner());
        let work = tokio::task::spawn_blocking(move || keep(&ingest, &scope, request));
        match work.await.unwrap_or(Err(Error::Closed)) {
            Ok(taken) => Ok(Response::new(told(&taken))),
            Err(error) => Err(status(&error)),
        }
    }
}

fn status(error: &Error) -> Status {
    let message = error.to_string();
    match error {
        Error::BadData(_) => Status::invalid_argument(message),
        Error::Forbidden(_) => Status::permission_denied(message),
        error => {
            tracing::error!(error = error as &dyn std::error::Error, "metrics are not taken");
            Status::unavailable(message)
        }
    }
}
