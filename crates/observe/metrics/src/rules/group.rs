//! One group: its rules' state, and one turn of it at a given time. No clock but to say
//! how long things took.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RulesConfig;
use super::alert::{Alert, Alerts, Turn, milliseconds};
use super::config::{AlertingRule, Rule, RuleGroup, Texts};
use super::record::recorded;
use super::restore::restore;
use super::status::{GroupStatus, RuleHealth, RuleStatus};
use super::template::{self, Data};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::promql::{Data as Answered, Engine};
use crate::sample::{STALE, Sample, Vector};
use crate::scope::{Scope, Scoped};
use crate::store::{Refusal, Store};

/// A group with what its rules remember from one turn to the next.
pub struct Group {
    config: Arc<RuleGroup>,
    rules: Vec<State>,
    /// Series of rules that are gone; they end at the next turn.
    orphans: HashSet<Labels>,
    /// Alerts of rules that are gone, to be told as ended.
    ended: Vec<Alert>,
    evaluated_at: Option<i64>,
    took: Duration,
}

#[derive(Default)]
struct State {
    /// The series of the last turn that went well.
    series: HashSet<Labels>,
    alerts: Alerts,
    is_restored: bool,
    status: RuleStatus,
}

impl Group {
    pub fn new(config: RuleGroup) -> Group {
        let rules = config.rules.iter().map(|_| State::default()).collect();
        Group {
            config: Arc::new(config),
            rules,
            orphans: HashSet::new(),
            ended: vec![],
            evaluated_at: None,
            took: Duration::ZERO,
        }
    }

    pub fn config(&self) -> &RuleGroup {
        &self.config
    }

    /// Follows a changed configuration. Rules of the same name and labels keep their state.
    pub fn reshape(&mut self, config: RuleGroup, rules: &RulesConfig, now: i64) {
        let is_same_scope = config.namespace == self.config.namespace;
        let before = self.config.clone();
        let mut states: Vec<_> = before.rules.iter().zip(std::mem::take(&mut self.rules)).collect();
        for rule in &config.rules {
            let known = states.iter().position(|(known, _)| is_same(known, rule));
            let state = known.filter(|_| is_same_scope).map(|at| states.remove(at).1);
            self.rules.push(state.unwrap_or_default());
        }
        for (rule, mut state) in states {
            self.orphans.extend(state.series);
            self.ended.extend(state.alerts.end(now, &link(rules, rule.expr())));
        }
        self.config = Arc::new(config);
    }

    /// Ends all series of the group at a time; gives its alerts as ended.
    pub fn end(mut self, store: &Store, rules: &RulesConfig, now: i64) -> Vec<Alert> {
        let empty = RuleGroup { rules: vec![], ..(*self.config).clone() };
        self.reshape(empty, rules, now);
        self.evaluate(store, rules, now)
    }

    /// Evaluates all rules in order at a time, each over what those before it made.
    /// Gives the alerts that are due to be told. A rule that fails is left at its last
    /// state, with the reason in its status.
    pub fn evaluate(&mut self, store: &Store, rules: &RulesConfig, now: i64) -> Vec<Alert> {
        let started = Instant::now();
        let config = self.config.clone();
        let scope = match &config.namespace {
            Some(namespace) => Scope::only([namespace]),
            None => Scope::all(),
        };
        let source = Scoped { source: store, scope: &scope };
        let turn = GroupTurn {
            config: &config,
            rules,
            store,
            source: &source,
            now,
            looked_at: now - milliseconds(config.query_offset.unwrap_or_default()),
        };
        let mut due = std::mem::take(&mut self.ended);
        for (rule, state) in config.rules.iter().zip(&mut self.rules) {
            let started = Instant::now();
            let outcome = turn.evaluate(rule, state);
            state.status.took = started.elapsed();
            state.status.evaluated_at = Some(now);
            (state.status.health, state.status.error) = match outcome {
                Ok(alerts) => {
                    due.extend(alerts);
                    (RuleHealth::Ok, None)
                }
                Err(error) => (RuleHealth::Err, Some(error.to_string())),
            };
            state.status.alerts = state.alerts.active().cloned().collect();
            state.status.alerts.sort_by(|left, right| left.labels.cmp(&right.labels));
        }
        let told: BTreeSet<&Labels> = self.rules.iter().flat_map(|state| &state.series).collect();
        let orphans: Vec<Labels> =
            self.orphans.drain().filter(|labels| !told.contains(labels)).collect();
        if let Err(error) = store.append(markers(orphans, turn.looked_at)) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                group = config.name,
                "cannot mark the series of removed rules as ended"
            );
        }
        (self.evaluated_at, self.took) = (Some(now), started.elapsed());
        due
    }

    pub fn status(&self, default_interval: Duration) -> GroupStatus {
        GroupStatus {
            group: self.config.clone(),
            interval: self.config.interval_or(default_interval),
            evaluated_at: self.evaluated_at,
            took: self.took,
            rules: self.rules.iter().map(|state| state.status.clone()).collect(),
        }
    }
}

