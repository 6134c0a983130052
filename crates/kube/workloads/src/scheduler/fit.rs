//! Which nodes can take a pod, and which of them should.
//!
//! Filters and their words are kube-scheduler's; the score is its
//! `LeastAllocated` (the emptier after placing, the better).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod, PodSpec, Taint, Toleration};

use super::{ledger, selection};
use crate::pods;
use dais_quantity::{self as quantity, Amounts, ONE};

/// kube-scheduler counts pods without requests as this much when it compares
/// nodes (`DefaultMilliCPURequest`, `DefaultMemoryRequest`), so that they spread.
const ASSUMED_CPU: i128 = 100;
const ASSUMED_MEMORY: i128 = 200 * 1024 * 1024 * ONE;

/// What a pod takes of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    requests: Amounts,
    /// What counts when nodes are compared.
    weight: (i128, i128),
    host_ports: Vec<HostPort>,
}

type HostPort = (String, String, i32);

impl Demand {
    /// Reads a pod.
    pub fn new(pod: &Pod) -> Self {
        let requests = pod.spec.as_ref().map(pods::requests).unwrap_or_default();
        let or = |name: &str, assumed| requests.get(name).copied().unwrap_or(assumed);
        let weight = (or("cpu", ASSUMED_CPU), or("memory", ASSUMED_MEMORY));
        Self { weight, requests, host_ports: pod.spec.as_ref().map(host_ports).unwrap_or_default() }
    }
}

fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let ports = spec.containers.iter().flat_map(|c| c.ports.iter().flatten());
    ports
        .filter_map(|port| {
            let number = port.host_port.filter(|number| *number != 0)?;
            let ip = port.host_ip.clone().filter(|ip| ip != "0.0.0.0").unwrap_or_default();
            let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".into());
            Some((ip, protocol, number))
        })
        .collect()
}

/// A node, and what is taken of it.
#[derive(Debug)]
pub struct Place {
    pub facts: Facts,
    used: Amounts,
    weight: (i128, i128),
    host_ports: Vec<HostPort>,
}

/// What of a node decides on placing; a heartbeat changes none of it.
#[derive(Debug, PartialEq)]
pub struct Facts {
    name: String,
    allocatable: Amounts,
    labels: BTreeMap<String, String>,
    taints: Vec<Taint>,
    unschedulable: bool,
    ready: bool,
}

impl Place {
    /// Reads a node; nothing is taken yet.
    pub fn new(node: &Node) -> Self {
        let status = node.status.as_ref();
        let mut allocatable = Amounts::new();
        if let Some(list) = status.and_then(|s| s.allocatable.as_ref().or(s.capacity.as_ref())) {
            quantity::add(&mut allocatable, list);
        }
        let ready = status
            .and_then(|status| status.conditions.as_ref())
            .is_some_and(|all| all.iter().any(|c| c.type_ == "Ready" && c.status == "True"));
        let spec = node.spec.as_ref();
        Self {
            facts: Facts {
                name: node.metadata.name.clone().unwrap_or_default(),
                allocatable,
                labels: node.metadata.labels.clone().unwrap_or_default(),
                taints: spec.and_then(|spec| spec.taints.clone()).unwrap_or_default(),
                unschedulable: spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
                ready,
            },
            used: Amounts::new(),
            weight: (0, 0),
            host_ports: Vec::new(),
        }
    }

    /// Keeps what was taken when the node's facts are replaced.
    pub fn take_over(&mut self, before: &Place) {
        self.used = before.used.clone();
        self.weight = before.weight;
        self.host_ports = before.host_ports.clone();
    }

    /// Takes a pod's share.
    pub fn add(&mut self, demand: &Demand) {
        ledger::add(&mut self.used, &demand.requests);
        self.weight.0 += demand.weight.0;
        self.weight.1 += demand.weight.1;
        self.host_ports.extend(demand.host_ports.iter().cloned());
    }

    /// Returns a pod's share.
    pub fn remove(&mut self, demand: &Demand) {
        ledger::subtract(&mut self.used, &demand.requests);
        self.weight.0 -= demand.weight.0;
        self.weight.1 -= demand.weight.1;
        for port in &demand.host_ports {
            if let Some(index) = self.host_ports.iter().position(|taken| taken == port) {
                self.host_ports.swap_remove(index);
            }
        }
    }

    /// What is taken.
    #[cfg(test)]
    pub fn used(&self) -> &Amounts {
        &self.used
    }
}

