//! The behaviour of the dais kinds: one file or folder per kind.
//!
//! Owns reconciling what people declare into pods, services, routes, runs and
//! built environments. Deliberately does not know which engine it runs on (it
//! holds a `kube::Client`), how tracking or data store things (they are traits
//! in [`seams`]), or who is signed in.
//!
//! Start reading at [`run`], then [`trainingjob`].

mod abtest;
pub mod algorithm;
mod application;
pub mod apply;
pub mod context;
pub mod dataset;
pub mod environment;
pub mod error;
pub mod inferenceservice;
mod labelingproject;
pub mod metrics;
pub mod monitoring;
pub mod notebook;
pub mod observed;
mod package_index;
mod program;
pub mod project;
pub mod queue;
mod revisions;
pub mod seams;
mod serving;
mod sweep;
pub mod telemetry;
mod trainingjob;

pub use context::{Context, Seams, Settings};
pub use error::{Error, Result};
pub use metrics::Metrics;
pub use revisions::changes;

use std::sync::Arc;

/// Runs every controller until `context.shutdown` is cancelled.
pub async fn run(context: Arc<Context>) {
    tokio::join!(
        project::run(context.clone()),
        queue::run(context.clone()),
        dataset::run(context.clone()),
        environment::run(context.clone()),
        algorithm::run(context.clone()),
        trainingjob::run(context.clone()),
        sweep::run(context.clone()),
        inferenceservice::run(context.clone()),
        application::run(context.clone()),
        abtest::run(context.clone()),
        labelingproject::run(context.clone()),
        notebook::run(context.clone()),
        monitoring::run(context),
    );
}
