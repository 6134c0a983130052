//! What a Deployment does next. Pure.
//!
//! One step at a time: whatever a step brings about wakes the controller again,
//! so that the plan always follows from what is, never from what was intended.
//! The rules are those of `kubernetes.io/docs/concepts/workloads/controllers/deployment`.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::replica_sets::{DESIRED_REPLICAS, Fleet, revision};

/// What to do now.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// Make the set of the current template, with that many replicas.
    pub create: Option<i32>,
    pub scales: Vec<Scale>,
    /// Sets beyond the history limit.
    pub remove: Vec<Arc<ReplicaSet>>,
}

/// One set to scale.
#[derive(Debug, PartialEq)]
pub struct Scale {
    pub set: Arc<ReplicaSet>,
    pub to: i32,
}

/// The replicas that a set was asked for.
pub fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0)
}

/// The replicas that the Deployment wants.
pub fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

fn is_recreate(deployment: &Deployment) -> bool {
    deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref()?.type_.as_deref())
        == Some("Recreate")
}

/// Pods that a rollout may have beyond what is wanted.
pub fn max_surge(deployment: &Deployment) -> i32 {
    bounds(deployment).0
}

/// Pods that may be missing during a rollout.
pub fn max_unavailable(deployment: &Deployment) -> i32 {
    bounds(deployment).1
}

fn bounds(deployment: &Deployment) -> (i32, i32) {
    if is_recreate(deployment) {
        return (0, 0);
    }
    let rolling =
        deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref()?.rolling_update.as_ref());
    let quarter = IntOrString::String("25%".into());
    let total = wanted(deployment);
    let surge = rolling.and_then(|r| r.max_surge.as_ref()).unwrap_or(&quarter);
    let unavailable = rolling.and_then(|r| r.max_unavailable.as_ref()).unwrap_or(&quarter);
    let surge = share(surge, total, true);
    // Percentages can round both to zero, and then nothing could ever move.
    let unavailable = match share(unavailable, total, false) {
        0 if surge == 0 => 1,
        unavailable => unavailable,
    };
    (surge, unavailable.min(total))
}

fn share(value: &IntOrString, total: i32, up: bool) -> i32 {
    match value {
        IntOrString::Int(number) => (*number).max(0),
        IntOrString::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            let product = percent.max(0) * i64::from(total);
            let share = if up { (product + 99) / 100 } else { product / 100 };
            i32::try_from(share).unwrap_or(i32::MAX)
        }
    }
}

/// Decides the next step.
///
/// `old_running`: whether pods of an older template still run (`Recreate` waits
/// for them).
pub fn plan(deployment: &Deployment, fleet: &Fleet, old_running: bool) -> Plan {
    let spec = deployment.spec.as_ref();
    let paused = spec.and_then(|spec| spec.paused).unwrap_or(false);
    if paused || was_scaled(deployment, fleet) {
        return Plan {
            scales: proportional(deployment, fleet),
            remove: if paused { outdated(deployment, fleet) } else { Vec::new() },
            create: None,
        };
    }
    let mut plan = if is_recreate(deployment) {
        recreate(deployment, fleet, old_running)
    } else {
        rolling(deployment, fleet)
    };
    if plan == Plan::default() && is_complete(deployment, fleet) {
        plan.remove = outdated(deployment, fleet);
    }
    plan
}

fn was_scaled(deployment: &Deployment, fleet: &Fleet) -> bool {
    let wanted = wanted(deployment).to_string();
    fleet
        .all()
        .filter(|set| replicas(set) > 0)
        .filter_map(|set| set.annotations().get(DESIRED_REPLICAS))
        .any(|desired| *desired != wanted)
}

fn is_complete(deployment: &Deployment, fleet: &Fleet) -> bool {
    let wanted = wanted(deployment);
    let old: i32 = fleet.old.iter().map(|set| replicas(set)).sum();
    old == 0 && fleet.new.as_deref().is_some_and(|new| available(new) == wanted)
}

