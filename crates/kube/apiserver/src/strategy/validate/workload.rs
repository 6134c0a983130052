//! Deployments and their kin, Jobs, CronJobs.

use dais_schema::FieldError;
use dais_schema::selector::{LabelSelector, label};
use serde_json::Value;

use super::{immutable, pod};
use crate::object;
use crate::registry::Resource;

const ALWAYS: &[&str] = &["Always"];
const FOR_JOBS: &[&str] = &["OnFailure", "Never"];

pub fn validate(resource: &Resource, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    match resource.plural.as_str() {
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" => set(resource, new, old),
        "replicationcontrollers" => template(new, "spec.template", ALWAYS),
        "jobs" => job(new, old),
        "cronjobs" => cron_job(new),
        _ => Vec::new(),
    }
}

fn template(object: &Value, at: &str, policies: &[&str]) -> Vec<FieldError> {
    match object
        .pointer(&format!("/{}", at.replace('.', "/")))
        .filter(|template| template.is_object())
    {
        Some(template) => pod::validate_template(template, at, policies),
        None => vec![FieldError::required(at, "")],
    }
}

fn set(resource: &Resource, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    not_negative(new, "spec.replicas", &mut errors);
    not_negative(new, "spec.minReadySeconds", &mut errors);
    let selector = new.pointer("/spec/selector");
    match selector.filter(|selector| selector.is_object()) {
        None => errors.push(FieldError::required("spec.selector", "")),
        Some(selector) => {
            errors.extend(label::validate(selector, "spec.selector"));
            let empty = LabelSelector::from_object(Some(selector))
                .is_ok_and(|selector| selector.is_everything());
            if empty {
                let why = format!("empty selector is invalid for {}", singular(resource));
                errors.push(FieldError::invalid("spec.selector", selector, &why));
            }
        }
    }
    errors.extend(matching_labels(new));
    errors.extend(template(new, "spec.template", ALWAYS));
    errors.extend(immutable(new, old, "/spec/selector"));
    if resource.plural == "statefulsets" {
        errors.extend(stateful(new, old));
    }
    errors
}

fn singular(resource: &Resource) -> String {
    resource.kind.to_lowercase()
}

fn matching_labels(new: &Value) -> Option<FieldError> {
    let selector = new.pointer("/spec/selector").filter(|selector| selector.is_object())?;
    let labels = new.pointer("/spec/template/metadata/labels");
    let selector = LabelSelector::from_object(Some(selector)).ok()?;
    if selector.matches(labels) {
        return None;
    }
    let shown = labels.cloned().unwrap_or(Value::Null);
    Some(FieldError::invalid(
        "spec.template.metadata.labels",
        &shown,
        "`selector` does not match template `labels`",
    ))
}

fn stateful(new: &Value, old: Option<&Value>) -> Option<FieldError> {
    const ONLY: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    let fixed = ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"];
    let old = old?;
    let changed = fixed.iter().any(|field| {
        new.pointer(&format!("/spec/{field}")) != old.pointer(&format!("/spec/{field}"))
    });
    changed.then(|| FieldError::forbidden("spec", ONLY))
}

fn not_negative(new: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let value = new.pointer(&format!("/{}", field.replace('.', "/")));
    if let Some(value) = value.filter(|value| value.as_i64().is_some_and(|number| number < 0)) {
        errors.push(FieldError::invalid(field, value, "must be greater than or equal to 0"));
    }
}

fn job(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ] {
        not_negative(new, &format!("spec.{field}"), &mut errors);
    }
    if new.pointer("/spec/completionMode").is_some_and(|mode| mode == "Indexed")
        && new.pointer("/spec/completions").is_none_or(Value::is_null)
    {
        errors.push(FieldError::required("spec.completions", "when completion mode is Indexed"));
    }
    match old {
        None => errors.extend(template(new, "spec.template", FOR_JOBS)),
        Some(old) => {
            for field in ["/spec/completions", "/spec/selector", "/spec/completionMode"] {
                errors.extend(immutable(new, Some(old), field));
            }
            if old.pointer("/spec/suspend") != Some(&Value::Bool(true)) {
                errors.extend(immutable(new, Some(old), "/spec/template"));
            }
        }
    }
    errors
}

fn cron_job(new: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let schedule = object::text(new, "/spec/schedule");
    if schedule.is_empty() {
        errors.push(FieldError::required("spec.schedule", ""));
    } else if !schedule.starts_with('@') && schedule.split_whitespace().count() != 5 {
        let count = schedule.split_whitespace().count();
        let fields: Vec<&str> = schedule.split_whitespace().collect();
        let why = format!("expected exactly 5 fields, found {count}: [{}]", fields.join(" "));
        errors.push(FieldError::invalid("spec.schedule", &Value::from(schedule), &why));
    }
    let policy = object::text(new, "/spec/concurrencyPolicy");
    let known = ["Allow", "Forbid", "Replace"];
    if !known.contains(&policy) {
        errors.push(FieldError::unsupported(
            "spec.concurrencyPolicy",
            &Value::from(policy),
            &known,
        ));
    }
    errors.extend(template(new, "spec.jobTemplate.spec.template", FOR_JOBS));
    errors
}
