//! Rules with their state, and active alerts. A narrowed caller sees the groups of its
//! namespaces, and the alerts about them whichever group raised these. Rules that were
//! refused stand behind the others of their group, with the reason as their last error.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use promql_parser::label::Matcher;
use serde_json::{Map, Value, json};

use super::answer::{metric, success};
use super::parameters::Parameters;
use super::{Api, scope_of};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::promql::parse;
use crate::rules::{
    ActiveAlert, AlertState, AlertingRule, GroupStatus, RefusedRule, Rule, RuleHealth, RuleStatus,
    Texts, exponential, merged,
};
use crate::scope::Scope;
use crate::store::is_match;

/// What a request asks for; empty lists are everything.
struct Filter {
    kind: Option<String>,
    names: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    selectors: Vec<Vec<Matcher>>,
    excludes_alerts: bool,
}

impl Filter {
    fn read(parameters: &Parameters) -> Result<Filter> {
        let list = |name: &str| parameters.all(name).map(str::to_owned).collect();
        let kind = parameters.get("type").map(str::to_lowercase);
        if let Some(other) = kind.as_deref().filter(|kind| !matches!(*kind, "alert" | "record")) {
            return Err(Error::BadData(format!(
                "invalid parameter \"type\": {other:?} is neither alert nor record"
            )));
        }
        let excludes_alerts = match parameters.get("exclude_alerts") {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                return Err(Error::BadData(format!(
                    "invalid parameter \"exclude_alerts\": {other:?} is neither true nor false"
                )));
            }
        };
        Ok(Filter {
            kind,
            names: list("rule_name[]"),
            groups: list("rule_group[]"),
            files: list("file[]"),
            selectors: parameters.selectors()?,
            excludes_alerts,
        })
    }

    fn takes_group(&self, status: &GroupStatus) -> bool {
        let is_in = |list: &[String], own: &String| list.is_empty() || list.contains(own);
        is_in(&self.groups, &status.group.name) && is_in(&self.files, &status.group.source)
    }

    fn takes(&self, status: &GroupStatus, rule: &Rule) -> bool {
        self.takes_one(status, matches!(rule, Rule::Alerting(_)), rule.name(), rule.labels())
    }

    fn takes_refused(&self, status: &GroupStatus, rule: &RefusedRule) -> bool {
        self.takes_one(status, rule.is_alert, &rule.name, &rule.labels)
    }

    fn takes_one(&self, status: &GroupStatus, is_alert: bool, name: &str, labels: &Texts) -> bool {
        let kind = if is_alert { "alert" } else { "record" };
        // What a template will make of a label is not known here.
        let labels = merged(&status.group.labels, labels);
        let labels = Labels::new(labels.into_iter().filter(|(_, text)| !text.contains("{{")));
        self.kind.as_deref().is_none_or(|wanted| wanted == kind)
            && (self.names.is_empty() || self.names.iter().any(|wanted| wanted == name))
            && (self.selectors.is_empty()
                || self.selectors.iter().any(|matchers| is_match(&labels, matchers)))
    }
}

pub async fn rules(
    State(api): State<Api>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let (scope, filter) = (scope_of(scope), Filter::read(&parameters)?);
    let groups = api.rules.groups();
    let visible = groups.iter().filter(|status| is_visible(status, &scope));
    let rendered: Vec<Value> = visible
        .filter(|status| filter.takes_group(status))
        .map(|status| render_group(status, &filter))
        .filter(|group| group["rules"].as_array().is_some_and(|rules| !rules.is_empty()))
        .collect();
    Ok(success(json!({"groups": rendered})))
}

pub async fn alerts(State(api): State<Api>, scope: Option<Extension<Scope>>) -> Json<Value> {
    let scope = scope_of(scope);
    let groups: Vec<Arc<GroupStatus>> = api.rules.groups();
    let all = groups.iter().flat_map(|status| &status.rules).flat_map(|rule| &rule.alerts);
    let visible = all.filter(|alert| scope.allows(alert.labels.get("namespace")));
    success(json!({"alerts": visible.map(render_alert).collect::<Vec<_>>()}))
}

