//! Deployments and their kin, Jobs, CronJobs, autoscalers, disruption budgets.

use dais_schema::selector::LabelSelector;
use serde_json::Value;

use super::{AGE, Column, NAME, age, integer, list, number, or_none, text, wide};
use crate::object;

fn containers(object: &Value, field: &str) -> Value {
    let at = if object.pointer("/spec/jobTemplate").is_some() {
        "/spec/jobTemplate/spec/template/spec/containers"
    } else {
        "/spec/template/spec/containers"
    };
    let all: Vec<&str> = list(object, at).iter().map(|one| object::text(one, field)).collect();
    all.join(",").into()
}

fn selector(object: &Value) -> Value {
    let selector = object.pointer("/spec/selector");
    let labels = selector
        .filter(|one| one.get("matchLabels").is_none() && one.get("matchExpressions").is_none());
    let text = match labels {
        Some(labels) => LabelSelector::from_labels(labels).to_string(),
        None => LabelSelector::from_object(selector).map(|one| one.to_string()).unwrap_or_default(),
    };
    or_none(&text)
}

const CONTAINERS: Column = wide("Containers", |one| containers(one, "/name"));
const IMAGES: Column = wide("Images", |one| containers(one, "/image"));
const SELECTOR: Column = wide("Selector", selector);

fn ready(object: &Value) -> Value {
    format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"))
        .into()
}

pub(super) const DEPLOYMENTS: &[Column] = &[
    NAME,
    text("Ready", ready),
    text("Up-to-date", |one| number(one, "/status/updatedReplicas").into()),
    text("Available", |one| number(one, "/status/availableReplicas").into()),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const STATEFUL_SETS: &[Column] = &[NAME, text("Ready", ready), AGE, CONTAINERS, IMAGES];

pub(super) const DAEMON_SETS: &[Column] = &[
    NAME,
    integer("Desired", |one| number(one, "/status/desiredNumberScheduled").into()),
    integer("Current", |one| number(one, "/status/currentNumberScheduled").into()),
    integer("Ready", |one| number(one, "/status/numberReady").into()),
    integer("Up-to-date", |one| number(one, "/status/updatedNumberScheduled").into()),
    integer("Available", |one| number(one, "/status/numberAvailable").into()),
    text("Node Selector", |one| {
        let selector =
            one.pointer("/spec/template/spec/nodeSelector").map(LabelSelector::from_labels);
        or_none(&selector.map(|selector| selector.to_string()).unwrap_or_default())
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const REPLICA_SETS: &[Column] = &[
    NAME,
    integer("Desired", |one| number(one, "/spec/replicas").into()),
    integer("Current", |one| number(one, "/status/replicas").into()),
    integer("Ready", |one| number(one, "/status/readyReplicas").into()),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const REVISIONS: &[Column] = &[
    NAME,
    text("Controller", |one| {
        let owner = list(one, "/metadata/ownerReferences")
            .iter()
            .find(|owner| owner.get("controller") == Some(&Value::Bool(true)));
        or_none(
            &owner
                .map(|owner| {
                    format!(
                        "{}/{}",
                        object::text(owner, "/kind").to_lowercase(),
                        object::text(owner, "/name")
                    )
                })
                .unwrap_or_default(),
        )
    }),
    text("Revision", |one| number(one, "/revision").into()),
    AGE,
];

pub(super) const JOBS: &[Column] = &[
    NAME,
    text("Status", |one| job_status(one).into()),
    text("Completions", |one| {
        let done = number(one, "/status/succeeded");
        match one.pointer("/spec/completions").and_then(Value::as_i64) {
            Some(wanted) => format!("{done}/{wanted}").into(),
            None => match number(one, "/spec/parallelism") {
                2.. => format!("{done}/1 of {}", number(one, "/spec/parallelism")).into(),
                _ => format!("{done}/1").into(),
            },
        }
    }),
    text("Duration", |one| match age::moment(one.pointer("/status/startTime")) {
        None => "".into(),
        Some(start) => {
            let end = age::moment(one.pointer("/status/completionTime"))
                .unwrap_or_else(|| jiff::Timestamp::now().as_second());
            age::duration(end - start).into()
        }
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

fn job_status(job: &Value) -> &'static str {
    let has = |kind: &str| {
        list(job, "/status/conditions")
            .iter()
            .any(|one| object::text(one, "/type") == kind && object::text(one, "/status") == "True")
    };
    match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if object::is_deleting(job) => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

pub(super) const CRON_JOBS: &[Column] = &[
    NAME,
    text("Schedule", |one| object::text(one, "/spec/schedule").into()),
    text("Timezone", |one| or_none(object::text(one, "/spec/timeZone"))),
    Column {
        name: "Suspend",
        kind: "boolean",
        wide: false,
        cell: |one| {
            let suspended = one.pointer("/spec/suspend") == Some(&Value::Bool(true));
            if suspended { "True" } else { "False" }.into()
        },
    },
    integer("Active", |one| list(one, "/status/active").len().into()),
    text("Last Schedule", |one| match one.pointer("/status/lastScheduleTime") {
        Some(time) if time.is_string() => age::since(Some(time)).into(),
        _ => "<none>".into(),
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const AUTOSCALERS: &[Column] = &[
    NAME,
    text("Reference", |one| {
        format!(
            "{}/{}",
            object::text(one, "/spec/scaleTargetRef/kind"),
            object::text(one, "/spec/scaleTargetRef/name")
        )
        .into()
    }),
    text("Targets", |one| {
        if list(one, "/spec/metrics").is_empty() { "<none>" } else { "<unknown>" }.into()
    }),
    text("MinPods", |one| {
        one.pointer("/spec/minReplicas").map_or("<unset>".into(), |count| count.to_string().into())
    }),
    text("MaxPods", |one| number(one, "/spec/maxReplicas").into()),
    text("Replicas", |one| number(one, "/status/currentReplicas").into()),
    AGE,
];

pub(super) const BUDGETS: &[Column] = &[
    NAME,
    text("Min Available", |one| amount(one, "/spec/minAvailable")),
    text("Max Unavailable", |one| amount(one, "/spec/maxUnavailable")),
    integer("Allowed Disruptions", |one| number(one, "/status/disruptionsAllowed").into()),
    AGE,
];

fn amount(object: &Value, pointer: &str) -> Value {
    match object.pointer(pointer) {
        Some(Value::String(text)) => text.as_str().into(),
        Some(other) if other.is_number() => other.to_string().into(),
        _ => "N/A".into(),
    }
}
