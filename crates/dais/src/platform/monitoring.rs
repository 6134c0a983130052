//! What people ask to be scraped and evaluated, handed to the metric store; and what
//! the rules find, handed to those who tell people.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dais_api::monitoring::{Relabeling as Step, Rule as WrittenRule, RuleGroup as WrittenGroup};
use dais_controllers::monitoring::{RuleSource, ScrapeJob};
use dais_controllers::seams::{self, RuleFault};
use dais_metrics::rules::{RefusedRule, Rule, RuleGroup, Rules};
use dais_metrics::{Relabeling, RelabelingConfig, Scraper, Target, parse_duration};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::telemetry::OWN_METRICS;

/// A scrape that says nothing else; Prometheus operator's default.
const INTERVAL: Duration = Duration::from_secs(30);
/// Nobody may have the platform ask more often.
const SHORTEST: Duration = Duration::from_secs(1);
const NAMESPACE: &str = "namespace";

/// All targets and rules: the platform's own, and what people ask for.
#[derive(Clone)]
pub struct Monitoring {
    pub scraper: Arc<Scraper>,
    pub rules: Arc<Rules>,
    targets: Arc<Mutex<Targets>>,
}

#[derive(Default)]
struct Targets {
    own: Vec<Target>,
    asked: Vec<Target>,
}

impl Monitoring {
    pub fn new(scraper: Scraper, rules: Rules) -> Self {
        Self { scraper: Arc::new(scraper), rules: Arc::new(rules), targets: Arc::default() }
    }

    pub fn scrape_own(&self, targets: Vec<Target>) {
        self.set(|all| all.own = targets);
    }

    fn set(&self, change: impl FnOnce(&mut Targets)) {
        let mut all = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut all);
        self.scraper.set_targets(all.own.iter().chain(&all.asked).cloned().collect());
    }
}

impl seams::Monitoring for Monitoring {
    fn scrape(&self, jobs: Vec<ScrapeJob>) {
        self.set(|all| all.asked = jobs.into_iter().flat_map(targets).collect());
    }

    fn evaluate(&self, sources: Vec<RuleSource>) -> Vec<RuleFault> {
        let (groups, faults) = read(sources);
        self.rules.set_groups(groups);
        faults
    }
}

/// The groups of all objects. What cannot be evaluated is in them too, as refused, and
/// is told once more for the object that it stands in.
fn read(sources: Vec<RuleSource>) -> (Vec<RuleGroup>, Vec<RuleFault>) {
    let (mut groups, mut faults) = (Vec::new(), Vec::new());
    for RuleSource { name, namespace, groups: written } in sources {
        let mut own: Vec<RuleGroup> = Vec::new();
        for group in written {
            let (read, reasons) = read_group(group, namespace.as_deref(), &own);
            let fault = |reason| RuleFault { source: name.clone(), reason };
            faults.extend(reasons.into_iter().map(fault));
            match own.iter_mut().find(|known| known.name == read.name) {
                Some(first) => first.refused.extend(read.refused),
                None => own.push(RuleGroup {
                    source: name.clone(),
                    namespace: namespace.clone(),
                    ..read
                }),
            }
        }
        groups.extend(own);
    }
    (groups, faults)
}

/// A group and why what of it is refused; all of it where the group itself has a fault.
fn read_group(
    mut group: WrittenGroup,
    namespace: Option<&str>,
    before: &[RuleGroup],
) -> (RuleGroup, Vec<String>) {
    let rules = std::mem::take(&mut group.rules);
    let is_repeated = before.iter().any(|known| known.name == group.name);
    let empty = match is_repeated {
        true => Err("another group before it has this name; choose another".to_owned()),
        false => serde_json::to_value(&group)
            .and_then(serde_json::from_value::<RuleGroup>)
            .map_err(|error| error.to_string()),
    };
    match empty {
        Ok(empty) => {
            let mut kept = empty.clone();
            for rule in &rules {
                match readable(&empty, namespace, rule) {
                    Ok(rule) => kept.rules.push(rule),
                    Err(reason) => kept.refused.push(refused(rule, reason)),
                }
            }
            let reasons = kept.refused.iter().map(|rule| rule.reason.clone()).collect();
            (kept, reasons)
        }
        Err(error) => {
            let reason = format!("group {:?}: {error}", group.name);
            let refused = rules.iter().map(|rule| refused(rule, reason.clone())).collect();
            (RuleGroup { name: group.name, refused, ..RuleGroup::default() }, vec![reason])
        }
    }
}

