//! The kinds of dais: what a person declares and what the platform answers.
//!
//! Owns the shapes of `dais.io/v1alpha1`, their OpenAPI validation, the words of
//! their conditions, the labels that every pod carries and the syntax of
//! references. Deliberately knows no I/O: behaviour is in `dais-controllers`.
//! Start reading at [`TrainingJob`].

pub mod abtest;
pub mod algorithm;
pub mod application;
pub mod conditions;
pub mod crds;
pub mod dataset;
pub mod deletion;
pub mod environment;
pub mod inferenceservice;
pub mod labelingproject;
pub mod labels;
pub mod monitoring;
pub mod notebook;
pub mod queue;
pub mod quota;
pub mod reference;
pub mod routing;
pub mod sweep;
pub mod traffic;
pub mod trainingjob;
pub mod volumes;

pub use abtest::{ABTest, ABTestPhase, ABTestSpec, ABTestStatus};
pub use algorithm::{
    Algorithm, AlgorithmInput, AlgorithmMetric, AlgorithmOutputs, AlgorithmSpec, AlgorithmStatus,
    AlgorithmVersion, Deprecation, GitSource,
};
pub use application::{
    Application, ApplicationPort, ApplicationRoute, ApplicationSpec, ApplicationStatus,
    ApplicationVolume, Check, Concurrency, Health, OwnClaim, OwnPort, Release, Schedule,
    VolumeDataset,
};
pub use dataset::{Dataset, DatasetSpec, DatasetStatus, DatasetVersion, VersionOrigin};
pub use environment::{
    Environment, EnvironmentSpec, EnvironmentStatus, InstalledPackage, PythonEnvironment,
};
pub use inferenceservice::{
    Autoscaling, InferenceService, InferenceServiceSpec, InferenceServiceStatus, ModelServer,
    Rollout, RolloutState, RolloutStatus, ScaleStatus,
};
pub use labelingproject::{
    Label, LabelConfig, LabelDescription, LabelingAssignment, LabelingKind, LabelingPolicy,
    LabelingProject, LabelingProjectSpec, LabelingProjectStatus, Preannotation,
    PreannotationStatus, RejectedTask,
};
pub use notebook::{Notebook, NotebookSpec, NotebookStatus};
pub use queue::{
    Preemption, Queue, QueueResource, QueueSpec, QueueStatus, QueueStrategy, QueueUse, StopPolicy,
};
pub use reference::{DatasetReference, ModelReference, ReferenceError};
pub use sweep::{
    AlgorithmName, EarlyStopping, Goal, Objective, ParameterType, Scale, SearchAlgorithm,
    StoppingRule, Sweep, SweepParameter, SweepSpec, SweepStatus, Trial, TrialState,
};
pub use traffic::{TrafficPolicy, TrafficPolicySpec, TrafficPolicyStatus};
pub use trainingjob::{
    Admission, AlgorithmReference, Checkpoints, CodeBundle, DatasetInput, Phase, ProducedModel,
    ResolvedAlgorithm, ResolvedDataset, TrainingJob, TrainingJobSpec, TrainingJobStatus,
};

/// The API group of every kind in this crate.
pub const GROUP: &str = "dais.io";
/// The served and stored version.
pub const VERSION: &str = "v1alpha1";
