//! The addresses of the Open Inference Protocol, and `/metrics`.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRef, MatchedPath, OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::Model;
use crate::request::Request;
use crate::response::Asked;
use crate::span::{Attribute, Outcome, SpanSink, Stages};

/// A batch of some hundred images as JSON.
const LARGEST_REQUEST: usize = 256 << 20;

/// What handlers share.
#[derive(Clone)]
struct Served {
    model: Model,
    spans: Option<Arc<dyn SpanSink>>,
}

impl FromRef<Served> for Model {
    fn from_ref(served: &Served) -> Model {
        served.model.clone()
    }
}

/// The whole service of one model; the spans of its inferences go to `spans`.
pub fn router(model: Model, spans: Option<Arc<dyn SpanSink>>) -> Router {
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
        .with_state(Served { model, spans })
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
    State(Served { model, spans }): State<Served>,
    Path(of): Path<Of>,
    route: MatchedPath,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    let mut stages = Stages::begin();
    let outcome = answer(&model, &of, (&headers, &body), &mut stages).await;
    match &outcome {
        Ok((_, rows)) => model.metrics().succeed(*rows, stages.elapsed()),
        Err(error) => model.metrics().fail(Error::reason(error)),
    }
    if let Some(spans) = spans {
        let rows = outcome.as_ref().map_or(0, |(_, rows)| *rows);
        let ended = ended(&model, route.as_str(), rows, outcome.as_ref().err());
        spans.record(stages.spans(&headers, ended));
    }
    outcome.map(|(answer, _)| answer)
}

/// The answer and the rows that were asked about.
async fn answer(
    model: &Model,
    of: &Of,
    (headers, body): (&HeaderMap, &Bytes),
    stages: &mut Stages,
) -> Result<(Response, usize)> {
    of.check(model)?;
    let decoding = Instant::now();
    let read = Request::read(headers, body);
    stages.end("decode", decoding);
    let Request { id, inputs, wanted, binary_outputs } = read?;
    let asked = Asked { id, wanted, binary_outputs };
    asked.check(model)?;
    let rows = inputs.first().and_then(|input| input.shape.first()).copied().unwrap_or(1);
    let outputs = model.infer(inputs, stages).await?;
    let encoding = Instant::now();
    let answer = asked.answer(model, outputs);
    stages.end("encode", encoding);
    Ok((answer?, rows))
}

fn ended(model: &Model, route: &str, rows: usize, error: Option<&Error>) -> Outcome {
    let text = |text: &str| Attribute::Text(text.to_owned());
    Outcome {
        name: format!("POST {route}"),
        status: error.map_or(StatusCode::OK, Error::status),
        error: error.map(Error::to_string),
        attributes: vec![
            ("http.route", text(route)),
            ("model.name", text(model.name())),
            ("model.version", text(model.version())),
            ("model.engine", text(model.engine())),
            ("model.rows", Attribute::Number(i64::try_from(rows).unwrap_or(i64::MAX))),
        ],
    }
}

async fn metrics(State(model): State<Model>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], model.metrics_text())
}