fn refused(written: &WrittenRule, reason: String) -> RefusedRule {
    RefusedRule {
        name: name_of(written),
        is_alert: written.alert.is_some(),
        expr: match &written.expr {
            IntOrString::Int(number) => number.to_string(),
            IntOrString::String(text) => text.clone(),
        },
        labels: written.labels.clone(),
        reason,
    }
}

fn name_of(written: &WrittenRule) -> String {
    written.alert.as_ref().or(written.record.as_ref()).cloned().unwrap_or_default()
}

/// A rule that can be evaluated; one that cannot keeps no other out.
fn readable(
    group: &RuleGroup,
    namespace: Option<&str>,
    written: &WrittenRule,
) -> Result<Rule, String> {
    let name = name_of(written);
    if namespace.is_some()
        && let Some(record) = &written.record
        && OWN_METRICS.iter().any(|word| record.starts_with(word))
    {
        return Err(format!(
            "group {:?}, rule {name:?}: the platform alone tells metrics of such a name; choose another",
            group.name
        ));
    }
    let rule: Rule = serde_json::to_value(written)
        .and_then(serde_json::from_value)
        .map_err(|error| format!("group {:?}, rule {name:?}: {error}", group.name))?;
    let alone = RuleGroup { rules: vec![rule.clone()], ..group.clone() };
    alone.check().map_err(|error| error.to_string())?;
    Ok(rule)
}

/// The targets of a job; what cannot be read is told and left out.
fn targets(job: ScrapeJob) -> Vec<Target> {
    let most =
        job.sample_limit.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
    let steps = |steps: Vec<Step>| steps.into_iter().map(step).collect::<Result<Vec<_>, _>>();
    let read = steps(job.relabelings).and_then(|before| {
        let mut after = steps(job.metric_relabelings)?;
        if job.keep_namespace {
            // Last, so that no step of theirs makes such a name.
            after.push(without_own_names()?);
        }
        let after: Arc<[Relabeling]> = after.into();
        let interval = duration("interval", job.interval.as_deref(), INTERVAL)?.max(SHORTEST);
        let timeout = duration("scrapeTimeout", job.timeout.as_deref(), interval)?.min(interval);
        let mut found = Vec::new();
        for labels in job.targets {
            let namespace = labels.get(NAMESPACE).cloned().filter(|_| job.keep_namespace);
            let target = Target::discovered(labels, &before, namespace.as_deref())?;
            found.extend(target.map(|target| Target {
                honor_labels: job.honor_labels,
                metric_relabelings: after.clone(),
                sample_limit:
                    most.map_or(target.sample_limit, |most| most.min(target.sample_limit)),
                ..target.every(interval).within(timeout)
            }));
        }
        Ok(found)
    });
    read.unwrap_or_else(|error: dais_metrics::Error| {
        tracing::warn!(job = job.name, %error, "not scraped");
        Vec::new()
    })
}

/// Drops samples under names that only the platform may tell.
fn without_own_names() -> dais_metrics::Result<Relabeling> {
    Relabeling::new(RelabelingConfig {
        source_labels: vec!["__name__".to_owned()],
        regex: Some(format!("(?:{}).*", OWN_METRICS.join("|"))),
        action: Some("drop".to_owned()),
        ..RelabelingConfig::default()
    })
}

