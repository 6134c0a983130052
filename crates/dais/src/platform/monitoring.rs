//! What people ask to be scraped and evaluated, handed to the metric store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dais_api::monitoring::Relabeling as Step;
use dais_controllers::monitoring::{RuleSource, ScrapeJob};
use dais_controllers::seams::{self, RuleFault};
use dais_metrics::{Relabeling, RelabelingConfig, Scraper, Target, parse_duration};

/// A scrape that says nothing else; Prometheus's own default.
const INTERVAL: Duration = Duration::from_secs(30);
/// Nobody may have the platform ask more often.
const SHORTEST: Duration = Duration::from_secs(1);
const NAMESPACE: &str = "namespace";

/// All targets: the platform's own, and what people ask for.
#[derive(Clone)]
pub struct Scrapes {
    scraper: Arc<Scraper>,
    targets: Arc<Mutex<Targets>>,
}

#[derive(Default)]
struct Targets {
    own: Vec<Target>,
    asked: Vec<Target>,
}

impl Scrapes {
    pub fn new(scraper: Scraper) -> Self {
        Self { scraper: Arc::new(scraper), targets: Arc::default() }
    }

    pub fn scraper(&self) -> &Scraper {
        &self.scraper
    }

    pub fn set_own(&self, targets: Vec<Target>) {
        self.set(|all| all.own = targets);
    }

    pub fn set_asked(&self, jobs: Vec<ScrapeJob>) {
        self.set(|all| all.asked = jobs.into_iter().flat_map(targets).collect());
    }

    fn set(&self, change: impl FnOnce(&mut Targets)) {
        let mut all = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut all);
        self.scraper.set_targets(all.own.iter().chain(&all.asked).cloned().collect());
    }
}

impl seams::Monitoring for Scrapes {
    fn scrape(&self, jobs: Vec<ScrapeJob>) {
        self.set_asked(jobs);
    }

    fn evaluate(&self, _sources: Vec<RuleSource>) -> Vec<RuleFault> {
        Vec::new()
    }
}

/// The targets of a job; what cannot be read is told and left out.
fn targets(job: ScrapeJob) -> Vec<Target> {
    let steps = |steps: Vec<Step>| steps.into_iter().map(step).collect::<Result<Vec<_>, _>>();
    let read = steps(job.relabelings).and_then(|before| {
        let after: Arc<[Relabeling]> = steps(job.metric_relabelings)?.into();
        let interval = duration("interval", job.interval.as_deref(), INTERVAL)?.max(SHORTEST);
        let timeout = duration("scrapeTimeout", job.timeout.as_deref(), interval)?.min(interval);
        let mut found = Vec::new();
        for labels in job.targets {
            let namespace = labels.get(NAMESPACE).cloned().filter(|_| job.keep_namespace);
            let target = Target::discovered(labels, &before, namespace.as_deref())?;
            found.extend(target.map(|target| Target {
                honor_labels: job.honor_labels,
                metric_relabelings: after.clone(),
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