fn recreate(deployment: &Deployment, fleet: &Fleet, old_running: bool) -> Plan {
    let scales = down_to_zero(&fleet.old);
    if !scales.is_empty() {
        return Plan { scales, ..Plan::default() };
    }
    if old_running {
        return Plan::default();
    }
    grow(fleet, wanted(deployment))
}

fn down_to_zero(sets: &[Arc<ReplicaSet>]) -> Vec<Scale> {
    sets.iter()
        .filter(|set| replicas(set) > 0)
        .map(|set| Scale { set: set.clone(), to: 0 })
        .collect()
}

/// Makes or scales the new set.
fn grow(fleet: &Fleet, to: i32) -> Plan {
    match &fleet.new {
        None => Plan { create: Some(to), ..Plan::default() },
        Some(new) if replicas(new) == to => Plan::default(),
        Some(new) => Plan { scales: vec![Scale { set: new.clone(), to }], ..Plan::default() },
    }
}

fn rolling(deployment: &Deployment, fleet: &Fleet) -> Plan {
    let up = grow(fleet, new_replicas(deployment, fleet));
    if up != Plan::default() {
        return up;
    }
    Plan { scales: shrink_old(deployment, fleet), ..Plan::default() }
}

/// As many as wanted, without more than the surge allows in all.
fn new_replicas(deployment: &Deployment, fleet: &Fleet) -> i32 {
    let wanted = wanted(deployment);
    let has = fleet.new.as_deref().map_or(0, replicas);
    if has >= wanted {
        return wanted;
    }
    let total: i32 = fleet.all().map(|set| replicas(set)).sum();
    let room = (wanted + max_surge(deployment) - total).max(0);
    has + room.min(wanted - has)
}

/// Takes away old pods: the broken ones at once, the others as far as enough
/// remain available.
fn shrink_old(deployment: &Deployment, fleet: &Fleet) -> Vec<Scale> {
    let minimum = wanted(deployment) - max_unavailable(deployment);
    let total: i32 = fleet.all().map(|set| replicas(set)).sum();
    let new_missing = fleet.new.as_deref().map_or(0, |new| replicas(new) - available(new));
    let mut may_go = total - minimum - new_missing;
    let mut all_available: i32 = fleet.all().map(|set| available(set)).sum();
    let mut targets: Vec<i32> = fleet.old.iter().map(|set| replicas(set)).collect();
    for (set, target) in fleet.old.iter().zip(&mut targets) {
        let broken = (*target - available(set)).clamp(0, may_go.max(0));
        *target -= broken;
        may_go -= broken;
    }
    for (set, target) in fleet.old.iter().zip(&mut targets) {
        let spare = (all_available - minimum).max(0);
        let working = (*target).min(available(set));
        let going = working.min(spare).min(may_go.max(0));
        *target -= going;
        all_available -= going;
        may_go -= going;
    }
    changed(&fleet.old, &targets)
}

fn changed(sets: &[Arc<ReplicaSet>], targets: &[i32]) -> Vec<Scale> {
    sets.iter()
        .zip(targets)
        .filter(|(set, target)| replicas(set) != **target)
        .map(|(set, target)| Scale { set: set.clone(), to: *target })
        .collect()
}

/// Spreads a change of the wanted number over the sets that have pods, in
/// proportion, so that a scaling in mid-rollout does not decide the rollout.
fn proportional(deployment: &Deployment, fleet: &Fleet) -> Vec<Scale> {
    let wanted = wanted(deployment);
    let active: Vec<Arc<ReplicaSet>> =
        fleet.all().filter(|set| replicas(set) > 0).cloned().collect();
    let only = match active.as_slice() {
        [] => fleet.new.clone().or_else(|| fleet.old.last().cloned()),
        [only] => Some(only.clone()),
        _ => None,
    };
    if let Some(only) = only {
        // Even without a new number: the set notes for what it was scaled.
        return vec![Scale { set: only, to: wanted }];
    }
    if let Some(new) = &fleet.new
        && replicas(new) == wanted
        && available(new) == wanted
    {
        return down_to_zero(&fleet.old);
    }
    if is_recreate(deployment) {
        return Vec::new();
    }
    let total: i32 = active.iter().map(|set| replicas(set)).sum();
    let allowed = if wanted > 0 { wanted + max_surge(deployment) } else { 0 };
    spread(active, allowed, total)
}

