//! The routing tree: which receiver an alert goes to, grouped and timed how.

use std::collections::{BTreeMap, BTreeSet};

use super::raw;
use crate::duration::Length;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::matcher::{Matcher, Operator, matches_all, parse};

/// `group_by` with this word alone: every label, so each alert is a group of its own.
const ALL_LABELS: &str = "...";

/// Names that routes may use.
pub struct Names {
    pub receivers: BTreeSet<String>,
    pub intervals: BTreeSet<String>,
}

/// The tree, laid flat; the root is the first node.
#[derive(Debug)]
pub struct Routing {
    nodes: Vec<Route>,
}

#[derive(Debug, Clone)]
pub struct Route {
    /// The matchers from the root to here: part of every group's key, so that what was
    /// notified stays known when other routes change.
    pub path: String,
    pub receiver: String,
    pub group_by: GroupBy,
    pub group_wait: Length,
    pub group_interval: Length,
    pub repeat_interval: Length,
    pub mute: Vec<String>,
    pub active: Vec<String>,
    matchers: Vec<Matcher>,
    goes_on: bool,
    children: Vec<usize>,
}

#[derive(Debug, Clone)]
pub enum GroupBy {
    All,
    Labels(BTreeSet<String>),
}

impl Route {
    /// The labels that name the group of an alert.
    pub fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => {
                let is_wanted = |(name, _): &(&String, &String)| names.contains(*name);
                let own = labels.iter().filter(is_wanted);
                own.map(|(name, value)| (name.clone(), value.clone())).collect()
            }
        }
    }
}

impl Routing {
    pub fn compile(root: raw::Route, names: &Names) -> Result<Self> {
        let hint = "the root takes every alert; put conditions into `routes`";
        let conditions = [
            ("matchers", !root.matchers.is_empty()),
            ("match", !root.equal.is_empty()),
            ("match_re", !root.like.is_empty()),
            ("continue", root.goes_on),
            ("mute_time_intervals", !root.mute_time_intervals.is_empty()),
            ("active_time_intervals", !root.active_time_intervals.is_empty()),
        ];
        if let Some((field, _)) = conditions.iter().find(|(_, is_there)| *is_there) {
            return Err(Error::invalid(format!("route.{field}"), "the root cannot have it", hint));
        }
        if root.receiver.as_ref().is_none_or(String::is_empty) {
            let hint = "name the receiver of alerts that no other route takes";
            return Err(Error::invalid("route.receiver", "it is missing", hint));
        }
        let defaults = Route {
            path: String::new(),
            receiver: String::new(),
            group_by: GroupBy::Labels(BTreeSet::new()),
            group_wait: Length::from_secs(30),
            group_interval: Length::from_secs(5 * 60),
            repeat_interval: Length::from_secs(4 * 3600),
            mute: vec![],
            active: vec![],
            matchers: vec![],
            goes_on: false,
            children: vec![],
        };
        let mut tree = Routing { nodes: Vec::new() };
        tree.add(root, &defaults, "route", names)?;
        Ok(tree)
    }

    /// Adds a route and those below it; what a route leaves out is its parent's.
    fn add(
        &mut self,
        raw: raw::Route,
        parent: &Route,
        field: &str,
        names: &Names,
    ) -> Result<usize> {
        let mut matchers = from_maps(&format!("{field}.match"), &raw.equal, &raw.like)?;
        matchers.extend(from_texts(&format!("{field}.matchers"), &raw.matchers)?);
        let shown: Vec<String> = matchers.iter().map(ToString::to_string).collect();
        let own = format!("{{{}}}", shown.join(","));
        let mut path = if parent.path.is_empty() { own } else { format!("{}/{own}", parent.path) };
        let twins = self.nodes.iter().filter(|node| node.path == path).count();
        if twins > 0 {
            path = format!("{path}#{twins}");
        }
        let group_by = raw.group_by.map(|names| group_by(field, names)).transpose()?;
        let route = Route {
            path,
            receiver: raw.receiver.unwrap_or_else(|| parent.receiver.clone()),
            group_by: group_by.unwrap_or_else(|| parent.group_by.clone()),
            group_wait: raw.group_wait.unwrap_or(parent.group_wait),
            group_interval: raw.group_interval.unwrap_or(parent.group_interval),
            repeat_interval: raw.repeat_interval.unwrap_or(parent.repeat_interval),
            mute: raw.mute_time_intervals,
            active: raw.active_time_intervals,
            matchers,
            goes_on: raw.goes_on,
            children: vec![],
        };
        check(&route, field, names)?;
        let at = self.nodes.len();
        self.nodes.push(route.clone());
        for (number, child) in raw.routes.into_iter().enumerate() {
            let child = self.add(child, &route, &format!("{field}.routes[{number}]"), names)?;
            self.nodes[at].children.push(child);
        }
        Ok(at)
    }