/// The best node for the pod, or kube-scheduler's words for why there is none.
pub fn place(
    pod: &Pod,
    demand: &Demand,
    nodes: &BTreeMap<String, Place>,
) -> Result<String, String> {
    if nodes.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    let spec = pod.spec.clone().unwrap_or_default();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut best: Option<(Score, &str)> = None;
    for (name, node) in nodes {
        let against = refusals(&spec, demand, node);
        if against.is_empty() {
            let score = score(&spec, demand, node);
            if best.is_none_or(|(best, _)| score > best) {
                best = Some((score, name));
            }
        }
        for reason in against {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    match best {
        Some((_, name)) => Ok(name.to_owned()),
        None => {
            let mut words: Vec<String> =
                reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            words.sort();
            let count = nodes.len();
            Err(format!("0/{count} nodes are available: {}.", words.join(", ")))
        }
    }
}

/// Everything that speaks against this node; the first filter that refuses
/// speaks alone, except that all missing resources are named.
fn refusals(spec: &PodSpec, demand: &Demand, node: &Place) -> Vec<String> {
    let facts = &node.facts;
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    if facts.unschedulable && !tolerates(tolerations, &unschedulable_taint()) {
        return vec!["node(s) were unschedulable".into()];
    }
    let taint = facts.taints.iter().find(|taint| {
        matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
            && !tolerates(tolerations, taint)
    });
    if let Some(taint) = taint {
        let value = taint.value.as_deref().unwrap_or_default();
        return vec![format!("node(s) had untolerated taint {{{}: {value}}}", taint.key)];
    }
    if !facts.ready {
        return vec!["node(s) were not ready".into()];
    }
    if !selection::selects(spec, &facts.name, &facts.labels) {
        return vec!["node(s) didn't match Pod's node affinity/selector".into()];
    }
    if demand.host_ports.iter().any(|port| node.host_ports.iter().any(|taken| clash(port, taken))) {
        return vec!["node(s) didn't have free ports for the requested pod ports".into()];
    }
    missing(demand, node)
}

fn unschedulable_taint() -> Taint {
    Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    }
}

fn clash(a: &HostPort, b: &HostPort) -> bool {
    a.1 == b.1 && a.2 == b.2 && (a.0.is_empty() || b.0.is_empty() || a.0 == b.0)
}

fn missing(demand: &Demand, node: &Place) -> Vec<String> {
    let short = demand.requests.iter().filter(|(name, wanted)| {
        let all = node.facts.allocatable.get(*name).copied().unwrap_or(0);
        let used = node.used.get(*name).copied().unwrap_or(0);
        **wanted > 0 && used + **wanted > all
    });
    short
        .map(|(name, _)| match name.as_str() {
            "pods" => "Too many pods".to_owned(),
            name => format!("Insufficient {name}"),
        })
        .collect()
}

/// Whether one of the tolerations covers the taint.
pub fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| {
        let effect = toleration.effect.as_deref().unwrap_or_default();
        let key = toleration.key.as_deref().unwrap_or_default();
        let exists = toleration.operator.as_deref() == Some("Exists");
        (effect.is_empty() || effect == taint.effect)
            && (key == taint.key || (key.is_empty() && exists))
            && (exists
                || toleration.value.as_deref().unwrap_or_default()
                    == taint.value.as_deref().unwrap_or_default())
    })
}

/// Preferred affinity, then fewer soft taints, then the emptier node, then fewer
/// pods; compared in this order.
type Score = (i64, i64, i64, i64);

