//! One ONNX model served over HTTP with the Open Inference Protocol, version 2.
//!
//! Owns reading the model, checking requests against what it declares, and
//! running it in one of two engines: tract (built in), or ONNX Runtime when
//! its library is found. Deliberately knows nothing of where models come from,
//! of projects or of permissions.
//!
//! ```text
//! bytes ─ request (JSON, binary) ─ check against specification ─ queue ─ engine ─ response
//! ```
//!
//! Start reading at [`serve`] and `model`.

mod check;
mod data;
mod datatype;
mod engine;
mod error;
mod http;
mod locate;
mod metrics;
mod model;
mod request;
mod response;
mod span;
mod specification;
mod tensor;
mod zipmap;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use engine::Choice;
pub use error::Error;
pub use http::router;
pub use locate::find_onnxruntime;
pub use model::{Model, ModelConfig};
pub use span::{Attribute, Span, SpanSink};

/// What [`serve`] serves, and where.
pub struct ServerConfig {
    pub model_name: String,
    pub model_version: String,
    /// An ONNX file, or a directory with one (such as an MLflow model).
    pub path: PathBuf,
    pub listener: TcpListener,
    /// Requests that compute at the same time; 0 is one per processor.
    pub threads: usize,
    /// ONNX Runtime's library, or a Python environment that has it, to be
    /// preferred over the built-in engine. See [`find_onnxruntime`].
    pub runtime_library: Option<PathBuf>,
    /// Where the spans of inferences go.
    pub spans: Option<Arc<dyn SpanSink>>,
}

/// Loads the model and serves it until the process gets SIGTERM or Ctrl-C;
/// running requests are finished first.
///
/// # Errors
/// When the model cannot be loaded (with what to do about it) or the listener fails.
pub async fn serve(config: ServerConfig) -> Result<(), Error> {
    let ServerConfig { model_name, model_version, path, listener, threads, runtime_library, spans } =
        config;
    let model = ModelConfig {
        name: model_name,
        version: model_version,
        path,
        threads,
        engine: Choice::Auto,
        runtime_library,
    };
    // Loading takes seconds for large models and must not hold up the runtime.
    let model =
        tokio::task::spawn_blocking(move || Model::load(model)).await.map_err(|error| {
            Error::Load {
                problem: format!("loading the model panicked: {error}"),
                hint: "report this model as a defect",
            }
        })??;
    axum::serve(listener, router(model, spans))
        .with_graceful_shutdown(stopped())
        .await
        .map_err(Error::Serve)
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tracing::warn!("cannot listen for SIGTERM: stopping without grace");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