    pub fn route(&self, at: usize) -> &Route {
        &self.nodes[at]
    }

    /// The routes that an alert takes: the deepest that match, one of each branch, and the
    /// next branches only after one that `continue`s.
    pub fn taken_by(&self, labels: &Labels) -> Vec<usize> {
        self.below(0, labels)
    }

    fn below(&self, at: usize, labels: &Labels) -> Vec<usize> {
        let node = &self.nodes[at];
        if !matches_all(&node.matchers, labels) {
            return vec![];
        }
        let mut taken = Vec::new();
        for child in &node.children {
            let deeper = self.below(*child, labels);
            let is_last = !deeper.is_empty() && !self.nodes[*child].goes_on;
            taken.extend(deeper);
            if is_last {
                break;
            }
        }
        if taken.is_empty() { vec![at] } else { taken }
    }
}

fn check(route: &Route, field: &str, names: &Names) -> Result<()> {
    if !names.receivers.contains(&route.receiver) {
        let reason = format!("no receiver is called {:?}", route.receiver);
        return Err(Error::invalid(format!("{field}.receiver"), reason, "add it to `receivers`"));
    }
    for (word, length) in
        [("group_interval", route.group_interval), ("repeat_interval", route.repeat_interval)]
    {
        if length.is_zero() {
            let hint = "write for example 5m";
            return Err(Error::invalid(format!("{field}.{word}"), "it is zero", hint));
        }
    }
    for (word, used) in
        [("mute_time_intervals", &route.mute), ("active_time_intervals", &route.active)]
    {
        if let Some(name) = used.iter().find(|name| !names.intervals.contains(*name)) {
            let reason = format!("no time interval is called {name:?}");
            let hint = "add it to `time_intervals`";
            return Err(Error::invalid(format!("{field}.{word}"), reason, hint));
        }
    }
    Ok(())
}

fn group_by(field: &str, names: Vec<String>) -> Result<GroupBy> {
    let field = format!("{field}.group_by");
    let count = names.len();
    let set: BTreeSet<String> = names.into_iter().collect();
    if set.len() != count {
        return Err(Error::invalid(field, "a label is there twice", "name each label once"));
    }
    if set.contains("") {
        return Err(Error::invalid(field, "a label's name is empty", "remove it"));
    }
    if !set.contains(ALL_LABELS) {
        return Ok(GroupBy::Labels(set));
    }
    if count > 1 {
        let hint = "`...` stands for every label; remove it or the other names";
        return Err(Error::invalid(field, "`...` has other names beside it", hint));
    }
    Ok(GroupBy::All)
}

/// Matchers as texts, each of one or several.
pub fn from_texts(field: &str, texts: &[String]) -> Result<Vec<Matcher>> {
    let mut found = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        found.extend(parse(text).map_err(|error| within(&format!("{field}[{at}]"), error))?);
    }
    Ok(found)
}

/// The older way to write matchers: maps from labels to values and to patterns.
pub fn from_maps(
    field: &str,
    equal: &BTreeMap<String, String>,
    like: &BTreeMap<String, String>,
) -> Result<Vec<Matcher>> {
    let equal = equal.iter().map(|(name, value)| Matcher::new(name, Operator::Equal, value));
    let like = like.iter().map(|(name, value)| Matcher::new(name, Operator::Regex, value));
    equal.chain(like).map(|matcher| matcher.map_err(|error| within(field, error))).collect()
}

fn within(field: &str, error: Error) -> Error {
    match error {
        Error::Invalid { reason, hint, .. } => Error::invalid(field, reason, hint),
        other => other,
    }
}
