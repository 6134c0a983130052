//! `kube_job_*`.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use kube::ResourceExt;

use super::page::{Family, Page, seconds};
use crate::ownership::controller;

/// Renders all Jobs.
pub fn render(page: &mut Page, all: &[Arc<Job>]) {
    let mut family = page.gauge("kube_job_info", "Information about job.");
    each(&mut family, all, |_, _| Some(1.0));
    let mut family = page.gauge("kube_job_owner", "Information about the Job's owner.");
    for job in all {
        if let Some(owner) = controller(&**job) {
            let (namespace, name) = (job.namespace().unwrap_or_default(), job.name_any());
            let owner = [
                ("owner_kind", owner.kind.as_str()),
                ("owner_name", &owner.name),
                ("owner_is_controller", "true"),
            ];
            let mut labels = vec![("namespace", namespace.as_str()), ("job_name", name.as_str())];
            labels.extend(owner);
            family.sample(&labels, 1);
        }
    }
    let mut family = page.gauge("kube_job_created", "Unix creation timestamp");
    each(&mut family, all, |job, _| job.metadata.creation_timestamp.as_ref().map(seconds));
    let mut family = page.gauge(
        "kube_job_spec_completions",
        "The desired number of successfully finished pods the job should be run with.",
    );
    each(&mut family, all, |job, _| job.spec.as_ref()?.completions.map(f64::from));
    let mut family = page.gauge(
        "kube_job_spec_parallelism",
        "The maximum desired number of pods the job should run at any given time.",
    );
    each(&mut family, all, |job, _| job.spec.as_ref()?.parallelism.map(f64::from));
    statuses(page, all);
    ends(page, all);
}

fn statuses(page: &mut Page, all: &[Arc<Job>]) {
    let mut family = page.gauge("kube_job_status_active", "The number of actively running pods.");
    each(&mut family, all, |_, status| Some(status.active.unwrap_or(0).into()));
    let mut family = page
        .gauge("kube_job_status_succeeded", "The number of pods which reached Phase Succeeded.");
    each(&mut family, all, |_, status| Some(status.succeeded.unwrap_or(0).into()));
    let mut family = page.gauge(
        "kube_job_status_failed",
        "The number of pods which reached Phase Failed and the reason for failure.",
    );
    each(&mut family, all, |_, status| Some(status.failed.unwrap_or(0).into()));
    let mut family = page.gauge(
        "kube_job_status_start_time",
        "StartTime represents time when the job was acknowledged by the Job Manager.",
    );
    each(&mut family, all, |_, status| status.start_time.as_ref().map(seconds));
    let mut family = page.gauge(
        "kube_job_status_completion_time",
        "CompletionTime represents time when the job was completed.",
    );
    each(&mut family, all, |_, status| status.completion_time.as_ref().map(seconds));
}

fn ends(page: &mut Page, all: &[Arc<Job>]) {
    for (name, help, type_) in [
        ("kube_job_complete", "The job has completed its execution.", "Complete"),
        ("kube_job_failed", "The job has failed its execution.", "Failed"),
    ] {
        let mut family = page.gauge(name, help);
        for job in all {
            let conditions =
                job.status.iter().flat_map(|status| status.conditions.iter().flatten());
            for condition in conditions.filter(|condition| condition.type_ == type_) {
                for status in ["true", "false", "unknown"] {
                    family.sample(
                        &[
                            ("namespace", &job.namespace().unwrap_or_default()),
                            ("job_name", &job.name_any()),
                            ("condition", status),
                        ],
                        u8::from(condition.status.eq_ignore_ascii_case(status)),
                    );
                }
            }
        }
    }
}

fn each(family: &mut Family<'_>, all: &[Arc<Job>], read: impl Fn(&Job, &JobStatus) -> Option<f64>) {
    for job in all {
        let status = job.status.clone().unwrap_or_default();
        let labels =
            [("namespace", job.namespace().unwrap_or_default()), ("job_name", job.name_any())];
        let labels: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (*k, v.as_str())).collect();
        family.maybe(&labels, read(job, &status));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_as_kube_state_metrics_shows_it() {
        let job: Job = serde_json::from_value(json!({
            "metadata": {"name": "j", "namespace": "a"},
            "spec": {"parallelism": 1, "template": {}},
            "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
        }))
        .expect("a job");
        let mut page = Page::default();
        render(&mut page, &[Arc::new(job)]);
        let text = page.into_text();
        for line in [
            r#"kube_job_status_succeeded{namespace="a",job_name="j"} 1"#,
            r#"kube_job_status_failed{namespace="a",job_name="j"} 0"#,
            r#"kube_job_complete{namespace="a",job_name="j",condition="true"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "missing {line} in\n{text}");
        }
    }
}
