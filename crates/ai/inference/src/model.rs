//! A loaded model and the queue in front of it.
//!
//! Expected flow: a request is checked, takes a place in the bounded queue,
//! waits for one of the workers, computes outside the async runtime.
//!
//! Guarantees: at most `threads` requests compute and at most [`QUEUE`] more
//! wait; the next is refused at once. An engine that panics fails its request
//! and nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use prost::Message;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tract_onnx::pb::ModelProto;

use crate::engine::{self, Choice, Engine, Source};
use crate::error::{Error, Result};
use crate::metrics::{Metrics, escaped};
use crate::span::Stages;
use crate::specification::Specification;
use crate::tensor::Tensor;
use crate::{check, find_onnxruntime, locate, zipmap};

/// Requests that may wait for a worker.
const QUEUE: usize = 256;

/// What to load and how to run it; see [`crate::ServerConfig`].
pub struct ModelConfig {
    pub name: String,
    pub version: String,
    pub path: PathBuf,
    pub threads: usize,
    pub engine: Choice,
    pub runtime_library: Option<PathBuf>,
}

/// A model ready to answer; cheap to clone.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    version: String,
    specification: Specification,
    engine: Box<dyn Engine>,
    workers: Arc<Semaphore>,
    threads: usize,
    pending: AtomicUsize,
    metrics: Metrics,
}

impl Model {
    /// Reads and plans the model; blocks for as long as that takes.
    ///
    /// # Errors
    /// [`Error::Load`], with what is wrong and what to do about it.
    pub fn load(config: ModelConfig) -> Result<Model, Error> {
        let ModelConfig { name, version, path, threads, engine, runtime_library } = config;
        let file = locate::model_file(&path)?;
        let bytes = std::fs::read(&file).map_err(|error| Error::Load {
            problem: format!("reading {}: {error}", file.display()),
            hint: "check that the file may be read",
        })?;
        let not_onnx = |_| Error::Load {
            problem: format!("{} is not an ONNX model", file.display()),
            hint: "convert it to ONNX first (skl2onnx, torch.onnx.export, tf2onnx), or serve it with a container of your own",
        };
        let mut model = ModelProto::decode(bytes.as_slice()).map_err(|_| not_onnx(()))?;
        let replaced = zipmap::replace(&mut model);
        let graph = model
            .graph
            .as_ref()
            .filter(|graph| !graph.output.is_empty())
            .ok_or(())
            .map_err(not_onnx)?;
        let mut specification = Specification::read(graph)?;
        for classes in &replaced {
            let outputs =
                specification.outputs.iter_mut().filter(|output| output.name == classes.output);
            outputs.for_each(|output| output.classes = Some(classes.labels.clone()));
        }
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            given => given,
        };
        let changed = !replaced.is_empty();
        let source =
            Source { model: &model, file: &file, changed, specification: &specification, threads };
        let library = find_onnxruntime(runtime_library.as_deref());
        let engine = engine::load(&source, engine, library.as_deref())?;
        tracing::info!(model = name, version, engine = engine.name(), file = %file.display(), "model loaded");
        let (workers, pending, metrics) =
            (Arc::new(Semaphore::new(threads)), AtomicUsize::new(0), Metrics::default());
        let inner =
            Inner { name, version, specification, engine, workers, threads, pending, metrics };
        Ok(Model { inner: Arc::new(inner) })
    }

    pub fn name(&self) -> &str {
        &self.inner.name
    }

    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// `tract` or `onnxruntime`.
    pub fn engine(&self) -> &'static str {
        self.inner.engine.name()
    }

    pub(crate) fn specification(&self) -> &Specification {
        &self.inner.specification
    }

    /// The protocol's metadata.
    pub(crate) fn metadata(&self) -> Value {
        let Inner { name, version, specification, engine, .. } = self.inner.as_ref();
        json!({
            "name": name,
            "versions": [version],
            "platform": format!("onnx_{}", engine.name()),
            "inputs": specification.inputs.iter().map(|input| json!(input.shown())).collect::<Vec<_>>(),
            "outputs": specification.outputs.iter().map(|output| json!(output.shown())).collect::<Vec<_>>(),
            "parameters": { "engine": engine.name(), "engine_version": engine.version() },
        })
    }

    /// The metrics in Prometheus's text format.
    pub(crate) fn metrics_text(&self) -> String {
        let Inner { name, version, engine, pending, metrics, .. } = self.inner.as_ref();
        let labels = format!("model=\"{}\",version=\"{}\"", escaped(name), escaped(version));
        let info = format!(
            ",engine=\"{}\",engine_version=\"{}\"",
            engine.name(),
            escaped(&engine.version())
        );
        metrics.text(&labels, pending.load(SeqCst), &info)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Checks the inputs, and computes when a worker is free.
    pub(crate) async fn infer(
        &self,
        inputs: Vec<Tensor>,
        stages: &mut Stages,
    ) -> Result<Vec<Tensor>> {
        let inputs = check::inputs(&self.inner.specification, inputs)?;
        let place = Place::take(&self.inner)?;
        let queued = Instant::now();
        let worker = self
            .inner
            .workers
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        stages.end("queue", queued);
        let queued = queued.elapsed();
        let inner = self.inner.clone();
        let computed = Instant::now();
        let outcome = tokio::task::spawn_blocking(move || {
            // Held until the computation ends, even when the client goes away before.
            let (_place, _worker) = (place, worker);
            inner.engine.run(inputs)
        })
        .await;
        stages.end("compute", computed);
        self.inner.metrics.computed(queued, computed.elapsed());
        outcome.unwrap_or_else(|error| Err(Error::Engine(format!("it panicked ({error})"))))
    }
}

/// A place in the queue, given back on drop.
struct Place(Arc<Inner>);

impl Place {
    fn take(inner: &Arc<Inner>) -> Result<Place> {
        let before = inner.pending.fetch_add(1, SeqCst);
        let place = Place(inner.clone());
        match before >= inner.threads + QUEUE {
            true => Err(Error::Overloaded { waiting: before - inner.threads }),
            false => Ok(place),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, SeqCst);
    }
}
