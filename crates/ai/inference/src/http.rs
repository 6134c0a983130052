//! The addresses of the Open Inference Protocol, and `/metrics`.

use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::Model;
use crate::request::Request;
use crate::response::Asked;

/// A batch of some hundred images as JSON.
const LARGEST_REQUEST: usize = 256 << 20;

/// The whole service of one model.
pub fn router(model: Model) -> Router {
    let of_model = || {
        Router::new()
            .route("/", get(metadata))
            .route("/ready", get(ready))
            .route("/infer", post(infer).layer(DefaultBodyLimit::max(LARGEST_REQUEST)))
    };
    Router::new()
        .route("/v2", get(server))
        .route("/v2/", get(server))
        .route("/v2/health/live", get(async || Json(json!({ "live": true }))))
        .route("/v2/health/ready", get(async || Json(json!({ "ready": true }))))
        .nest("/v2/models/{model}", of_model())
        .nest("/v2/models/{model}/versions/{version}", of_model())
        .route("/metrics", get(metrics))
        .fallback(async |OriginalUri(uri): OriginalUri| {
            Error::NotFound(format!("there is nothing at {}", uri.path()))
        })
        .with_state(model)
}

#[derive(Deserialize)]
struct Of {
    model: String,
    version: Option<String>,
}

impl Of {
    fn check(&self, model: &Model) -> Result<()> {
        if self.model != model.name() {
            return Err(Error::NotFound(format!(
                "the model '{}' is not served here; '{}' is",
                self.model,
                model.name()
            )));
        }
        match &self.version {
            Some(version) if version != model.version() => Err(Error::NotFound(format!(
                "the version '{version}' is not served here; '{}' is",
                model.version()
            ))),
            _ => Ok(()),
        }
    }
}

async fn server() -> Json<Value> {
    Json(json!({
        "name": "dais-inference",
        "version": env!("CARGO_PKG_VERSION"),
        "extensions": ["binary_tensor_data"],
    }))
}

async fn metadata(State(model): State<Model>, Path(of): Path<Of>) -> Result<Json<Value>> {
    of.check(&model)?;
    Ok(Json(model.metadata()))
}

/// The model is loaded before the server listens.
async fn ready(State(model): State<Model>, Path(of): Path<Of>) -> Result<Json<Value>> {
    of.check(&model)?;
    Ok(Json(json!({ "name": model.name(), "ready": true })))
}

async fn infer(
    State(model): State<Model>,
    Path(of): Path<Of>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let start = Instant::now();
    let outcome = async {
        of.check(&model)?;
        let Request { id, inputs, wanted, binary_outputs } = Request::read(&headers, &body)?;
        let asked = Asked { id, wanted, binary_outputs };
        asked.check(&model)?;
        let rows = inputs.first().and_then(|input| input.shape.first()).copied().unwrap_or(1);
        let outputs = model.infer(inputs).await?;
        Ok((asked.answer(&model, outputs)?, rows))
    }
    .await;
    match outcome {
        Ok((answer, rows)) => {
            model.metrics().succeed(rows, start.elapsed());
            Ok(answer)
        }
        Err(error) => {
            model.metrics().fail(Error::reason(&error));
            Err(error)
        }
    }
}

async fn metrics(State(model): State<Model>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], model.metrics_text())
}
