//! `opentelemetry.proto.collector.logs.v1.LogsService` over gRPC.

use axum::Router;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

use super::{Refused, take};
use crate::engine::Engine;
use crate::error::Error;
use crate::scope::Scope;

/// As over HTTP: far above what exporters put into one batch.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// To be merged with the services of other signals and served over HTTP/2.
pub fn router(logs: impl Into<Engine>) -> Router {
    let service = LogsServiceServer::new(Receiver(logs.into()))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_BODY);
    Router::new()
        .route_service("/opentelemetry.proto.collector.logs.v1.LogsService/{method}", service)
}

struct Receiver(Engine);

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let scope = request.extensions().get::<Scope>().cloned().unwrap_or_else(Scope::nothing);
        match take(&self.0, &scope, request.into_inner()).await {
            Ok(()) => Ok(Response::new(ExportLogsServiceResponse::default())),
            Err(refused) => Err(status(&refused)),
        }
    }
}

fn status(refused: &Refused) -> Status {
    let message = refused.to_string();
    match refused {
        Refused::Forbidden(_) => Status::permission_denied(message),
        Refused::Failed(Error::Full(_)) => Status::resource_exhausted(message),
        // Exporters try again.
        Refused::Failed(_) => Status::unavailable(message),
    }
}
