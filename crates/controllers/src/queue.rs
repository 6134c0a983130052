//! Queue: lets training jobs in while there is room for them.
//!
//! Owns whose turn it is. One loop decides for all queues, since cohorts share what is
//! theirs; it reads queues and jobs and nothing else, and writes a job's
//! `status.admission`, which the job's own controller obeys.
//!
//! ```text
//! queues, jobs ──▶ view (what each job asks for) ──▶ plan (pure) ──▶ status.admission
//! ```

mod book;
mod demand;
mod plan;
mod report;

use std::collections::HashMap;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dais_api::{Admission, Queue, TrainingJob};
use futures::FutureExt;
use futures::stream::{self, Stream, StreamExt};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::context::Context;
use crate::error::{Error, Result};
use plan::Decision;
pub use plan::{Plan, Standing, Waiting, plan};

/// Name under which queues write, apart from the jobs' own controller.
const WRITER: &str = "dais-queues";
/// Decisions that are written at a time.
const AT_A_TIME: usize = 32;
/// How soon decisions that were not written are taken again, if nothing changes before.
const RETRY: Duration = Duration::from_secs(2);
/// Changes that are taken together at most.
const TOGETHER: usize = 4096;

/// Runs until the process shuts down.
pub async fn run(context: Arc<Context>) {
    let (queues, queue_changes) = follow(Api::<Queue>::all(context.client.clone()));
    let (jobs, job_changes) = follow(Api::<TrainingJob>::all(context.client.clone()));
    let mut changes =
        std::pin::pin!(stream::select(queue_changes, job_changes).ready_chunks(TOGETHER));
    let (mut written, mut is_behind) = (Written::default(), false);
    loop {
        let change = changes.next();
        let has_ended = match is_behind {
            true => tokio::time::timeout(RETRY, change).await == Ok(None),
            false => change.await.is_none(),
        };
        if has_ended {
            return;
        }
        if !(is_complete(&queues) && is_complete(&jobs)) {
            // Whoever is not known yet may have a share already.
            continue;
        }
        let (queues, jobs) = (queues.state(), written.over(jobs.state()));
        let plan = plan(&queues, &jobs);
        let told = carry_out(&plan, &context).await;
        is_behind = told.iter().any(Option::is_none);
        written.note(told.into_iter().flatten());
        report::report(&queues, &plan, &context).await;
    }
}

/// Whether the first list has come to its end.
fn is_complete<K>(store: &reflector::Store<K>) -> bool
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    store.wait_until_ready().now_or_never().is_some()
}

type Changes = Pin<Box<dyn Stream<Item = ()> + Send>>;

fn follow<K>(api: Api<K>) -> (reflector::Store<K>, Changes)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let events = watcher(api, watcher::Config::default()).default_backoff().reflect(writer);
    let changes = events.filter_map(|event| {
        if let Err(error) = &event {
            tracing::warn!(%error, kind = %K::kind(&()), "watch interrupted, trying again");
        }
        std::future::ready(event.ok().map(drop))
    });
    (store, Box::pin(changes))
}

/// Jobs as they were last written here, for as long as the watch has not shown it:
/// what was just given away must not be given twice.
#[derive(Default)]
struct Written(HashMap<String, Arc<TrainingJob>>);

impl Written {
    fn over(&mut self, mut jobs: Vec<Arc<TrainingJob>>) -> Vec<Arc<TrainingJob>> {
        let mut pending = std::mem::take(&mut self.0);
        for job in &mut jobs {
            let Some(uid) = job.uid() else { continue };
            let Some(ours) = pending.remove(&uid) else { continue };
            if version(job) < version(&ours) {
                *job = ours.clone();
                self.0.insert(uid, ours);
            }
        }
        jobs
    }

    fn note(&mut self, jobs: impl Iterator<Item = TrainingJob>) {
        self.0.extend(jobs.filter_map(|job| Some((job.uid()?, Arc::new(job)))));
    }
}

/// Resource versions are numbers that grow (Kubernetes 1.35, KEP-5504).
fn version(job: &TrainingJob) -> u64 {
    job.resource_version().and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// Writes the decisions; returns the jobs as they are now, and none where it failed.
async fn carry_out(plan: &Plan, context: &Context) -> Vec<Option<TrainingJob>> {
    let writes: Vec<_> = plan.decisions.iter().map(|decision| told(decision, context)).collect();
    stream::iter(writes).buffer_unordered(AT_A_TIME).collect().await
}

async fn told(decision: &Decision, context: &Context) -> Option<TrainingJob> {
    let began = Instant::now();
    let written = write(decision, context).await;
    context.metrics.record("queue", written.is_ok(), began.elapsed().as_secs_f64());
    written.unwrap_or_else(|error| {
        let Decision { namespace, name, .. } = decision;
        tracing::warn!(%error, namespace, name, "a queue's decision is not written yet");
        None
    })
}

async fn write(decision: &Decision, context: &Context) -> Result<Option<TrainingJob>> {
    let Decision { namespace, name, uid, word } = decision;
    let admission = word.as_ref().map(|word| Admission {
        queue: word.queue.clone(),
        admitted: word.admitted,
        reason: word.reason.to_owned(),
        message: word.message.clone(),
        time: Time(Timestamp::now()),
    });
    let change = json!({"metadata": {"uid": uid}, "status": {"admission": admission}});
    let jobs = Api::<TrainingJob>::namespaced(context.client.clone(), namespace);
    let writer = PatchParams { field_manager: Some(WRITER.to_owned()), ..PatchParams::default() };
    match jobs.patch_status(name, &writer, &Patch::Merge(change)).await {
        Ok(job) => Ok(Some(job)),
        Err(kube::Error::Api(gone)) if matches!(gone.code, 404 | 409) => Ok(None),
        Err(error) => Err(Error::kube(format!("writing to TrainingJob {namespace}/{name}"))(error)),
    }
}
