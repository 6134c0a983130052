//! Condition types and reasons: constants, so that portal, command line and
//! tests compare against names and never against literals.
//!
//! Source of the conventions: Kubernetes API conventions, "Typical status
//! properties" (type, status, reason in CamelCase, message for people).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

/// The object does what it declares.
pub const READY: &str = "Ready";
/// A job ended well.
pub const COMPLETE: &str = "Complete";
/// A job ended badly and will not be tried again.
pub const FAILED: &str = "Failed";

/// An ABTest's subjects are not split as intended: no figure can be trusted.
pub const SAMPLE_RATIO_MISMATCH: &str = "SampleRatioMismatch";

/// A LabelingProject's model was asked about every task.
pub const PREANNOTATED: &str = "Preannotated";

/// Reasons, grouped by what a person does about them.
pub mod reason {
    /// Everything declared is in place.
    pub const AVAILABLE: &str = "Available";
    /// Work towards the declared state is under way.
    pub const PROGRESSING: &str = "Progressing";
    /// An Environment's packages are being resolved and installed.
    pub const BUILDING: &str = "Building";
    /// A requirement could not be installed; the message quotes the installer.
    pub const BUILD_FAILED: &str = "BuildFailed";
    /// No Python interpreter of the wanted version is on the machine.
    pub const PYTHON_MISSING: &str = "PythonMissing";
    /// `spec` asks for something that cannot be; the message names the field.
    pub const INVALID: &str = "Invalid";
    /// A Dataset has no version yet.
    pub const NO_VERSION: &str = "NoVersion";
    /// A named Environment does not exist.
    pub const ENVIRONMENT_NOT_FOUND: &str = "EnvironmentNotFound";
    /// A named Environment exists and is not ready.
    pub const ENVIRONMENT_NOT_READY: &str = "EnvironmentNotReady";
    /// A named Dataset or version does not exist.
    pub const DATASET_NOT_FOUND: &str = "DatasetNotFound";
    /// A named Algorithm or version does not exist, or is not shared with the project.
    pub const ALGORITHM_NOT_FOUND: &str = "AlgorithmNotFound";
    /// The parameters or inputs of a job are not those of its algorithm.
    pub const ARGUMENTS_INVALID: &str = "ArgumentsInvalid";
    /// A named model, version or alias does not exist.
    pub const MODEL_NOT_FOUND: &str = "ModelNotFound";
    /// Nothing runs, since nobody asks; the next request starts it.
    pub const ASLEEP: &str = "Asleep";
    /// A new version failed too many requests and was taken back.
    pub const ROLLED_BACK: &str = "RolledBack";
    /// The pod waits for room; the message says for what.
    pub const UNSCHEDULABLE: &str = "Unschedulable";
    /// The pod was refused, for example by a quota.
    pub const POD_REFUSED: &str = "PodRefused";
    /// The pod is bound and its container is being made.
    pub const STARTING: &str = "Starting";
    /// The container runs.
    pub const RUNNING: &str = "Running";
    /// The container ended with exit code 0.
    pub const SUCCEEDED: &str = "Succeeded";
    /// The container ended with another exit code.
    pub const NON_ZERO_EXIT: &str = "NonZeroExit";
    /// The container could not be started at all.
    pub const START_ERROR: &str = "StartError";
    /// The container went over its memory limit.
    pub const OUT_OF_MEMORY: &str = "OOMKilled";
    /// The job was over its deadline.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
    /// The pod vanished or its shim was lost before an exit status was known.
    pub const POD_LOST: &str = "PodLost";
    /// `spec.suspend` is true.
    pub const SUSPENDED: &str = "Suspended";
    /// `spec.stop` is true.
    pub const STOPPED: &str = "Stopped";
    /// The job waits for its Queue; the message says for what.
    pub const QUEUED: &str = "Queued";
    /// The job was put back for another of higher priority, or its Queue is drained.
    pub const PREEMPTED: &str = "Preempted";
    /// A named Queue does not exist, or is not for this project.
    pub const QUEUE_NOT_FOUND: &str = "QueueNotFound";
    /// The job asks for more than its Queue will ever give.
    pub const QUOTA_TOO_SMALL: &str = "QuotaTooSmall";
    /// `spec.stopPolicy` of a Queue lets nobody in.
    pub const HELD: &str = "Held";
    /// A Sweep found what it was looking for, or tried everything.
    pub const SEARCHED: &str = "Searched";
    /// Too many trials of a Sweep failed.
    pub const TRIALS_FAILED: &str = "TrialsFailed";
    /// A named InferenceService does not exist.
    pub const SERVICE_NOT_FOUND: &str = "ServiceNotFound";
    /// A named InferenceService does not answer, or not yet.
    pub const SERVICE_NOT_READY: &str = "ServiceNotReady";
    /// A model was asked, and what it said of some tasks was of no use.
    pub const TASKS_FAILED: &str = "TasksFailed";
    /// Another object answers at the address that this one wants.
    pub const ADDRESS_TAKEN: &str = "AddressTaken";
    /// A variant of an ABTest cannot answer; the message names it.
    pub const VARIANT_NOT_READY: &str = "VariantNotReady";
    /// A variant of an ABTest serves another model than the one it began with.
    pub const VARIANT_CHANGED: &str = "VariantChanged";
    /// A variant of an ABTest made a guardrail metric worse than is accepted.
    pub const GUARDRAIL_HARMED: &str = "GuardrailHarmed";
    /// `spec.until` of an ABTest came true.
    pub const ENDED: &str = "Ended";
    /// A variant of an ABTest took over.
    pub const PROMOTED: &str = "Promoted";
    /// The split of an ABTest's subjects is as intended.
    pub const AS_INTENDED: &str = "AsIntended";
    /// The split of an ABTest's subjects is not as intended.
    pub const SPLIT_IS_WRONG: &str = "SplitIsWrong";

