//! Who is where, what is taken, who waits.
//!
//! Kept incrementally from changes: scheduling one pod costs one pass over the
//! nodes, however many pods run. Pure: no I/O, no clock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::ResourceExt;

use super::fit::{self, Demand, Place};
use super::group::Group;
use crate::feed::Change;
use crate::pods;
use dais_quantity::{self as quantity, Amounts};

const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// A pod whose turn it is.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub pod: Arc<Pod>,
    uid: String,
    turn: Turn,
}

/// The higher priority first, then whoever waits longer.
type Turn = (Reverse<i32>, u64);

/// The books.
#[derive(Debug, Default)]
pub struct Ledger {
    nodes: BTreeMap<String, Place>,
    /// What each placed pod takes, and where.
    placed: HashMap<String, Taken>,
    waiting: HashMap<String, Waiting>,
    queue: BTreeMap<Turn, String>,
    arrivals: u64,
}

#[derive(Debug)]
struct Taken {
    node: String,
    demand: Demand,
    group: Option<Group>,
    /// Decided here, not yet seen in the pod.
    assumed: bool,
}

#[derive(Debug)]
struct Waiting {
    pod: Arc<Pod>,
    turn: Turn,
}

impl Ledger {
    /// Takes note of a node.
    pub fn node(&mut self, change: &Change<Node>) {
        let name = change.object.name_any();
        if change.gone {
            self.nodes.remove(&name);
            return;
        }
        let mut place = Place::new(&change.object);
        let changed = match self.nodes.get(&name) {
            Some(before) => {
                let changed = before.facts != place.facts;
                place.take_over(before);
                changed
            }
            None => {
                // Pods may be known before their node is.
                for taken in self.placed.values().filter(|taken| taken.node == name) {
                    place.add(&taken.demand);
                }
                true
            }
        };
        self.nodes.insert(name, place);
        // A heartbeat changes nothing that matters here.
        if changed {
            self.wake_all();
        }
    }

    /// Takes note of a pod.
    pub fn pod(&mut self, change: &Change<Pod>) {
        let pod = &change.object;
        let Some(uid) = pod.uid() else { return };
        if change.gone || pods::is_finished(pod) {
            self.stop_waiting(&uid);
            self.free(&uid);
        } else if let Some(node) = pods::node(pod) {
            self.stop_waiting(&uid);
            self.settle(uid, node, pod);
        } else if !self.is_ours(pod) {
            self.stop_waiting(&uid);
        } else if !self.placed.contains_key(&uid) {
            self.wait(uid, pod.clone());
        }
    }

    fn is_ours(&self, pod: &Pod) -> bool {
        let Some(spec) = &pod.spec else { return false };
        let ours = spec.scheduler_name.as_deref().is_none_or(|name| name == DEFAULT_SCHEDULER);
        let gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
        ours && !gated && !pods::is_terminating(pod)
    }

    fn wait(&mut self, uid: String, pod: Arc<Pod>) {
        let turn = match self.waiting.get(&uid) {
            // Our own report of why it waits is no reason to try again.
            Some(before) if before.pod.spec == pod.spec => {
                let turn = before.turn;
                self.waiting.insert(uid, Waiting { pod, turn });
                return;
            }
            Some(before) => before.turn,
            None => {
                if let Some(group) = Group::of(&pod) {
                    self.wake(|waiting| Group::of(waiting).is_some_and(|other| other.is(&group)));
                }
                self.arrivals += 1;
                let priority = pod.spec.as_ref().and_then(|spec| spec.priority).unwrap_or(0);
                (Reverse(priority), self.arrivals)
            }
        };
        self.queue.insert(turn, uid.clone());
        self.waiting.insert(uid, Waiting { pod, turn });
    }

    fn stop_waiting(&mut self, uid: &str) {
        if let Some(waiting) = self.waiting.remove(uid) {
            self.queue.remove(&waiting.turn);
        }
    }

    /// The pod says where it is; that beats what was assumed.
    fn settle(&mut self, uid: String, node: &str, pod: &Pod) {
        if let Some(taken) = self.placed.get_mut(&uid)
            && taken.node == node
        {
            taken.assumed = false;
            return;
        }
        self.free(&uid);
        self.take(uid, node, pod, false);
    }

    fn take(&mut self, uid: String, node: &str, pod: &Pod, assumed: bool) {
        let demand = Demand::new(pod);
        if let Some(place) = self.nodes.get_mut(node) {
            place.add(&demand);
        }
        let (node, group) = (node.to_owned(), Group::of(pod));
        self.placed.insert(uid, Taken { node, demand, group, assumed });
    }

