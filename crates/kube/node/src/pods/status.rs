//! A pod's status from what is known of its containers. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodSpec, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::container::{Container, Role, State, Terminated, specs};
use super::decide::{RestartPolicy, restarts};

/// What the status is made from, besides the containers.
pub(crate) struct View<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) spec: &'a PodSpec,
    /// `sandbox` or `process`.
    pub(crate) runtime: &'a str,
    /// Ids of the images that run, by container.
    pub(crate) images: &'a BTreeMap<String, String>,
    pub(crate) pod_ip: &'a str,
    pub(crate) host_ip: &'a str,
    /// Volumes and addresses are there.
    pub(crate) prepared: bool,
    pub(crate) start_time: Timestamp,
    /// Nothing runs and nothing will.
    pub(crate) over: bool,
    /// Why the node ended the pod itself: reason and words.
    pub(crate) ended_by: Option<(&'a str, &'a str)>,
}

/// The status; `previous` lends its transition times.
pub(crate) fn build(
    view: &View<'_>,
    containers: &[Container],
    previous: Option<&PodStatus>,
    now: Timestamp,
) -> PodStatus {
    let policy = RestartPolicy::parse(view.spec.restart_policy.as_deref());
    let phase = phase(containers, view);
    let statuses = |of_init: bool| -> Option<Vec<ContainerStatus>> {
        let list: Vec<_> = specs(view.spec)
            .zip(containers)
            .filter(|(_, container)| (container.role != Role::Main) == of_init)
            .map(|((spec, _), container)| {
                container_status(container, spec.image.as_deref(), policy, view, now)
            })
            .collect();
        (!list.is_empty()).then_some(list)
    };
    let ended_by = view.ended_by.filter(|_| view.over);
    PodStatus {
        phase: Some(phase.to_owned()),
        reason: ended_by.map(|(reason, _)| reason.to_owned()),
        message: ended_by.map(|(_, message)| message.to_owned()),
        conditions: Some(conditions(view, containers, phase, previous, now)),
        container_statuses: statuses(false),
        init_container_statuses: statuses(true),
        host_ip: Some(view.host_ip.to_owned()),
        host_ips: Some(vec![HostIP { ip: view.host_ip.to_owned() }]),
        pod_ip: view.prepared.then(|| view.pod_ip.to_owned()),
        pod_ips: view.prepared.then(|| vec![PodIP { ip: view.pod_ip.to_owned() }]),
        start_time: Some(Time(view.start_time)),
        observed_generation: view.pod.metadata.generation,
        ..PodStatus::default()
    }
}