fn is_visible(status: &GroupStatus, scope: &Scope) -> bool {
    match &status.group.namespace {
        Some(namespace) => scope.allows(namespace),
        // Its errors may name anybody's series.
        None => scope.namespaces.is_none(),
    }
}

fn render_group(status: &GroupStatus, filter: &Filter) -> Value {
    let rules = status.group.rules.iter().zip(&status.rules);
    let wanted = rules.filter(|(rule, _)| filter.takes(status, rule));
    let refused = status.group.refused.iter().filter(|rule| filter.takes_refused(status, rule));
    let rules: Vec<Value> = wanted
        .map(|(rule, state)| render_rule(status, rule, state, filter))
        .chain(refused.map(|rule| render_refused(status, rule, filter)))
        .collect();
    json!({
        "name": status.group.name,
        "file": status.group.source,
        "interval": status.interval.as_secs_f64(),
        "limit": status.group.limit,
        "evaluationTime": status.took.as_secs_f64(),
        "lastEvaluation": moment(status.evaluated_at),
        "rules": rules,
    })
}

fn render_rule(group: &GroupStatus, rule: &Rule, state: &RuleStatus, filter: &Filter) -> Value {
    let query = parse(rule.expr()).map(|query| query.to_string());
    let mut rendered = json!({
        "name": rule.name(),
        "query": query.unwrap_or_else(|_| rule.expr().to_owned()),
        "labels": merged(&group.group.labels, rule.labels()),
        "health": state.health.word(),
        "evaluationTime": state.took.as_secs_f64(),
        "lastEvaluation": moment(state.evaluated_at),
        "type": "recording",
    });
    let Value::Object(fields) = &mut rendered else { return rendered };
    if let Some(error) = &state.error {
        fields.insert("lastError".into(), error.as_str().into());
    }
    if let Rule::Alerting(alerting) = rule {
        add_alerts(fields, alerting, state, filter);
    }
    rendered
}

/// One that is not evaluated has the shape of one that never was.
fn render_refused(group: &GroupStatus, rule: &RefusedRule, filter: &Filter) -> Value {
    let mut rendered = json!({
        "name": rule.name,
        "query": rule.expr,
        "labels": merged(&group.group.labels, &rule.labels),
        "health": RuleHealth::Err.word(),
        "lastError": rule.reason,
        "evaluationTime": 0.0,
        "lastEvaluation": moment(None),
        "type": if rule.is_alert { "alerting" } else { "recording" },
    });
    if let Value::Object(fields) = &mut rendered
        && rule.is_alert
    {
        let (alerting, state) = (AlertingRule::default(), RuleStatus::default());
        add_alerts(fields, &alerting, &state, filter);
    }
    rendered
}

fn add_alerts(
    fields: &mut Map<String, Value>,
    rule: &AlertingRule,
    state: &RuleStatus,
    filter: &Filter,
) {
    let most = state.alerts.iter().map(|alert| alert.state).max();
    let most = most.unwrap_or(AlertState::Inactive);
    let seconds = |duration: Duration| Value::from(duration.as_secs_f64());
    fields.insert("type".into(), "alerting".into());
    fields.insert("state".into(), most.word().into());
    fields.insert("duration".into(), seconds(rule.hold));
    fields.insert("keepFiringFor".into(), seconds(rule.keep_firing));
    fields.insert("annotations".into(), json!(rule.annotations));
    if !filter.excludes_alerts {
        fields.insert("alerts".into(), state.alerts.iter().map(render_alert).collect());
    }
}

fn render_alert(alert: &ActiveAlert) -> Value {
    let mut rendered = json!({
        "labels": metric(&alert.labels),
        "annotations": *alert.annotations,
        "state": alert.state.word(),
        "activeAt": moment(Some(alert.active_at)),
        "value": exponential(alert.value),
    });
    if alert.keep_firing_since.is_some() {
        rendered["keepFiringSince"] = moment(alert.keep_firing_since).into();
    }
    rendered
}

/// RFC 3339; what never was is the year 1, as Go writes it.
fn moment(time: Option<i64>) -> String {
    let time = time.and_then(|time| jiff::Timestamp::from_millisecond(time).ok());
    time.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |time| time.to_string())
}
