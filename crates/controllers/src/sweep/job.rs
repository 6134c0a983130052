//! The job of one trial, as a value: no I/O.

use std::collections::BTreeMap;

use dais_api::{Sweep, TrainingJob, TrainingJobSpec, labels};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::{SWEEP, TRIAL};

/// A job's name may be long, and its pods' names say its attempt too.
const LONGEST: usize = 200;

pub fn name(sweep: &Sweep, number: i32) -> String {
    let whole = sweep.name_any();
    let kept: String = whole.chars().take(LONGEST).collect();
    format!("{}-{number}", kept.trim_end_matches(['-', '.']))
}

pub fn desired(sweep: &Sweep, number: i32, parameters: &BTreeMap<String, String>) -> TrainingJob {
    let user = sweep.annotations().get(labels::CREATED_BY).cloned().unwrap_or_default();
    let annotations = BTreeMap::from([
        (labels::CREATED_BY.to_owned(), user),
        (TRIAL.to_owned(), number.to_string()),
    ]);
    let its = (SWEEP.to_owned(), labels::label_value(&sweep.name_any()));
    let mut all = sweep.spec.job.parameters.clone();
    all.extend(parameters.clone());
    let common = &sweep.spec.job;
    let own = sweep.name_any();
    let spec = TrainingJobSpec {
        parameters: all,
        // One experiment and one application for all, so that runs stand side by side.
        experiment: common.experiment.clone().or_else(|| Some(own.clone())),
        application: common.application.clone().or(Some(own)),
        suspend: false,
        stop: false,
        ..common.clone()
    };
    let metadata = ObjectMeta {
        name: Some(name(sweep, number)),
        namespace: sweep.namespace(),
        labels: Some(BTreeMap::from([its])),
        annotations: Some(annotations),
        owner_references: Some(sweep.controller_owner_ref(&()).into_iter().collect()),
        ..ObjectMeta::default()
    };
    TrainingJob { metadata, spec, status: None }
}
