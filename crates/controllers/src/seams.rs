//! What controllers need of the other wings of the house, as traits that the
//! binary implements: embedded by a call in process, on a cluster over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use dais_api::abtest::OutcomeCounts;
use dais_api::reference::ModelReference;
use dais_api::{ABTestSpec, DatasetVersion, InstalledPackage, LabelingProject, ProducedModel};
use dais_statistics::Statistic;
use futures::stream::BoxStream;
use k8s_openapi::jiff::Timestamp;
use thiserror::Error;

use crate::monitoring::{RuleSource, ScrapeJob};
use crate::notebook::Door;

/// An access key of the object store: what programs sign requests with.
#[derive(Clone)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
}

/// Access keys for a project's own work.
#[async_trait]
pub trait AccessKeys: Send + Sync {
    /// A new key of a service account, which ends by itself.
    async fn issue(
        &self,
        project: &str,
        account: &str,
        lifetime: Duration,
    ) -> Result<AccessKey, SeamError>;
}

/// A failure behind a seam; trying again later may help.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SeamError(pub String);

/// A run in the tracking server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub run_id: String,
    pub experiment_id: String,
}

/// What a run is made for.
#[derive(Clone, Debug)]
pub struct RunRequest<'a> {
    pub project: &'a str,
    pub user: &'a str,
    pub experiment: &'a str,
    pub name: &'a str,
    /// Unique per attempt: a run that already carries it is returned instead of
    /// making a second one, so that a crash in between leaves one run.
    pub key: &'a str,
    /// Tags of the run, for lineage.
    pub tags: Vec<(String, String)>,
}

/// How a run ended, in MLflow's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    Finished,
    Failed,
    Killed,
}

/// A version in the model registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredVersion {
    pub name: String,
    pub version: String,
    pub run_id: Option<String>,
}

/// Experiments, runs and the model registry.
#[async_trait]
pub trait Tracking: Send + Sync {
    async fn ensure_run(&self, request: RunRequest<'_>) -> Result<Run, SeamError>;
    /// Ends a run that did not end itself; leaves one that did as it is.
    async fn end_run(&self, project: &str, run_id: &str, end: RunEnd) -> Result<(), SeamError>;
    async fn models_of_run(
        &self,
        project: &str,
        run_id: &str,
    ) -> Result<Vec<ProducedModel>, SeamError>;
    /// Everything that a run logged of one metric, as `(step, value)` in the order in
    /// which it came.
    async fn metric_history(
        &self,
        project: &str,
        run_id: &str,
        metric: &str,
    ) -> Result<Vec<(i64, f64)>, SeamError>;
    /// `None`: no such model, version or alias.
    async fn resolve_model(
        &self,
        project: &str,
        model: &ModelReference,
    ) -> Result<Option<RegisteredVersion>, SeamError>;
}

/// Versions of datasets.
#[async_trait]
pub trait Datasets: Send + Sync {
    /// Newest first; empty for a dataset without a version.
    async fn versions(
        &self,
        project: &str,
        dataset: &str,
    ) -> Result<Vec<DatasetVersion>, SeamError>;
    /// `(project, dataset)` each time that a version was made.
    fn announcements(&self) -> BoxStream<'static, (String, String)>;
    /// Forgets all versions; the data goes once nothing refers to it.
    async fn forget(&self, project: &str, dataset: &str) -> Result<(), SeamError>;
}

/// What a person has to change, in words that name the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelingRefusal(pub String);

/// How far a labelling project is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelingProgress {
    pub tasks: i64,
    pub done: i64,
    pub to_review: i64,
}

/// A service that is asked about tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictingService {
    pub name: String,
    /// What its server calls the model.
    pub model: String,
    /// What predictions are of whose answer does not name a model.
    pub model_of_answers: String,
}

/// How a round of questions to a service ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedRound {
    /// There is more to ask at once.
    Unfinished,
    /// All that can be asked now was asked.
    Finished,
    /// The service does not answer, and why.
    Unanswered(String),
}

/// How far a model is with the tasks of a labelling project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PredictionProgress {
    pub predicted: i64,
    pub waiting: i64,
    pub failed: i64,
    /// Why the last one failed that has no prediction.
    pub reason: Option<String>,
}