fn spread(mut active: Vec<Arc<ReplicaSet>>, allowed: i32, total: i32) -> Vec<Scale> {
    // Larger sets first; of equal ones the newer gains first, the older loses first.
    active.sort_by_key(|set| (-replicas(set), set.metadata.creation_timestamp.clone()));
    if allowed > total {
        active.sort_by_key(|set| -replicas(set));
        active.sort_by_key(|set| {
            (-replicas(set), std::cmp::Reverse(set.metadata.creation_timestamp.clone()))
        });
    }
    let change = allowed - total;
    let mut left = change;
    let mut targets: Vec<i32> = Vec::new();
    for set in &active {
        let size = replicas(set);
        let exact = f64::from(size) * f64::from(allowed) / f64::from(total.max(1));
        let part = (exact.round() as i32 - size).clamp(left.min(0), left.max(0));
        left -= part;
        targets.push((size + part).max(0));
    }
    if let Some(first) = targets.first_mut() {
        *first = (*first + left).max(0);
    }
    active.iter().zip(targets).map(|(set, to)| Scale { set: set.clone(), to }).collect()
}

/// Empty sets beyond the history limit, the oldest revisions first.
fn outdated(deployment: &Deployment, fleet: &Fleet) -> Vec<Arc<ReplicaSet>> {
    let limit = deployment.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
    let mut empty: Vec<Arc<ReplicaSet>> =
        fleet.old.iter().filter(|set| is_empty(set)).cloned().collect();
    empty.sort_by_key(|set| revision(set));
    let surplus = fleet.old.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    empty.truncate(surplus);
    empty
}