fn phase(containers: &[Container], view: &View<'_>) -> &'static str {
    let succeeded = |container: &Container| container.terminated().is_some_and(|end| end.code == 0);
    if view.over {
        let deciding = containers.iter().filter(|container| container.role != Role::Sidecar);
        let all_well = deciding.clone().count() > 0 && deciding.clone().all(succeeded);
        return if all_well && view.ended_by.is_none() { "Succeeded" } else { "Failed" };
    }
    let init_done = containers.iter().filter(|c| c.role == Role::Init).all(succeeded);
    let mut mains = containers.iter().filter(|container| container.role == Role::Main);
    let began = mains.any(|container| {
        container.last.is_some() || !matches!(container.state, State::Waiting { .. })
    });
    if init_done && began { "Running" } else { "Pending" }
}

fn container_status(
    container: &Container,
    image: Option<&str>,
    policy: RestartPolicy,
    view: &View<'_>,
    now: Timestamp,
) -> ContainerStatus {
    let id = |id: &str| (!id.is_empty()).then(|| format!("{}://{id}", view.runtime));
    let mut last = container.last.as_ref();
    let (state, container_id) = match &container.state {
        State::Waiting { reason, message } => {
            let waiting =
                ContainerStateWaiting { reason: Some(reason.clone()), message: message.clone() };
            (
                ContainerState { waiting: Some(waiting), ..ContainerState::default() },
                last.and_then(|end| id(&end.id)),
            )
        }
        State::Running { id: own, started_at } => {
            let running = ContainerStateRunning { started_at: Some(Time(*started_at)) };
            (ContainerState { running: Some(running), ..ContainerState::default() }, id(own))
        }
        State::Terminated(end) => {
            let waits = container.not_before.filter(|time| *time > now);
            let again = !view.over && restarts(container, end.code, policy);
            let state = match waits.filter(|_| again) {
                Some(until) => {
                    last = Some(end);
                    ContainerState {
                        waiting: Some(backing_off(container, until, view, end)),
                        ..ContainerState::default()
                    }
                }
                None => ContainerState {
                    terminated: Some(terminated(end, view)),
                    ..ContainerState::default()
                },
            };
            (state, id(&end.id))
        }
    };
    let image = image.unwrap_or_default().to_owned();
    ContainerStatus {
        name: container.name.clone(),
        image_id: view.images.get(&container.name).unwrap_or(&image).clone(),
        image,
        ready: match container.role {
            Role::Init => container.terminated().is_some_and(|end| end.code == 0),
            _ => container.is_running() && container.ready && container.started,
        },
        started: Some(container.is_running() && container.started),
        restart_count: container.attempt as i32,
        container_id,
        state: Some(state),
        last_state: Some(ContainerState {
            terminated: last.map(|end| terminated(end, view)),
            ..ContainerState::default()
        }),
        ..ContainerStatus::default()
    }
}

fn backing_off(
    container: &Container,
    until: Timestamp,
    view: &View<'_>,
    end: &Terminated,
) -> ContainerStateWaiting {
    let wait = until.duration_since(end.finished_at).as_secs().max(1);
    let meta = &view.pod.metadata;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    ContainerStateWaiting {
        reason: Some("CrashLoopBackOff".to_owned()),
        message: Some(format!(
            "back-off {wait}s restarting failed container={} pod={}_{}({})",
            container.name,
            text(&meta.name),
            text(&meta.namespace),
            text(&meta.uid)
        )),
    }
}

fn terminated(end: &Terminated, view: &View<'_>) -> ContainerStateTerminated {
    ContainerStateTerminated {
        container_id: (!end.id.is_empty()).then(|| format!("{}://{}", view.runtime, end.id)),
        exit_code: end.code,
        signal: end.signal,
        reason: Some(end.reason.clone()),
        message: end.message.clone(),
        started_at: end.started_at.map(Time),
        finished_at: Some(Time(end.finished_at)),
    }
}

fn conditions(
    view: &View<'_>,
    containers: &[Container],
    phase: &str,
    previous: Option<&PodStatus>,
    now: Timestamp,
) -> Vec<PodCondition> {
    let not = |list: Vec<&str>, what: &str| {
        format!("containers with {what} status: [{}]", list.join(" "))
    };
    let incomplete: Vec<&str> = containers
        .iter()
        .filter(|c| match c.role {
            Role::Init => c.terminated().is_none_or(|end| end.code != 0),
            Role::Sidecar => !c.started,
            Role::Main => false,
        })
        .map(|container| container.name.as_str())
        .collect();
    let unready: Vec<&str> = containers
        .iter()
        .filter(|c| c.role != Role::Init && !(c.is_running() && c.ready && c.started))
        .map(|container| container.name.as_str())
        .collect();
    let (initialized, ready) = (incomplete.is_empty(), unready.is_empty());
    let why_unready = match phase {
        "Succeeded" => Some(("PodCompleted", String::new())),
        "Failed" => Some(("PodFailed", String::new())),
        _ if !ready => Some(("ContainersNotReady", not(unready, "unready"))),
        _ => None,
    };
    let ready = ready && why_unready.is_none();
    let why_incomplete =
        (!initialized).then(|| ("ContainersNotInitialized", not(incomplete, "incomplete")));
    let own = [
        ("PodReadyToStartContainers", view.prepared, None),
        ("Initialized", initialized, why_incomplete),
        ("Ready", ready, why_unready.clone()),
        ("ContainersReady", ready, why_unready),
        ("PodScheduled", true, None),
    ];
    let known = previous.or(view.pod.status.as_ref()).and_then(|status| status.conditions.as_ref());
    let known = |kind: &str| known.into_iter().flatten().find(|condition| condition.type_ == kind);
    let mut conditions: Vec<PodCondition> = own
        .into_iter()
        .map(|(kind, holds, why)| {
            let status = if holds { "True" } else { "False" };
            let before = known(kind).filter(|condition| condition.status == status);
            PodCondition {
                type_: kind.to_owned(),
                status: status.to_owned(),
                reason: why.as_ref().map(|(reason, _)| (*reason).to_owned()),
                message: why.map(|(_, message)| message).filter(|message| !message.is_empty()),
                last_transition_time: before
                    .and_then(|c| c.last_transition_time.clone())
                    .or(Some(Time(now))),
                observed_generation: view.pod.metadata.generation,
                ..PodCondition::default()
            }
        })
        .collect();
    // Conditions of others (readiness gates, disruption) stay as they are.
    let others = view
        .pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref())
        .into_iter()
        .flatten();
    let others: Vec<_> = others
        .filter(|other| !conditions.iter().any(|own| own.type_ == other.type_))
        .cloned()
        .collect();
    conditions.extend(others);
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(spec: serde_json::Value) -> Pod {
        serde_json::from_value(
            json!({"metadata": {"name": "p", "namespace": "n", "uid": "u", "generation": 3},
            "spec": spec}),
        )
        .unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    fn end(code: i32) -> Terminated {
        Terminated { code, finished_at: now(), ..Terminated::unseen("id", "Error", "", None) }
    }

    fn status(pod: &Pod, containers: &[Container], over: bool) -> PodStatus {
        let view = View {
            pod,
            spec: pod.spec.as_ref().unwrap(),
            runtime: "sandbox",
            images: &BTreeMap::from([("b".into(), "sha256:1".into())]),
            pod_ip: "127.80.0.2",
            host_ip: "127.0.0.1",
            prepared: true,
            start_time: now(),
            over,
            ended_by: None,
        };
        build(&view, containers, None, now())
    }

    fn condition<'a>(status: &'a PodStatus, kind: &str) -> &'a PodCondition {
        status.conditions.as_ref().unwrap().iter().find(|c| c.type_ == kind).unwrap()
    }

    #[test]
    fn phases_of_a_pod_without_restarts() {
        let pod =
            pod(json!({"restartPolicy": "Never", "containers": [{"name": "a", "image": "host"}]}));
        let mut containers = Container::of_pod(pod.spec.as_ref().unwrap());
        assert_eq!(status(&pod, &containers, false).phase.as_deref(), Some("Pending"));
        containers[0].state = State::Running { id: "x".into(), started_at: now() };
        let running = status(&pod, &containers, false);
        assert_eq!(running.phase.as_deref(), Some("Running"));
        assert_eq!(
            running.container_statuses.unwrap()[0].container_id.as_deref(),
            Some("sandbox://x")
        );
        for (code, phase) in [(0, "Succeeded"), (1, "Failed"), (-1, "Failed")] {
            containers[0].state = State::Terminated(end(code));
            assert_eq!(status(&pod, &containers, true).phase.as_deref(), Some(phase));
        }
    }

    #[test]
    fn ready_only_when_every_container_is() {
        let pod = pod(json!({"containers": [{"name": "a"}, {"name": "b"}]}));
        let mut containers = Container::of_pod(pod.spec.as_ref().unwrap());
        for container in &mut containers {
            container.state = State::Running { id: "x".into(), started_at: now() };
            container.started = true;
            container.ready = container.name == "a";
        }
        let half = status(&pod, &containers, false);
        assert_eq!(condition(&half, "Ready").status, "False");
        assert_eq!(
            condition(&half, "Ready").message.as_deref(),
            Some("containers with unready status: [b]")
        );
        containers[1].ready = true;
        let whole = status(&pod, &containers, false);
        assert_eq!(condition(&whole, "Ready").status, "True");
        assert_eq!(whole.observed_generation, Some(3));
    }

    #[test]
    fn a_crash_loop_says_how_long_it_waits() {
        let pod = pod(json!({"containers": [{"name": "a"}]}));
        let mut containers = Container::of_pod(pod.spec.as_ref().unwrap());
        containers[0].attempt = 2;
        containers[0].state = State::Terminated(end(1));
        containers[0].not_before = now().checked_add(std::time::Duration::from_secs(20)).ok();
        let status = status(&pod, &containers, false);
        let container = &status.container_statuses.unwrap()[0];
        let waiting = container.state.as_ref().unwrap().waiting.as_ref().unwrap();
        assert_eq!(waiting.reason.as_deref(), Some("CrashLoopBackOff"));
        assert_eq!(
            waiting.message.as_deref(),
            Some("back-off 20s restarting failed container=a pod=p_n(u)")
        );
        assert_eq!(
            container.last_state.as_ref().unwrap().terminated.as_ref().unwrap().exit_code,
            1
        );
        assert_eq!((container.restart_count, status.phase.as_deref()), (2, Some("Running")));
    }

    #[test]
    fn init_containers_hold_the_pod_pending_and_name_themselves() {
        let pod = pod(json!({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]}));
        let mut containers = Container::of_pod(pod.spec.as_ref().unwrap());
        containers[0].state = State::Running { id: "x".into(), started_at: now() };
        let pending = status(&pod, &containers, false);
        assert_eq!(pending.phase.as_deref(), Some("Pending"));
        assert_eq!(condition(&pending, "Initialized").status, "False");
        let waiting =
            pending.container_statuses.unwrap()[0].state.clone().unwrap().waiting.unwrap();
        assert_eq!(waiting.reason.as_deref(), Some("PodInitializing"));
    }
}