fn step(step: Step) -> dais_metrics::Result<Relabeling> {
    Relabeling::new(RelabelingConfig {
        source_labels: step.source_labels,
        separator: step.separator,
        regex: step.regex,
        modulus: step.modulus,
        target_label: step.target_label,
        replacement: step.replacement,
        action: step.action,
    })
}

fn duration(name: &str, text: Option<&str>, otherwise: Duration) -> dais_metrics::Result<Duration> {
    let Some(text) = text else { return Ok(otherwise) };
    let milliseconds = parse_duration(name, text)?;
    Ok(u64::try_from(milliseconds).map_or(otherwise, Duration::from_millis))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_a_project_has_scraped_bears_no_name_of_the_platforms() {
        let found = |keep_namespace| {
            let labels = [("__address__", "127.0.0.1:1"), ("job", "web"), (NAMESPACE, "risk")];
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let targets = vec![BTreeMap::from(labels)];
            let job = ScrapeJob { keep_namespace, targets, ..ScrapeJob::default() };
            super::targets(job)[0].metric_relabelings.len()
        };
        assert_eq!((found(true), found(false)), (1, 0));
        without_own_names().expect("the pattern is one");
    }

    #[test]
    fn a_project_records_nothing_under_the_platforms_names() {
        let written = |record: &str| WrittenRule {
            record: Some(record.to_owned()),
            expr: IntOrString::String("vector(1)".to_owned()),
            ..WrittenRule::default()
        };
        let of = |namespace: Option<&str>, record| {
            readable(&RuleGroup::default(), namespace, &written(record)).map(drop)
        };
        assert!(of(Some("risk"), "kube_pod_labels").unwrap_err().contains("choose another"));
        assert_eq!(of(Some("risk"), "risk:requests"), Ok(()));
        assert_eq!(of(None, "kube_pod_labels"), Ok(()));
    }

    #[test]
    fn what_is_refused_is_told_and_shown_and_keeps_no_other_out() {
        let deep = format!("{}up{}", "(".repeat(100), ")".repeat(100));
        let groups = serde_json::json!([
            {"name": "web", "rules": [
                {"alert": "Broken", "expr": "sum((", "labels": {"severity": "page"}},
                {"alert": "Deep", "expr": deep},
                {"record": "kube_pod_labels", "expr": "vector(1)"},
                {"record": "web:up", "expr": "sum(up)"},
            ]},
            {"name": "slow", "interval": "soon", "rules": [{"alert": "Late", "expr": 1}]},
            {"name": "web", "rules": [{"alert": "Twice", "expr": "up == 0"}]},
        ]);
        let (namespace, groups) =
            (Some("risk".to_owned()), serde_json::from_value(groups).unwrap());
        let (groups, faults) =
            read(vec![RuleSource { name: "risk/web".into(), namespace, groups }]);
        let names = |group: &RuleGroup| -> Vec<String> {
            group.refused.iter().map(|rule| rule.name.clone()).collect()
        };
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].rules.iter().map(Rule::name).collect::<Vec<_>>(), ["web:up"]);
        assert_eq!(names(&groups[0]), ["Broken", "Deep", "kube_pod_labels", "Twice"]);
        assert_eq!((groups[1].rules.len(), names(&groups[1])), (0, vec!["Late".to_owned()]));
        let broken = &groups[0].refused[0];
        assert_eq!((broken.is_alert, broken.expr.as_str()), (true, "sum(("));
        assert_eq!(
            (broken.labels["severity"].as_str(), groups[1].refused[0].expr.as_str()),
            ("page", "1")
        );
        for group in &groups {
            assert_eq!(
                (group.source.as_str(), group.namespace.as_deref()),
                ("risk/web", Some("risk"))
            );
        }
        for (at, words) in [
            "Broken",
            "limit of 60 levels",
            "choose another",
            "no duration",
            "before it has this name",
        ]
        .iter()
        .enumerate()
        {
            assert_eq!(faults[at].source, "risk/web");
            assert!(faults[at].reason.contains(words), "{words}: {:?}", faults[at]);
        }
        assert_eq!(faults.len(), 5);
    }
}
