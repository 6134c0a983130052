//! One scrape: fetch, read, label, append, and mark what is gone.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

use super::relabel::relabel;
use super::{Health, Reach, Target};
use crate::error::{Error, Result};
use crate::exemplars::Exemplar;
use crate::labels::{Labels, NAME};
use crate::metadata::Metadata;
use crate::sample::{STALE, Sample};
use crate::scope::NAMESPACE;
use crate::store::{Store, now};
use crate::text::{self, Exposed};

/// A page of metrics is at most so many bytes: some hundred thousand samples.
const LARGEST: usize = 64 << 20;

/// What is remembered of a target from one scrape to the next.
#[derive(Default)]
pub struct Session {
    /// The series of the last scrape, with `up` and its like.
    series: HashSet<Labels>,
    /// When the last scrape was. Milliseconds since 1970.
    time: Option<i64>,
}

impl Session {
    pub async fn scrape(
        mut self,
        store: &Store,
        metadata: &Metadata,
        target: &Target,
    ) -> (Session, Health) {
        let (time, started) = (now(), Instant::now());
        let fetched =
            tokio::time::timeout(target.timeout.min(target.interval), fetch(&target.reach)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(Error::Scrape("it took too long".into())));
        let read = fetched.and_then(|(body, is_open_metrics)| text::parse(&body, is_open_metrics));
        let duration = started.elapsed();
        let count = read.as_ref().map_or(0, |page| page.samples.len());
        let (page, error) = match read.and_then(|page| within_limit(page, target.sample_limit)) {
            Ok(page) => (page, None),
            Err(error) => (text::Page::default(), Some(error.to_string())),
        };
        metadata.note(page.about);
        let mut told = HashSet::with_capacity(count);
        let mut samples = Vec::with_capacity(count + 4);
        let mut exemplars = Vec::new();
        for mut exposed in page.samples {
            let event = exposed.exemplar.take();
            let sample = Sample { time: exposed.time.unwrap_or(time), value: exposed.value };
            let has_own_time = exposed.time.is_some();
            let Some(labels) = labelled(exposed, target) else { continue };
            // Series with times of their own say themselves when they end.
            if !has_own_time {
                told.insert(labels.clone());
            }
            exemplars.extend(event.map(|event| {
                let time = event.time.unwrap_or(sample.time);
                let event =
                    Exemplar { labels: Labels::new(event.labels), value: event.value, time };
                (labels.clone(), event)
            }));
            samples.push((labels, sample));
        }
        store.exemplars().note(exemplars);
        let new_series = told.difference(&self.series).count();
        let up = if error.is_none() { 1.0 } else { 0.0 };
        let reports = [
            ("up", up),
            ("scrape_duration_seconds", duration.as_secs_f64()),
            ("scrape_samples_scraped", count as f64),
            ("scrape_samples_post_metric_relabeling", count as f64),
            ("scrape_series_added", new_series as f64),
            ("scrape_sample_limit", target.sample_limit as f64),
        ];
        for (name, value) in reports {
            let labels = report(name, target);
            told.insert(labels.clone());
            samples.push((labels, Sample { time, value }));
        }
        let gone = self
            .series
            .difference(&told)
            .map(|labels| (labels.clone(), Sample { time, value: STALE }));
        samples.extend(gone);
        self.time = Some(time);
        let appended = store.append(samples);
        let error = match appended {
            Ok(appended) => {
                if !appended.refused.is_empty() {
                    tracing::warn!(
                        job = target.job,
                        instance = target.instance,
                        samples = appended.refused.len(),
                        "scraped samples are older than what is there; was the clock set back?"
                    );
                }
                // The store's copies of the labels are kept instead of ours.
                self.series =
                    appended.held.into_iter().filter(|labels| told.contains(labels)).collect();
                error
            }
            Err(failed) => {
                tracing::error!(
                    error = &failed as &dyn std::error::Error,
                    job = target.job,
                    "scraped samples are lost; is the disk full?"
                );
                Some(failed.to_string())
            }
        };
        (self, health(target, time, duration, error))
    }

    /// The target is no longer scraped: all its series end now.
    pub fn end(self, store: &Store) {
        // The last scrape may be of this very millisecond, and a series keeps the first
        // of two samples at one time.
        let time = self.time.map_or_else(now, |last| now().max(last + 1));
        let markers = self.series.into_iter().map(|labels| (labels, Sample { time, value: STALE }));
        if let Err(error) = store.append(markers.collect()) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot mark series as ended"
            );
        }
    }
}

fn within_limit(page: text::Page, limit: usize) -> Result<text::Page> {
    let count = page.samples.len();
    if count > limit {
        return Err(Error::Scrape(format!(
            "it tells {count} samples, more than the limit of {limit}; which of its labels has too many values?"
        )));
    }
    Ok(page)
}

