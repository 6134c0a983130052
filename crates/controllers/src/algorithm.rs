//! Algorithm: numbered versions of a program that training jobs run.
//!
//! Owns what a version is and who may use which. A version is written before anybody can
//! run it, and never changes; who runs it is a job's business.
//!
//! ```text
//! spec ──▶ schema (is it one?) ──▶ versions (ControllerRevisions) ──▶ status
//! job  ──▶ find (name, version, shared?) ──▶ what it runs
//! ```

mod find;
mod schema;
mod versions;

use std::sync::Arc;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::{Algorithm, AlgorithmStatus};
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::{Controller, watcher};

pub use find::{Found, find};
pub use schema::{Filled, check, fill};
pub use versions::{Version, Versions};

use crate::apply;
use crate::context::Context;
use crate::error::Result;
use crate::observed::drive;

/// Versions that the status tells of; all are in the revisions.
const TOLD: usize = 100;

pub async fn run(context: Arc<Context>) {
    let all = Api::<Algorithm>::all(context.client.clone());
    let controller = Controller::new(all, watcher::Config::default());
    drive("algorithm", controller, context, reconcile).await;
}

async fn reconcile(algorithm: Arc<Algorithm>, context: Arc<Context>) -> Result<Action> {
    if algorithm.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let mut versions = Versions::read(&algorithm, &context.client).await?;
    let verdict = match check(&algorithm.spec.parameters) {
        Ok(()) => {
            versions.keep(&algorithm, &context).await?;
            let newest = versions.newest().map(Version::name).unwrap_or_default();
            Verdict::yes(reason::AVAILABLE, format!("{newest} may be run"))
        }
        Err(words) => Verdict::no(reason::INVALID, words),
    };
    report(&algorithm, &versions, &verdict, &context).await?;
    Ok(Action::await_change())
}

/// Writes what there is into the status: the one place where it is made.
async fn report(
    algorithm: &Algorithm,
    versions: &Versions,
    verdict: &Verdict,
    context: &Context,
) -> Result<()> {
    let generation = algorithm.metadata.generation;
    let mut status = algorithm.status.clone().unwrap_or_default();
    let was = conditions::find(&status.conditions, READY).map(|was| was.reason.clone());
    conditions::set(&mut status.conditions, READY, verdict, generation);
    let mut told = versions.told(&algorithm.spec);
    told.truncate(TOLD);
    let status = AlgorithmStatus {
        conditions: status.conditions,
        observed_generation: generation,
        latest: told.first().map(|newest| newest.name.clone()),
        versions: told,
    };
    if was.as_deref() != Some(verdict.reason) && !verdict.status {
        context.event(algorithm, true, verdict.reason, &verdict.message).await;
    }
    tracing::debug!(name = algorithm.name_any(), latest = status.latest, "algorithm looked at");
    apply::status(&context.client, algorithm, algorithm.status.as_ref(), &status).await
}