/// What all rules of a group share in one turn.
struct GroupTurn<'a> {
    config: &'a RuleGroup,
    rules: &'a RulesConfig,
    store: &'a Store,
    source: &'a Scoped<'a>,
    now: i64,
    /// The time that is asked about and written at.
    looked_at: i64,
}

impl GroupTurn<'_> {
    fn evaluate(&self, rule: &Rule, state: &mut State) -> Result<Vec<Alert>> {
        let labels = merged(&self.config.labels, rule.labels());
        let namespace = self.config.namespace.as_deref();
        let vector = self.query(rule.expr())?;
        let (samples, due) = match rule {
            Rule::Recording(recording) => {
                let limit = self.config.limit;
                (recorded(recording, &labels, namespace, limit, vector)?, vec![])
            }
            Rule::Alerting(alerting) => self.raise(alerting, &labels, vector, state)?,
        };
        let series: HashSet<Labels> = samples.iter().map(|(labels, _)| labels.clone()).collect();
        let gone: Vec<Labels> = state.series.difference(&series).cloned().collect();
        let written = samples.into_iter().chain(markers(gone, self.looked_at)).collect();
        // Alerts that are due are told even when their series cannot be kept.
        let kept = self.write(written);
        state.series = series;
        match kept {
            Err(error) if due.is_empty() => Err(error),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    rule = rule.name(),
                    "what a rule made is lost; is the disk full?"
                );
                Ok(due)
            }
            Ok(()) => Ok(due),
        }
    }

    fn write(&self, written: Vector) -> Result<()> {
        if self.config.namespace.is_none() {
            return self.store.append(written).map(drop);
        }
        let refused = self.store.append_bounded(written)?.refused;
        match refused.iter().filter(|(_, reason)| *reason == Refusal::TooMany).count() {
            0 => Ok(()),
            new => Err(Error::Execution(format!(
                "{new} new series are not kept, the others are: the namespace has reached its limit of {} series",
                self.store.config().series_per_namespace
            ))),
        }
    }

    /// The samples to write and the alerts to tell.
    fn raise(
        &self,
        rule: &AlertingRule,
        labels: &Texts,
        vector: Vector,
        state: &mut State,
    ) -> Result<(Vector, Vec<Alert>)> {
        let query = |query: &str| self.query(query);
        let data = Data {
            labels: &Labels::empty(),
            value: 0.0,
            external_url: &self.rules.external_url,
            now: self.now,
            query: &query,
        };
        let turn = Turn {
            rule,
            labels,
            namespace: self.config.namespace.as_deref(),
            limit: self.config.limit,
            now: self.now,
        };
        state.alerts.observe(&turn, vector, &data)?;
        if !state.is_restored {
            restore(&mut state.alerts, &turn, self.source, self.rules)?;
            state.is_restored = true;
        }
        state.alerts.advance(&turn)?;
        let interval = self.config.interval_or(self.rules.interval);
        let due = state.alerts.due(
            self.now,
            milliseconds(self.rules.resend),
            milliseconds(interval),
            &link(self.rules, &rule.expr),
        );
        Ok((state.alerts.samples(self.looked_at).collect(), due))
    }

    /// A vector, or a scalar as one without labels.
    fn query(&self, query: &str) -> Result<Vector> {
        let engine = Engine { source: self.source, limits: self.rules.limits };
        match engine.instant(query, self.looked_at)?.data {
            Answered::Vector(vector) => Ok(vector),
            Answered::Scalar(sample) => Ok(vec![(Labels::empty(), sample)]),
            Answered::Text(..) | Answered::Matrix(_) => {
                Err(Error::Execution("rule result is not a vector or scalar".into()))
            }
        }
    }
}

fn is_same(left: &Rule, right: &Rule) -> bool {
    let is_same_kind = matches!(left, Rule::Recording(_)) == matches!(right, Rule::Recording(_));
    is_same_kind && left.name() == right.name() && left.labels() == right.labels()
}

/// The group's labels, and over them the rule's.
pub fn merged(group: &Texts, rule: &Texts) -> Texts {
    let mut merged = group.clone();
    merged.extend(rule.iter().map(|(name, value)| (name.clone(), value.clone())));
    merged
}

fn markers(gone: Vec<Labels>, time: i64) -> Vector {
    gone.into_iter().map(|labels| (labels, Sample { time, value: STALE })).collect()
}

fn link(rules: &RulesConfig, query: &str) -> String {
    format!("{}{}", rules.external_url.trim_end_matches('/'), template::link(query))
}
