//! What a StatefulSet does next, and what its status says. Pure.
//!
//! `kubernetes.io/docs/concepts/workloads/controllers/statefulset`: pods come up
//! in order and go down in reverse, each waiting for those before it, unless the
//! set says `Parallel`; updates go from the last to the partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;

use super::pods::{Wanted, ordinal, revision_of};
use super::revisions::Revisions;
use crate::pods;

/// What to do now.
#[derive(Debug, Default)]
pub struct Plan {
    pub create: Vec<Wanted>,
    pub delete: Vec<Arc<Pod>>,
    pub status: StatefulSetStatus,
}

/// Decides.
pub fn plan(set: &StatefulSet, own: &[Arc<Pod>], revisions: &Revisions) -> Plan {
    let by_ordinal: BTreeMap<i32, Arc<Pod>> =
        own.iter().filter_map(|pod| Some((ordinal(set, pod)?, pod.clone()))).collect();
    let decision = Decision::new(set, &by_ordinal, revisions);
    let mut plan = Plan::default();
    if decision.fill(&mut plan) && decision.shrink(&mut plan) {
        decision.update(&mut plan);
    }
    plan.status = decision.status();
    plan
}

struct Decision<'a> {
    set: &'a StatefulSet,
    pods: &'a BTreeMap<i32, Arc<Pod>>,
    revisions: &'a Revisions,
    first: i32,
    end: i32,
    parallel: bool,
    min_ready: i32,
    partition: i32,
    on_delete: bool,
}

impl<'a> Decision<'a> {
    fn new(
        set: &'a StatefulSet,
        pods: &'a BTreeMap<i32, Arc<Pod>>,
        revisions: &'a Revisions,
    ) -> Self {
        let spec = set.spec.clone().unwrap_or_default();
        let first = spec.ordinals.and_then(|ordinals| ordinals.start).unwrap_or(0);
        let strategy = spec.update_strategy.unwrap_or_default();
        let partition = strategy.rolling_update.and_then(|rolling| rolling.partition).unwrap_or(0);
        Self {
            set,
            pods,
            revisions,
            first,
            end: first + spec.replicas.unwrap_or(1),
            parallel: spec.pod_management_policy.as_deref() == Some("Parallel"),
            min_ready: spec.min_ready_seconds.unwrap_or(0),
            partition: first + partition,
            on_delete: strategy.type_.as_deref() == Some("OnDelete"),
        }
    }

    fn is_healthy(&self, pod: &Pod) -> bool {
        !pods::is_terminating(pod) && self.is_available(pod)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pods::available_at(pod, self.min_ready).is_some_and(|time| time <= Timestamp::now())
    }

    /// Whether a new pod of this ordinal is made from the old template.
    fn is_old(&self, ordinal: i32) -> bool {
        let current =
            self.set.status.as_ref().and_then(|status| status.current_replicas).unwrap_or(0);
        let rolled_to =
            if self.partition > self.first { self.partition } else { self.first + current };
        !self.on_delete && ordinal < rolled_to
    }

    /// Makes missing pods; true when nothing has to be waited for.
    fn fill(&self, plan: &mut Plan) -> bool {
        for ordinal in self.first..self.end {
            let pod = self.pods.get(&ordinal);
            match pod {
                None => plan.create.push(Wanted { ordinal, old: self.is_old(ordinal) }),
                Some(pod) if pods::is_finished(pod) && !pods::is_terminating(pod) => {
                    plan.delete.push(pod.clone());
                }
                Some(pod) if self.is_healthy(pod) || self.parallel => continue,
                Some(_) => {}
            }
            if !self.parallel {
                return false;
            }
        }
        plan.create.is_empty() && plan.delete.is_empty()
    }

    /// Removes pods beyond the end, the last first; true when there are none.
    fn shrink(&self, plan: &mut Plan) -> bool {
        let beyond = self
            .pods
            .iter()
            .rev()
            .filter(|(ordinal, _)| !(self.first..self.end).contains(*ordinal));
        let mut none = true;
        for (_, pod) in beyond {
            none = false;
            if !pods::is_terminating(pod) {
                plan.delete.push(pod.clone());
            }
            if !self.parallel {
                break;
            }
        }
        none
    }

    /// Replaces the last pod that is of an old template.
    fn update(&self, plan: &mut Plan) {
        if self.on_delete {
            return;
        }
        for ordinal in (self.partition.max(self.first)..self.end).rev() {
            let Some(pod) = self.pods.get(&ordinal) else { return };
            if revision_of(pod) != Some(&self.revisions.update.name) {
                if !pods::is_terminating(pod) {
                    plan.delete.push(pod.clone());
                }
                return;
            }
            if !self.is_healthy(pod) {
                return;
            }
        }
    }