    fn free(&mut self, uid: &str) {
        let Some(taken) = self.placed.remove(uid) else {
            return;
        };
        if let Some(place) = self.nodes.get_mut(&taken.node) {
            place.remove(&taken.demand);
        }
        self.wake_all();
    }

    fn wake_all(&mut self) {
        self.wake(|_| true);
    }

    fn wake(&mut self, whom: impl Fn(&Pod) -> bool) {
        for (uid, waiting) in self.waiting.iter().filter(|(_, waiting)| whom(&waiting.pod)) {
            self.queue.insert(waiting.turn, uid.clone());
        }
    }

    /// The pod whose turn it is; it leaves the queue.
    pub fn next(&mut self) -> Option<Ticket> {
        let (turn, uid) = self.queue.pop_first()?;
        let pod = self.waiting.get(&uid)?.pod.clone();
        Some(Ticket { pod, uid, turn })
    }

    /// Finds nodes for the pod and for those that start with it, and takes the
    /// places; or says why there are none.
    pub fn decide(&mut self, ticket: &Ticket) -> Result<Vec<(Ticket, String)>, String> {
        let Some(group) = Group::of(&ticket.pod) else {
            return Ok(vec![(ticket.clone(), self.assume(ticket)?)]);
        };
        let together = self.members(&group);
        let known = together.len() + self.placed_of(&group);
        if known < group.least {
            return Err(group.incomplete(known));
        }
        let mut taken = Vec::new();
        for member in together {
            match self.assume(&member) {
                Ok(node) => taken.push((member, node)),
                Err(words) => {
                    let placed = taken.len();
                    taken.into_iter().for_each(|(member, _)| self.take_back(&member));
                    return Err(group.does_not_fit(placed, &words));
                }
            }
        }
        for (member, _) in &taken {
            self.queue.remove(&member.turn);
        }
        Ok(taken)
    }

    fn assume(&mut self, ticket: &Ticket) -> Result<String, String> {
        let node = fit::place(&ticket.pod, &Demand::new(&ticket.pod), &self.nodes)?;
        self.waiting.remove(&ticket.uid);
        self.take(ticket.uid.clone(), &node, &ticket.pod, true);
        Ok(node)
    }

    /// Undoes [`Ledger::assume`] without waking anybody: nothing has become free.
    fn take_back(&mut self, ticket: &Ticket) {
        let Some(taken) = self.placed.remove(&ticket.uid) else { return };
        if let Some(place) = self.nodes.get_mut(&taken.node) {
            place.remove(&taken.demand);
        }
        self.waiting
            .insert(ticket.uid.clone(), Waiting { pod: ticket.pod.clone(), turn: ticket.turn });
    }

    /// Waiting pods of the group, in turn.
    fn members(&self, group: &Group) -> Vec<Ticket> {
        let is_its = |pod: &Pod| Group::of(pod).is_some_and(|other| other.is(group));
        let its = self.waiting.iter().filter(|(_, waiting)| is_its(&waiting.pod));
        let mut members: Vec<Ticket> = its
            .map(|(uid, waiting)| Ticket {
                pod: waiting.pod.clone(),
                uid: uid.clone(),
                turn: waiting.turn,
            })
            .collect();
        members.sort_by_key(|member| member.turn);
        members
    }

    fn placed_of(&self, group: &Group) -> usize {
        let groups = self.placed.values().filter_map(|taken| taken.group.as_ref());
        groups.filter(|other| other.is(group)).count()
    }

    /// A decision was not carried out.
    pub fn give_back(&mut self, ticket: &Ticket, again: bool) {
        if !self.placed.get(&ticket.uid).is_some_and(|taken| taken.assumed) {
            return;
        }
        self.free(&ticket.uid);
        if again {
            self.queue.insert(ticket.turn, ticket.uid.clone());
            self.waiting
                .insert(ticket.uid.clone(), Waiting { pod: ticket.pod.clone(), turn: ticket.turn });
        }
    }

    /// What is taken on a node.
    #[cfg(test)]
    pub fn taken(&self, node: &str) -> Amounts {
        self.nodes[node].used().clone()
    }
}

/// Subtracts what was added.
pub(super) fn subtract(amounts: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let entry = amounts.entry(name.clone()).or_default();
        *entry = (*entry - amount).max(0);
    }
    amounts.retain(|_, amount| *amount != 0);
}