fn is_empty(set: &ReplicaSet) -> bool {
    let status = set.status.clone().unwrap_or_default();
    replicas(set) == 0
        && status.replicas == 0
        && status.observed_generation >= set.metadata.generation
        && set.metadata.deletion_timestamp.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn deployment(replicas: i32, change: Value) -> Deployment {
        let mut spec = json!({"replicas": replicas, "selector": {}, "template": {}});
        for (key, value) in change.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        serde_json::from_value(json!({"spec": spec})).expect("a deployment")
    }

    fn set(name: &str, replicas: i32, available: i32, desired: i32) -> Arc<ReplicaSet> {
        Arc::new(
            serde_json::from_value(json!({
                "metadata": {"name": name, "uid": name, "generation": 1,
                    "annotations": {DESIRED_REPLICAS: desired.to_string(), "deployment.kubernetes.io/revision": name.trim_start_matches('r')}},
                "spec": {"replicas": replicas, "selector": {}},
                "status": {"replicas": replicas, "availableReplicas": available, "observedGeneration": 1},
            }))
            .expect("a set"),
        )
    }

    fn scales(plan: &Plan) -> Vec<(String, i32)> {
        plan.scales.iter().map(|scale| (scale.set.name_any(), scale.to)).collect()
    }

    #[test]
    fn bounds_round_as_documented() {
        let bounds = |replicas, surge: Value, unavailable: Value| {
            bounds(&deployment(
                replicas,
                json!({"strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}),
            ))
        };
        assert_eq!(bounds(10, json!("25%"), json!("25%")), (3, 2));
        assert_eq!(bounds(1, json!(0), json!("25%")), (0, 1));
        assert_eq!(bounds(2, json!(0), json!(5)), (0, 2));
        assert_eq!(
            super::bounds(&deployment(4, json!({"strategy": {"type": "Recreate"}}))),
            (0, 0)
        );
    }

    #[test]
    fn a_first_rollout_makes_the_set() {
        let plan = plan(&deployment(3, json!({})), &Fleet { new: None, old: vec![] }, false);
        assert_eq!(plan, Plan { create: Some(3), ..Plan::default() });
    }

    #[test]
    fn rolls_step_by_step_within_the_bounds() {
        let wanted = deployment(
            4,
            json!({"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}}),
        );
        let old = |replicas, available| vec![set("r1", replicas, available, 4)];
        // The new template appears: one more than wanted is allowed.
        let first = plan(&wanted, &Fleet { new: None, old: old(4, 4) }, true);
        assert_eq!(first.create, Some(1));
        // It is not yet available: one old one may go nevertheless.
        let fleet = Fleet { new: Some(set("r2", 1, 0, 4)), old: old(4, 4) };
        assert_eq!(scales(&plan(&wanted, &fleet, true)), [("r1".to_owned(), 3)]);
        // Room again: the new one grows.
        let fleet = Fleet { new: Some(set("r2", 1, 0, 4)), old: old(3, 3) };
        assert_eq!(scales(&plan(&wanted, &fleet, true)), [("r2".to_owned(), 2)]);
        // Neither available nor room: wait.
        let fleet = Fleet { new: Some(set("r2", 2, 0, 4)), old: old(3, 3) };
        assert_eq!(plan(&wanted, &fleet, true), Plan::default());
        // All new ones available: the rest goes.
        let fleet = Fleet { new: Some(set("r2", 4, 4, 4)), old: old(1, 1) };
        assert_eq!(scales(&plan(&wanted, &fleet, true)), [("r1".to_owned(), 0)]);
    }

    #[test]
    fn broken_old_pods_go_first() {
        let wanted = deployment(
            3,
            json!({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}),
        );
        let fleet = Fleet { new: Some(set("r2", 0, 0, 3)), old: vec![set("r1", 3, 2, 3)] };
        assert_eq!(scales(&plan(&wanted, &fleet, true)), [("r1".to_owned(), 2)]);
    }

    #[test]
    fn recreate_waits_until_nothing_old_runs() {
        let wanted = deployment(2, json!({"strategy": {"type": "Recreate"}}));
        let fleet = Fleet { new: None, old: vec![set("r1", 2, 2, 2)] };
        assert_eq!(scales(&plan(&wanted, &fleet, true)), [("r1".to_owned(), 0)]);
        let fleet = Fleet { new: None, old: vec![set("r1", 0, 0, 2)] };
        assert_eq!(plan(&wanted, &fleet, true), Plan::default());
        assert_eq!(plan(&wanted, &fleet, false).create, Some(2));
    }

    #[test]
    fn scaling_in_mid_rollout_keeps_the_proportion() {
        let wanted = deployment(
            8,
            json!({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}),
        );
        let fleet = Fleet { new: Some(set("r2", 1, 0, 4)), old: vec![set("r1", 3, 3, 4)] };
        let mut plan = scales(&plan(&wanted, &fleet, true));
        plan.sort();
        assert_eq!(plan, [("r1".to_owned(), 6), ("r2".to_owned(), 2)]);
    }

    #[test]
    fn a_paused_deployment_scales_but_does_not_roll() {
        let wanted = deployment(3, json!({"paused": true}));
        let fleet = Fleet { new: None, old: vec![set("r1", 1, 1, 1)] };
        let plan = plan(&wanted, &fleet, true);
        assert_eq!(plan.create, None);
        assert_eq!(scales(&plan), [("r1".to_owned(), 3)]);
    }

    #[test]
    fn history_is_limited() {
        let wanted = deployment(1, json!({"revisionHistoryLimit": 1}));
        let old = vec![set("r1", 0, 0, 1), set("r2", 0, 0, 1), set("r3", 0, 0, 1)];
        let fleet = Fleet { new: Some(set("r4", 1, 1, 1)), old };
        let removed: Vec<_> =
            plan(&wanted, &fleet, false).remove.iter().map(|set| set.name_any()).collect();
        assert_eq!(removed, ["r1", "r2"]);
    }
}