    fn status(&self) -> StatefulSetStatus {
        let count = |predicate: &dyn Fn(&Pod) -> bool| {
            self.pods.values().filter(|pod| predicate(pod)).count() as i32
        };
        let nonzero = |count: i32| (count != 0).then_some(count);
        let of = |revision: &str| {
            count(&|pod| {
                revision_of(pod).is_some_and(|of| of == revision) && !pods::is_terminating(pod)
            })
        };
        let before = self.set.status.clone().unwrap_or_default();
        let mut status = StatefulSetStatus {
            observed_generation: self.set.metadata.generation,
            replicas: self.pods.len() as i32,
            ready_replicas: nonzero(count(&pods::is_ready)),
            available_replicas: Some(count(&|pod| self.is_available(pod))),
            current_replicas: nonzero(of(&self.revisions.current.name)),
            updated_replicas: nonzero(of(&self.revisions.update.name)),
            current_revision: Some(self.revisions.current.name.clone()),
            update_revision: Some(self.revisions.update.name.clone()),
            collision_count: before.collision_count.or(Some(0)),
            conditions: before.conditions,
        };
        let all = Some(status.replicas);
        if !self.on_delete && status.updated_replicas == all && status.ready_replicas == all {
            status.current_revision = status.update_revision.clone();
            status.current_replicas = status.updated_replicas;
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stateful_set::revisions::Revision;
    use k8s_openapi::api::core::v1::PodTemplateSpec;
    use serde_json::{Value, json};

    fn revisions(current: &str, update: &str) -> Revisions {
        let revision =
            |name: &str| Revision { name: name.into(), template: PodTemplateSpec::default() };
        Revisions { current: revision(current), update: revision(update) }
    }

    fn set(spec: Value, status: Value) -> StatefulSet {
        let mut all = json!({"replicas": 2, "serviceName": "db", "selector": {}, "template": {}});
        for (key, value) in spec.as_object().expect("an object") {
            all[key] = value.clone();
        }
        serde_json::from_value(json!({"metadata": {"name": "db"}, "spec": all, "status": status}))
            .expect("a set")
    }

    fn pod(ordinal: i32, revision: &str, ready: bool) -> Arc<Pod> {
        Arc::new(
            serde_json::from_value(json!({
                "metadata": {"name": format!("db-{ordinal}"), "labels": {"controller-revision-hash": revision}},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready {"True"} else {"False"},
                    "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
            }))
            .expect("a pod"),
        )
    }

    fn made(plan: &Plan) -> Vec<i32> {
        plan.create.iter().map(|wanted| wanted.ordinal).collect()
    }

    fn removed(plan: &Plan) -> Vec<String> {
        plan.delete.iter().map(|pod| kube::ResourceExt::name_any(&**pod)).collect()
    }

    #[test]
    fn pods_come_up_one_after_the_other() {
        let set = set(json!({}), json!({"replicas": 0}));
        let revisions = revisions("r1", "r1");
        assert_eq!(made(&plan(&set, &[], &revisions)), [0]);
        assert!(made(&plan(&set, &[pod(0, "r1", false)], &revisions)).is_empty());
        assert_eq!(made(&plan(&set, &[pod(0, "r1", true)], &revisions)), [1]);
        let up = plan(&set, &[pod(0, "r1", true), pod(1, "r1", true)], &revisions);
        assert_eq!((up.status.ready_replicas, up.status.current_replicas), (Some(2), Some(2)));
    }

    #[test]
    fn parallel_sets_wait_for_nobody() {
        let set = set(json!({"podManagementPolicy": "Parallel"}), json!({"replicas": 0}));
        assert_eq!(made(&plan(&set, &[], &revisions("r1", "r1"))), [0, 1]);
    }

    #[test]
    fn pods_go_down_from_the_last() {
        let set = set(json!({"replicas": 1}), json!({"replicas": 3}));
        let own = [pod(0, "r1", true), pod(1, "r1", true), pod(2, "r1", true)];
        assert_eq!(removed(&plan(&set, &own, &revisions("r1", "r1"))), ["db-2"]);
    }

    #[test]
    fn updates_go_down_to_the_partition() {
        let own = [pod(0, "r1", true), pod(1, "r1", true)];
        let status = json!({"replicas": 2, "currentReplicas": 2});
        let plain = set(json!({}), status.clone());
        assert_eq!(removed(&plan(&plain, &own, &revisions("r1", "r2"))), ["db-1"]);
        let half = [pod(0, "r1", true), pod(1, "r2", false)];
        assert!(removed(&plan(&plain, &half, &revisions("r1", "r2"))).is_empty());
        let split = set(json!({"updateStrategy": {"rollingUpdate": {"partition": 1}}}), status);
        let done = [pod(0, "r1", true), pod(1, "r2", true)];
        assert!(removed(&plan(&split, &done, &revisions("r1", "r2"))).is_empty());
        let lost = plan(&split, &[pod(1, "r2", true)], &revisions("r1", "r2"));
        assert_eq!(lost.create, [Wanted { ordinal: 0, old: true }]);
    }
}