/// Tasks and answers of labelling projects.
#[async_trait]
pub trait Labeling: Send + Sync {
    /// Makes it, or gives it another configuration; the same again changes nothing.
    async fn declare(
        &self,
        work: &LabelingProject,
    ) -> Result<Result<(), LabelingRefusal>, SeamError>;
    /// Makes the tasks of a version (`name@v3`) that are not there yet: all or none. How many
    /// are new.
    async fn make_tasks(
        &self,
        work: &LabelingProject,
        version: &str,
    ) -> Result<Result<u64, LabelingRefusal>, SeamError>;
    async fn progress(&self, work: &LabelingProject) -> Result<LabelingProgress, SeamError>;
    /// Asks a service about tasks without a prediction, for some seconds at most.
    async fn predict(
        &self,
        work: &LabelingProject,
        service: &PredictingService,
    ) -> Result<AskedRound, SeamError>;
    async fn predictions(&self, work: &LabelingProject) -> Result<PredictionProgress, SeamError>;
    /// Removes tasks and answers of the project with this uid.
    async fn forget(&self, uid: &str) -> Result<(), SeamError>;
}

/// What the kernels of a notebook do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernels {
    pub running: i32,
    pub busy: i32,
    /// When a kernel or terminal last did something; `None` where there are none.
    pub last_activity: Option<Timestamp>,
}

/// Jupyter servers of notebooks.
#[async_trait]
pub trait JupyterServers: Send + Sync {
    /// Asks the server behind the door.
    async fn kernels(&self, door: &Door) -> Result<Kernels, SeamError>;
}

/// What an environment turned out to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuiltEnvironment {
    pub python_version: String,
    pub packages: Vec<InstalledPackage>,
    pub size_bytes: u64,
    /// SHA-256 over all files, in hex.
    pub sha256: String,
}

/// Why a build does not count.
#[derive(Debug, Error)]
pub enum SealError {
    #[error("the build's files are gone")]
    Gone,
    /// It holds what no environment may hold, in words.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Failed(#[from] SeamError),
}

/// What became of a build that was to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    /// A pod has it mounted, or more than one.
    Held {
        project: String,
        pod: String,
    },
}

/// The store of built environments, shared by the volume driver of the node.
#[async_trait]
pub trait Environments: Send + Sync {
    /// The finished build of `digest`, if there is one.
    async fn built(
        &self,
        project: &str,
        digest: &str,
    ) -> Result<Option<BuiltEnvironment>, SeamError>;
    /// Declares the build of `digest` finished that the pod with the uid `pod` made. What it
    /// or others still have open is another file than those that count from now on.
    async fn seal(
        &self,
        project: &str,
        digest: &str,
        pod: &str,
    ) -> Result<BuiltEnvironment, SealError>;
    /// Removes a finished or half-made build that no pod has mounted.
    async fn remove(&self, project: &str, digest: &str) -> Result<Removal, SeamError>;
}

/// What is asked of a test.
#[derive(Clone, Copy, Debug)]
pub struct TestQuestion<'a> {
    pub project: &'a str,
    pub uid: &'a str,
    /// What keys are hashed with.
    pub salt: &'a str,
    pub spec: &'a ABTestSpec,
    /// Seconds after an exposure in which an outcome counts.
    pub window: i64,
}

/// What a test has counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestReading {
    /// By the name of the variant; those without subjects are missing.
    pub variants: BTreeMap<String, VariantReading>,
    pub outcomes: OutcomeCounts,
    /// In the order of the spec.
    pub metrics: Vec<MetricReading>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VariantReading {
    pub subjects: u64,
    pub requests: u64,
    pub failures: u64,
    /// Subjects that were seen under another variant too.
    pub crossed: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricReading {
    /// By the name of the variant; those without subjects are missing.
    pub variants: BTreeMap<String, Statistic>,
    /// Why there are no values, in words.
    pub message: Option<String>,
}

/// Who was shown what in a test, and what came of it.
#[async_trait]
pub trait Outcomes: Send + Sync {
    async fn read(&self, question: TestQuestion<'_>) -> Result<TestReading, SeamError>;
    /// The uids of all tests of which there is anything.
    async fn tests(&self) -> Result<Vec<String>, SeamError>;
    /// Removes everything of a test; again changes nothing.
    async fn forget(&self, uid: &str) -> Result<(), SeamError>;
}

/// A rule that cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleFault {
    /// Name of the [`RuleSource`].
    pub source: String,
    /// Names the group, the rule and the field.
    pub reason: String,
}

/// Who scrapes and evaluates. Each call replaces what was said before.
pub trait Monitoring: Send + Sync {
    fn scrape(&self, jobs: Vec<ScrapeJob>);
    /// Rules that cannot be read are left out, and told.
    fn evaluate(&self, sources: Vec<RuleSource>) -> Vec<RuleFault>;
}
