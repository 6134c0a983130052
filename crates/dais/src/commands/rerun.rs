//! `dais rerun`: a job once more, exactly as it was.

use std::process::ExitCode;

use anyhow::{Context, Result};
use dais_api::{TrainingJob, TrainingJobSpec, TrainingJobStatus};
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::follow;
use crate::cli::{Format, Rerun, Target};
use crate::client::Connection;
use crate::language::say;
use crate::output::{Table, print};

pub async fn run(target: &Target, args: Rerun) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let jobs = Api::<TrainingJob>::namespaced(connection.kube(&target.project)?, &target.project);
    let old = jobs.get(&args.job).await.context("reading the job")?;
    let mut job = TrainingJob::new(args.name.as_deref().unwrap_or_default(), again(&old, &args));
    if args.name.is_none() {
        job.metadata.name = None;
        job.metadata.generate_name = Some(format!("{}-", old.name_any()));
    }
    let made = jobs.create(&PostParams::default(), &job).await.context("submitting the job")?;
    let name = made.name_any();
    if args.detach {
        print(target.output, &made, Table::default)?;
        if target.output == Format::Table {
            println!("{name}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} {name}", say("submitted", "已提交"));
    follow::to_the_end(&connection, target, &name).await
}

fn again(old: &TrainingJob, args: &Rerun) -> TrainingJobSpec {
    let application = old.spec.application.clone().unwrap_or_else(|| old.name_any());
    let spec = TrainingJobSpec {
        application: Some(application),
        suspend: false,
        stop: false,
        ..old.spec.clone()
    };
    match &old.status {
        Some(status) if !args.newest => pinned(spec, status),
        _ => spec,
    }
}

/// With the data and the environment that were really used.
fn pinned(mut spec: TrainingJobSpec, status: &TrainingJobStatus) -> TrainingJobSpec {
    for input in &mut spec.datasets {
        if let Some(used) = status.datasets.iter().find(|used| used.name == input.name) {
            input.version = Some(used.version.clone());
        }
    }
    if let (Some(named), Some(used)) = (&mut spec.algorithm, &status.algorithm) {
        named.version = Some(used.version.clone());
        spec.parameters = used.parameters.clone();
    }
    spec.environment_digest = status.environment_digest.clone().or(spec.environment_digest);
    spec
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_algorithm_runs_again_in_the_version_that_ran() {
        let old: TrainingJob = serde_json::from_value(json!({
            "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob",
            "metadata": {"name": "digits"},
            "spec": {"algorithm": {"name": "forest"}, "parameters": {"trees": "9"}},
            "status": {"algorithm": {"name": "forest", "version": "v2",
                                     "parameters": {"trees": "9", "depth": "4"}}},
        }))
        .unwrap();
        let args = |newest| Rerun { job: "digits".into(), name: None, newest, detach: true };
        let exact = again(&old, &args(false));
        assert_eq!(exact.algorithm.unwrap().version.as_deref(), Some("v2"));
        assert_eq!(exact.parameters["depth"], "4");
        let newest = again(&old, &args(true));
        assert_eq!(newest.algorithm.unwrap().version, None);
        assert_eq!(newest.parameters.len(), 1);
    }

    #[test]
    fn what_was_used_is_used_again() {
        let old: TrainingJob = serde_json::from_value(json!({
            "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob",
            "metadata": {"name": "digits"},
            "spec": {"command": ["true"], "environment": "sklearn", "suspend": true,
                     "datasets": [{"name": "digits", "version": "latest"}]},
            "status": {"datasets": [{"name": "digits", "version": "v3", "digest": "d"}],
                       "environmentDigest": "abc"},
        }))
        .unwrap();
        let args = |newest| Rerun { job: "digits".into(), name: None, newest, detach: true };
        let exact = again(&old, &args(false));
        assert_eq!(exact.datasets[0].version.as_deref(), Some("v3"));
        assert_eq!(exact.environment_digest.as_deref(), Some("abc"));
        assert_eq!(exact.application.as_deref(), Some("digits"));
        assert!(!exact.suspend);
        let newest = again(&old, &args(true));
        assert_eq!(newest.datasets[0].version.as_deref(), Some("latest"));
        assert_eq!(newest.environment_digest, None);
    }
}