fn score(spec: &PodSpec, demand: &Demand, node: &Place) -> Score {
    let facts = &node.facts;
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let soft = facts
        .taints
        .iter()
        .filter(|taint| taint.effect == "PreferNoSchedule" && !tolerates(tolerations, taint))
        .count();
    let free = |name: &str, used: i128| {
        let all = facts.allocatable.get(name).copied().unwrap_or(0);
        if all <= 0 { 0 } else { (all - used).max(0) * 100 / all }
    };
    let cpu = free("cpu", node.weight.0 + demand.weight.0);
    let memory = free("memory", node.weight.1 + demand.weight.1);
    let pods = node.used.get("pods").copied().unwrap_or(0);
    (
        selection::preference(spec, &facts.name, &facts.labels),
        -(soft as i64),
        ((cpu + memory) / 2) as i64,
        -(pods as i64),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn node(name: &str, change: Value) -> (String, Place) {
        let mut node = json!({
            "metadata": {"name": name, "labels": {"disk": "ssd"}},
            "spec": {},
            "status": {
                "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "2", "nvidia.com/gpu": "1"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        });
        merge(&mut node, change);
        let node: Node = serde_json::from_value(node).expect("a node");
        (name.to_owned(), Place::new(&node))
    }

    fn merge(into: &mut Value, change: Value) {
        match (into, change) {
            (Value::Object(into), Value::Object(change)) => {
                for (key, value) in change {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, change) => *into = change,
        }
    }

    fn decide(spec: Value, nodes: &BTreeMap<String, Place>) -> Result<String, String> {
        let pod: Pod = serde_json::from_value(json!({"spec": spec})).expect("a pod");
        place(&pod, &Demand::new(&pod), nodes)
    }

    fn containers(requests: Value) -> Value {
        json!([{"name": "c", "resources": {"requests": requests}}])
    }

    #[test]
    fn says_why_in_the_schedulers_words() {
        let ready = || node("a", json!({}));
        let cases = [
            (
                ready(),
                json!({"containers": containers(json!({"cpu": "8", "nvidia.com/gpu": 2}))}),
                "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient nvidia.com/gpu.",
            ),
            (
                ready(),
                json!({"containers": [], "nodeSelector": {"disk": "tape"}}),
                "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
            ),
            (
                node("a", json!({"spec": {"unschedulable": true}})),
                json!({"containers": []}),
                "0/1 nodes are available: 1 node(s) were unschedulable.",
            ),
            (
                node(
                    "a",
                    json!({"spec": {"taints": [{"key": "gpu", "value": "only", "effect": "NoSchedule"}]}}),
                ),
                json!({"containers": []}),
                "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: only}.",
            ),
            (
                node("a", json!({"status": {"conditions": []}})),
                json!({"containers": []}),
                "0/1 nodes are available: 1 node(s) were not ready.",
            ),
        ];
        for (node, spec, words) in cases {
            assert_eq!(decide(spec, &BTreeMap::from([node])), Err(words.to_owned()));
        }
        assert_eq!(
            decide(json!({"containers": []}), &BTreeMap::new()),
            Err("no nodes available to schedule pods".to_owned())
        );
    }

    #[test]
    fn tolerations_open_tainted_nodes() {
        let tainted = node(
            "a",
            json!({"spec": {"taints": [{"key": "gpu", "value": "only", "effect": "NoSchedule"}]}}),
        );
        let nodes = BTreeMap::from([tainted]);
        for toleration in [
            json!({"key": "gpu", "operator": "Exists"}),
            json!({"key": "gpu", "value": "only", "effect": "NoSchedule"}),
            json!({"operator": "Exists"}),
        ] {
            let spec = json!({"containers": [], "tolerations": [toleration]});
            assert_eq!(decide(spec, &nodes), Ok("a".to_owned()));
        }
        let wrong = json!({"containers": [], "tolerations": [{"key": "gpu", "value": "none"}]});
        assert!(decide(wrong, &nodes).is_err());
    }

    #[test]
    fn prefers_the_emptier_node() {
        let mut nodes = BTreeMap::from([node("a", json!({})), node("b", json!({}))]);
        let pod: Pod = serde_json::from_value(
            json!({"spec": {"containers": containers(json!({"cpu": "2"}))}}),
        )
        .expect("a pod");
        nodes.get_mut("a").expect("a").add(&Demand::new(&pod));
        assert_eq!(decide(json!({"containers": []}), &nodes), Ok("b".to_owned()));
    }

    #[test]
    fn pods_and_host_ports_are_limited() {
        let mut nodes = BTreeMap::from([node("a", json!({}))]);
        let spec = json!({"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 80}]}]});
        let pod: Pod = serde_json::from_value(json!({"spec": spec})).expect("a pod");
        let demand = Demand::new(&pod);
        nodes.get_mut("a").expect("a").add(&demand);
        assert_eq!(
            decide(spec.clone(), &nodes),
            Err("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.".to_owned())
        );
        nodes.get_mut("a").expect("a").remove(&demand);
        assert_eq!(decide(spec, &nodes), Ok("a".to_owned()));
        let plain = Demand::new(&Pod { spec: Some(PodSpec::default()), ..Pod::default() });
        for _ in 0..2 {
            nodes.get_mut("a").expect("a").add(&plain);
        }
        assert_eq!(
            decide(json!({"containers": []}), &nodes),
            Err("0/1 nodes are available: 1 Too many pods.".to_owned())
        );
    }
}
