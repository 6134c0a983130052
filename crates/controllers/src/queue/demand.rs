//! What a job asks of its queue, and where it stands with it: pure.

use std::cmp::Reverse;
use std::sync::Arc;

use dais_api::{TrainingJob, TrainingJobStatus};
use dais_quantity::{Amounts, ONE, add};
use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::ResourceExt;

/// A job that uses a queue, with all of its replicas.
#[derive(Clone, Debug)]
pub struct Demand {
    pub job: Arc<TrainingJob>,
    pub queue: String,
    pub amounts: Amounts,
    pub priority: i32,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Wants to run.
    Waiting,
    /// May run, and takes its share.
    Admitted,
    /// May not run any more, and takes its share until its pods are gone.
    Leaving,
    /// Takes nothing, though it was let in: suspended.
    Resting,
}

impl Demand {
    /// `None`: the job has to do with no queue, or not any more.
    pub fn of(job: &Arc<TrainingJob>) -> Option<Self> {
        let queue = job.spec.queue.clone()?;
        let status = job.status.clone().unwrap_or_default();
        let phase = status.phase.unwrap_or_default();
        let is_going = job.metadata.deletion_timestamp.is_some();
        let has_pods = status.pod_name.is_some();
        if phase.is_final() || is_going && !has_pods {
            return None;
        }
        // What an algorithm asks for is known once its version is settled.
        if job.spec.algorithm.is_some() && status.algorithm.is_none() {
            return None;
        }
        let state = state(job, &status, &queue, is_going)?;
        let replicas = i128::from(job.spec.replicas());
        let given = status.algorithm.as_ref().and_then(|given| given.resources.as_ref());
        let mut amounts = requests(job.spec.resources.as_ref().or(given));
        amounts.values_mut().for_each(|amount| *amount *= replicas);
        amounts.insert("pods".to_owned(), replicas * ONE);
        Some(Self { job: job.clone(), queue, amounts, priority: job.spec.priority(), state })
    }

    /// Who comes first.
    pub fn turn(&self) -> impl Ord + use<> {
        let since = self.job.creation_timestamp().map(|time| time.0);
        (Reverse(self.priority), since, self.job.namespace(), self.job.name_any())
    }
}

fn state(
    job: &TrainingJob,
    status: &TrainingJobStatus,
    queue: &str,
    is_going: bool,
) -> Option<State> {
    let admission = status.admission.as_ref().filter(|admission| admission.queue == queue);
    let admitted = admission.is_some_and(|admission| admission.admitted);
    let has_pods = status.pod_name.is_some();
    let rests = job.spec.suspend || job.spec.stop || is_going;
    Some(match (admitted, has_pods, rests) {
        (true, true, _) | (true, false, false) => State::Admitted,
        (true, false, true) => State::Resting,
        (false, true, _) => State::Leaving,
        (false, false, false) => State::Waiting,
        (false, false, true) => return None,
    })
}

/// Requests, and limits where nothing is requested, as the API server defaults them.
fn requests(resources: Option<&ResourceRequirements>) -> Amounts {
    let mut amounts = Amounts::new();
    let Some(resources) = resources else { return amounts };
    let mut all = resources.limits.clone().unwrap_or_default();
    all.extend(resources.requests.clone().unwrap_or_default());
    add(&mut amounts, &all);
    amounts.retain(|_, amount| *amount > 0);
    amounts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(spec: serde_json::Value, status: serde_json::Value) -> Arc<TrainingJob> {
        let mut whole = json!({"command": ["true"], "queue": "q"});
        whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let object = json!({
            "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob",
            "metadata": {"name": "j", "namespace": "a", "uid": "u"},
            "spec": whole, "status": status,
        });
        Arc::new(serde_json::from_value(object).unwrap())
    }

    fn admission(queue: &str, admitted: bool) -> serde_json::Value {
        json!({"queue": queue, "admitted": admitted, "reason": "Queued", "message": "",
               "time": "2026-01-01T00:00:00Z"})
    }

    #[test]
    fn all_replicas_count_and_requests_stand_before_limits() {
        let resources = json!({"limits": {"cpu": "4", "memory": "1Gi"}, "requests": {"cpu": "2"}});
        let demand = Demand::of(&job(json!({"replicas": 3, "resources": resources}), json!({})));
        let amounts = demand.unwrap().amounts;
        assert_eq!(amounts["cpu"], 6 * ONE);
        assert_eq!(amounts["memory"], 3 * 1024 * 1024 * 1024 * ONE);
        assert_eq!(amounts["pods"], 3 * ONE);
    }

    #[test]
    fn a_share_is_kept_until_the_pods_are_gone() {
        let states = [
            (json!({}), json!({}), Some(State::Waiting)),
            (json!({}), json!({"admission": admission("q", true)}), Some(State::Admitted)),
            (
                json!({}),
                json!({"admission": admission("q", false), "podName": "p"}),
                Some(State::Leaving),
            ),
            (json!({}), json!({"admission": admission("other", true)}), Some(State::Waiting)),
            (
                json!({"suspend": true}),
                json!({"admission": admission("q", true), "podName": "p"}),
                Some(State::Admitted),
            ),
            (
                json!({"suspend": true}),
                json!({"admission": admission("q", true)}),
                Some(State::Resting),
            ),
            (json!({"suspend": true}), json!({}), None),
            (
                json!({}),
                json!({"admission": admission("q", true), "podName": "p", "phase": "Failed"}),
                None,
            ),
        ];
        for (spec, status, state) in states {
            let found = Demand::of(&job(spec.clone(), status.clone()));
            assert_eq!(found.map(|demand| demand.state), state, "{spec} {status}");
        }
    }
}