async fn fetch(reach: &Reach) -> Result<(String, bool)> {
    match reach {
        Reach::Call(text) => {
            let body = text().await.map_err(Error::Scrape)?;
            let is_open_metrics = body.trim_end().ends_with("# EOF");
            Ok((body, is_open_metrics))
        }
        Reach::Url(url) => {
            fetch_url(url).await.map_err(|error| Error::Scrape(chain(error.as_ref())))
        }
    }
}

async fn fetch_url(
    url: &str,
) -> std::result::Result<(String, bool), Box<dyn std::error::Error + Send + Sync>> {
    // Made when the first target over HTTP is: it costs memory. Targets belong to
    // tenants: none may send the platform to an address that it does not have itself.
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        client.build().unwrap_or_default()
    });
    let accepted =
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let mut response = CLIENT.get(url).header("accept", accepted).send().await?;
    if !response.status().is_success() {
        return Err(format!("it answered {}", response.status()).into());
    }
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let is_open_metrics = kind.starts_with("application/openmetrics-text");
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST {
            return Err(format!("it is larger than {} MiB", LARGEST >> 20).into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((String::from_utf8(body)?, is_open_metrics))
}

/// An error with its causes: "connection refused" is never in the outermost one.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// `None` when relabelling drops the sample.
fn labelled(exposed: Exposed, target: &Target) -> Option<Labels> {
    let ours = own_labels(target);
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(exposed.labels.len() + ours.len());
    for (name, value) in exposed.labels {
        let is_taken = name != NAME && ours.iter().any(|(own, _)| *own == name);
        match (is_taken, target.honor_labels) {
            (true, false) => pairs.push((format!("exported_{name}"), value)),
            _ => pairs.push((name, value)),
        }
    }
    for (name, value) in ours {
        if !target.honor_labels || pairs.iter().all(|(own, _)| *own != name) {
            pairs.push((name, value));
        }
    }
    if !target.metric_relabelings.is_empty() {
        let mut labels: BTreeMap<String, String> = pairs.into_iter().collect();
        if !relabel(&mut labels, &target.metric_relabelings) {
            return None;
        }
        pairs = labels.into_iter().collect();
    }
    if let Some(namespace) = &target.namespace {
        // Of two pairs with one name the later one counts.
        pairs.push((NAMESPACE.to_owned(), namespace.clone()));
    }
    Some(Labels::new(pairs))
}

fn own_labels(target: &Target) -> Vec<(String, String)> {
    let mut labels = target.labels.clone();
    labels.push(("job".into(), target.job.clone()));
    labels.push(("instance".into(), target.instance.clone()));
    labels.extend(target.namespace.iter().map(|own| (NAMESPACE.to_owned(), own.clone())));
    labels
}

fn report(name: &str, target: &Target) -> Labels {
    let mut pairs = own_labels(target);
    pairs.push((NAME.into(), name.into()));
    Labels::new(pairs)
}

fn health(target: &Target, time: i64, duration: Duration, error: Option<String>) -> Health {
    let url = match &target.reach {
        Reach::Call(_) => String::new(),
        Reach::Url(url) => url.clone(),
    };
    Health {
        job: target.job.clone(),
        instance: target.instance.clone(),
        labels: target.labels.clone(),
        discovered: target.discovered.clone(),
        url,
        interval: target.interval,
        last_scrape: Some(time),
        duration,
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::Source;
    use crate::store::Config;

    #[tokio::test]
    async fn a_target_that_ends_at_once_leaves_no_series_behind() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        // Most of them end in the millisecond of their scrape.
        for instance in 0..100 {
            let target = Target::call("job", &instance.to_string(), || {
                Box::pin(async { Ok("told 1\n".to_owned()) })
            });
            let session = Session::default();
            let (session, _) = session.scrape(&store, &Metadata::default(), &target).await;
            session.end(&store);
        }
        let all = store.select(&[], 0, i64::MAX).unwrap();
        assert_eq!(all.len(), 700, "what is told, and six reports");
        for series in all {
            let last = series.samples.last().unwrap();
            assert_eq!(last.value.to_bits(), STALE.to_bits(), "{:?}", series.labels);
        }
    }

    #[tokio::test]
    async fn a_target_that_explodes_is_cut_off_and_told() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        let page = || -> String { (0..11).map(|id| format!("x{{id=\"{id}\"}} 1\n")).collect() };
        let target = Target::call("job", "a", move || Box::pin(async move { Ok(page()) }));
        let (_, health) =
            Session::default().scrape(&store, &Metadata::default(), &target.at_most(10)).await;
        let error = health.error.unwrap();
        assert!(error.contains("11 samples, more than the limit of 10"), "{error}");
        let kept = store.select(&[], 0, i64::MAX).unwrap();
        let value = |name: &str| {
            let series = kept.iter().find(|series| series.labels.get(NAME) == name);
            series.map(|series| series.samples[0].value)
        };
        assert_eq!((value("x"), value("up")), (None, Some(0.0)));
        assert_eq!(
            (value("scrape_samples_scraped"), value("scrape_sample_limit")),
            (Some(11.0), Some(10.0))
        );
    }
}