    /// The constant for what a queue wrote into a job.
    pub fn of_queue(text: &str) -> &'static str {
        let known = [PREEMPTED, QUEUE_NOT_FOUND, QUOTA_TOO_SMALL, HELD];
        known.into_iter().find(|reason| *reason == text).unwrap_or(QUEUED)
    }
}

/// What a condition says, before it meets the conditions already there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: bool,
    pub reason: &'static str,
    pub message: String,
}

impl Verdict {
    pub fn yes(reason: &'static str, message: impl Into<String>) -> Self {
        Self { status: true, reason, message: message.into() }
    }

    pub fn no(reason: &'static str, message: impl Into<String>) -> Self {
        Self { status: false, reason, message: message.into() }
    }
}

/// Sets condition `type_`, keeping `lastTransitionTime` while the status stays.
pub fn set(
    conditions: &mut Vec<Condition>,
    type_: &str,
    verdict: &Verdict,
    generation: Option<i64>,
) {
    let status = if verdict.status { "True" } else { "False" };
    let since = conditions
        .iter()
        .find(|known| known.type_ == type_ && known.status == status)
        .map_or_else(|| Time(Timestamp::now()), |known| known.last_transition_time.clone());
    let next = Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: verdict.reason.to_owned(),
        message: verdict.message.clone(),
        observed_generation: generation,
        last_transition_time: since,
    };
    match conditions.iter_mut().find(|known| known.type_ == type_) {
        Some(known) => *known = next,
        None => conditions.push(next),
    }
}

/// The condition of type `type_`.
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Whether condition `type_` is `True`.
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transition_time_moves_only_with_the_status() {
        let mut conditions = Vec::new();
        set(&mut conditions, READY, &Verdict::no(reason::BUILDING, "one"), Some(1));
        let began = Time(Timestamp::UNIX_EPOCH);
        conditions[0].last_transition_time = began.clone();

        set(&mut conditions, READY, &Verdict::no(reason::BUILD_FAILED, "two"), Some(2));
        assert_eq!(conditions[0].last_transition_time, began);
        assert_eq!(conditions[0].message, "two");

        set(&mut conditions, READY, &Verdict::yes(reason::AVAILABLE, "three"), Some(2));
        assert_ne!(conditions[0].last_transition_time, began);
        assert_eq!(conditions.len(), 1);
        assert!(is_true(&conditions, READY));
    }
}