/// Adds.
pub(super) fn add(amounts: &mut Amounts, other: &Amounts) {
    quantity::add_amounts(amounts, other);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change<K>(object: K, gone: bool) -> Change<K> {
        Change { object: Arc::new(object), previous: None, gone }
    }

    fn node(name: &str, cpu: &str) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": name},
            "status": {
                "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }))
        .expect("a node")
    }

    fn pod(name: &str, cpu: &str, priority: i32, on: Option<&str>) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "a", "uid": name},
            "spec": {
                "nodeName": on, "priority": priority,
                "containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}],
            },
        }))
        .expect("a pod")
    }

    fn member(name: &str, cpu: &str) -> Pod {
        let mut pod = pod(name, cpu, 0, None);
        let labels = [(super::super::group::NAME, "g"), (super::super::group::LEAST, "2")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
        pod.metadata.labels = Some(BTreeMap::from(labels));
        pod
    }

    fn places(decision: Result<Vec<(Ticket, String)>, String>) -> Result<String, String> {
        let place = |(ticket, node): &(Ticket, String)| format!("{}@{node}", ticket.pod.name_any());
        decision.map(|places| places.iter().map(place).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_group_starts_whole_or_not_at_all() {
        let mut ledger = Ledger::default();
        ledger.node(&change(node("n", "1"), false));
        ledger.pod(&change(pod("other", "300m", 0, Some("n")), false));
        ledger.pod(&change(member("a", "400m"), false));
        let alone = ledger.next().expect("a turn");
        let words = "pod group g: 1 of at least 2 pods are there".to_owned();
        assert_eq!(places(ledger.decide(&alone)), Err(words));

        ledger.pod(&change(member("b", "400m"), false));
        let first = ledger.next().expect("woken by the second");
        let words = ledger.decide(&first).expect_err("no room for both");
        assert_eq!(
            words,
            "pod group g starts with all 2 pods or none, 1 of them fit: \
             0/1 nodes are available: 1 Insufficient cpu."
        );
        assert_eq!(ledger.taken("n")["cpu"], 300, "nothing stays taken");
        while ledger.next().is_some() {}

        ledger.pod(&change(pod("other", "300m", 0, Some("n")), true));
        let first = ledger.next().expect("woken");
        assert_eq!(places(ledger.decide(&first)), Ok("a@n b@n".to_owned()));
        assert!(ledger.next().is_none(), "the second has its place");
        assert_eq!(ledger.taken("n")["cpu"], 800);
    }

    #[test]
    fn one_of_a_group_that_was_not_bound_is_placed_again() {
        let mut ledger = Ledger::default();
        ledger.node(&change(node("n", "1"), false));
        ledger.pod(&change(member("a", "400m"), false));
        ledger.pod(&change(member("b", "400m"), false));
        let first = ledger.next().expect("a turn");
        let both = ledger.decide(&first).expect("room");
        ledger.give_back(&both[1].0, true);
        let again = ledger.next().expect("its turn again");
        assert_eq!(places(ledger.decide(&again)), Ok("b@n".to_owned()));
    }

    #[test]
    fn a_pod_waits_until_something_frees_up() {
        let mut ledger = Ledger::default();
        ledger.node(&change(node("n", "1"), false));
        ledger.pod(&change(pod("first", "800m", 0, Some("n")), false));
        ledger.pod(&change(pod("second", "500m", 0, None), false));
        let ticket = ledger.next().expect("a turn");
        assert_eq!(
            places(ledger.decide(&ticket)),
            Err("0/1 nodes are available: 1 Insufficient cpu.".to_owned())
        );
        ledger.node(&change(node("n", "1"), false));
        assert!(ledger.next().is_none(), "a heartbeat must not wake anybody");
        ledger.pod(&change(pod("first", "800m", 0, Some("n")), true));
        let ticket = ledger.next().expect("woken");
        assert_eq!(places(ledger.decide(&ticket)), Ok("second@n".to_owned()));
        assert_eq!(ledger.taken("n")["cpu"], 500);
        ledger.give_back(&ticket, true);
        assert!(!ledger.taken("n").contains_key("cpu"));
        assert!(ledger.next().is_some());
    }

    #[test]
    fn priority_goes_first_and_assumed_places_count() {
        let mut ledger = Ledger::default();
        ledger.node(&change(node("n", "1"), false));
        ledger.pod(&change(pod("low", "700m", 0, None), false));
        ledger.pod(&change(pod("high", "700m", 10, None), false));
        let high = ledger.next().expect("a turn");
        assert_eq!(high.pod.name_any(), "high");
        assert!(ledger.decide(&high).is_ok());
        let low = ledger.next().expect("a turn");
        assert!(ledger.decide(&low).is_err());
        // The binding arrives: nothing is counted twice.
        ledger.pod(&change(pod("high", "700m", 10, Some("n")), false));
        assert_eq!(ledger.taken("n")["cpu"], 700);
    }

    #[test]
    fn pods_known_before_their_node_count() {
        let mut ledger = Ledger::default();
        ledger.pod(&change(pod("early", "300m", 0, Some("n")), false));
        ledger.node(&change(node("n", "1"), false));
        assert_eq!(ledger.taken("n")["cpu"], 300);
    }
}
