//! One scrape: fetch, read, label, append, and mark what is gone.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

use super::known::{Batch, Known, Refused, Whose};
use super::relabel::relabel;
use super::{Health, Reach, Target};
use crate::error::{Error, Result};
use crate::exemplars::Exemplar;
use crate::labels::{Labels, NAME};
use crate::metadata::Metadata;
use crate::sample::Sample;
use crate::scope::NAMESPACE;
use crate::store::{Store, now};
use crate::text::{self, Event};

/// A page of metrics is at most so many bytes: some hundred thousand samples.
const LARGEST: usize = 64 << 20;

/// So late or early a scrape counts as on time; the clock of a busy machine. Milliseconds.
const NEARLY: i64 = 10;

/// What is remembered of a target from one scrape to the next.
#[derive(Default)]
pub struct Session {
    known: Known,
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
        let (time, started) = (self.next_time(target), Instant::now());
        let fetched =
            tokio::time::timeout(target.timeout.min(target.interval), fetch(&target.reach)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(Error::Scrape("it took too long".into())));
        let duration = started.elapsed();
        let read = fetched.as_ref().map_err(ToString::to_string).and_then(|(body, is_open)| {
            text::lines(body, *is_open).map_err(|error| error.to_string())
        });
        let count = read.as_ref().map_or(0, |page| page.samples.len());
        let read = read.and_then(|page| within_limit(page, target.sample_limit));
        let (page, mut error) = match read {
            Ok(page) => (page, None),
            Err(error) => (text::Lines::default(), Some(error)),
        };
        let mut turn = Turn { target, time, duration, count, error: error.is_some() };
        let mut kept = self.keep(store, &page, &turn);
        if let Err(fault @ Error::Text { .. }) = kept {
            // A line that cannot be read fails the page.
            error = Some(fault.to_string());
            turn.error = true;
            kept = self.keep(store, &text::Lines::default(), &turn);
        } else {
            metadata.note(page.about);
        }
        match kept {
            Ok(Refused { new: 0, .. }) => {}
            Ok(Refused { new, .. }) => error = Some(too_many(new, store, target)),
            Err(failed) => {
                tracing::error!(
                    error = &failed as &dyn std::error::Error,
                    job = target.job,
                    "scraped samples are lost; is the disk full?"
                );
                error = Some(failed.to_string());
            }
        }
        self.time = Some(time);
        (self, health(target, time, duration, error))
    }

    /// An interval after the last, where the clock nearly says so: times at equal
    /// distances take next to nothing on disk.
    fn next_time(&self, target: &Target) -> i64 {
        let now = now();
        let interval = i64::try_from(target.interval.as_millis()).unwrap_or(i64::MAX);
        let wanted = self.time.and_then(|last| last.checked_add(interval));
        wanted.filter(|wanted| (now - wanted).abs() <= NEARLY).unwrap_or(now)
    }

    /// Appends a page, the reports, and markers for what is gone.
    fn keep(&mut self, store: &Store, page: &text::Lines<'_>, turn: &Turn<'_>) -> Result<Refused> {
        let Turn { target, time, .. } = *turn;
        loop {
            self.known.catch_up(store);
            let mut batch = Batch::default();
            let mut exemplars = Vec::new();
            for line in &page.samples {
                let sample = Sample { time: line.time.unwrap_or(time), value: line.value };
                let key = self.known.key(line.series);
                let whose = match self.known.find(key) {
                    Some(Some(place)) => Whose::At(place),
                    Some(None) => continue,
                    None => match labelled(line.labels()?, target) {
                        // Only what tenants have scraped bears a namespace of its own.
                        Some(labels) if target.namespace.is_some() => Whose::Bounded(labels),
                        Some(labels) => Whose::Of(labels),
                        None => {
                            self.known.drop(key);
                            continue;
                        }
                    },
                };
                batch.push(key, whose, sample, line.time.is_some());
                // Hardly any line has one.
                if let Some(event) = line.exemplar()?
                    && let Some(labels) = labelled(line.labels()?, target)
                {
                    exemplars.push((labels, exemplar(event, sample.time)));
                }
            }
            let told = batch.len();
            for (name, value) in reports(turn, told, batch.count_new()) {
                let key = self.known.key(name);
                // No line of a page has a line's end within.
                let whose = match self.known.find(key) {
                    Some(Some(place)) => Whose::At(place),
                    _ => Whose::Of(report(name.trim_end(), target)),
                };
                batch.push(key, whose, Sample { time, value }, false);
            }
            let Some(refused) = self.known.append(store, batch, time)? else { continue };
            store.exemplars().note(exemplars);
            if refused.old > 0 {
                tracing::warn!(
                    job = target.job,
                    instance = target.instance,
                    samples = refused.old,
                    "scraped samples are older than what is there; was the clock set back?"
                );
            }
            return Ok(refused);
        }
    }

    /// From now on the same lines may be other series.
    pub fn relabel(&mut self) {
        self.known.forget();
    }

    /// The target is no longer scraped: all its series end now.
    pub fn end(mut self, store: &Store) {
        // The last scrape may be of this very millisecond, and a series keeps the first
        // of two samples at one time.
        let time = self.time.map_or_else(now, |last| now().max(last + 1));
        if let Err(error) = self.known.end(store, time) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot mark series as ended"
            );
        }
    }
}

/// One scrape, whatever it told.
struct Turn<'a> {
    target: &'a Target,
    time: i64,
    duration: Duration,
    /// Samples on the page, taken or not.
    count: usize,
    error: bool,
}

/// What is told of each scrape. Names end in a line's end, which no line of a page has.
fn reports(turn: &Turn<'_>, told: usize, new: usize) -> [(&'static str, f64); 6] {
    let up = if turn.error { 0.0 } else { 1.0 };
    [
        ("up\n", up),
        ("scrape_duration_seconds\n", turn.duration.as_secs_f64()),
        ("scrape_samples_scraped\n", turn.count as f64),
        ("scrape_samples_post_metric_relabeling\n", told as f64),
        ("scrape_series_added\n", new as f64),
        ("scrape_sample_limit\n", turn.target.sample_limit as f64),
    ]
}

fn exemplar(event: Event, time: i64) -> Exemplar {
    let time = event.time.unwrap_or(time);
    Exemplar { labels: Labels::new(event.labels), value: event.value, time }
}

fn too_many(new: usize, store: &Store, target: &Target) -> String {
    format!(
        "{new} new series are not kept, the others are: namespace {} has reached its limit of {} series; which of its labels has too many values?",
        target.namespace.as_deref().unwrap_or_default(),
        store.config().series_per_namespace
    )
}

fn within_limit(
    page: text::Lines<'_>,
    limit: usize,
) -> std::result::Result<text::Lines<'_>, String> {
    let count = page.samples.len();
    if count > limit {
        return Err(format!(
            "it tells {count} samples, more than the limit of {limit}; which of its labels has too many values?"
        ));
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
fn labelled(told: Vec<(String, String)>, target: &Target) -> Option<Labels> {
    let ours = own_labels(target);
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(told.len() + ours.len());
    for (name, value) in told {
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
    use crate::sample::STALE;
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

    /// The last value of each series, by its labels.
    fn last(store: &Store) -> BTreeMap<String, f64> {
        let all = store.select(&[], i64::MIN, i64::MAX).unwrap();
        let last = |series: crate::sample::Series| {
            (series.labels.to_string(), series.samples.last().unwrap().value)
        };
        all.into_iter().map(last).filter(|(labels, _)| labels.contains("\"x\"")).collect()
    }

    fn telling(text: &'static str) -> Target {
        Target::call("j", "i", move || Box::pin(async move { Ok(text.to_owned()) }))
    }

    #[tokio::test]
    async fn what_is_known_of_a_target_survives_a_new_head() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        // Series of others, gone with the old head, so that numbers change.
        let old = Labels::new([(NAME, "x"), ("of", "others")]);
        let hours_ago = now() - 5 * 3_600_000;
        store.append(vec![(old, Sample { time: hours_ago, value: 9.0 })]).unwrap();
        let about = Metadata::default();
        let session = Session::default();
        let (session, _) =
            session.scrape(&store, &about, &telling("x{a=\"1\"} 1\nx{a=\"2\"} 2\n")).await;
        store.keep_house(now()).unwrap();
        assert_eq!((store.sizes().0, store.sizes().1), (8, 1), "the old one is in a block");
        tokio::time::sleep(Duration::from_millis(2)).await;
        let (_, health) = session.scrape(&store, &about, &telling("x{a=\"1\"} 3\n")).await;
        assert_eq!(health.error, None);
        let last = last(&store);
        let of = |labels: &str| last[&format!("{{__name__=\"x\", {labels}}}")].to_bits();
        assert_eq!(of("of=\"others\""), 9.0_f64.to_bits());
        assert_eq!(of("a=\"1\", instance=\"i\", job=\"j\""), 3.0_f64.to_bits());
        assert_eq!(of("a=\"2\", instance=\"i\", job=\"j\""), STALE.to_bits());
    }

    #[tokio::test]
    async fn a_target_that_is_labelled_anew_ends_its_old_series() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        let about = Metadata::default();
        let text = "x{job=\"own\"} 1\nx{a=\"same\"} 1\n";
        let (mut session, _) = Session::default().scrape(&store, &about, &telling(text)).await;
        session.relabel();
        tokio::time::sleep(Duration::from_millis(2)).await;
        session.scrape(&store, &about, &telling(text).honoring_labels()).await;
        let last = last(&store);
        let of = |labels: &str| last[&format!("{{__name__=\"x\", {labels}}}")].to_bits();
        assert_eq!(of("exported_job=\"own\", instance=\"i\", job=\"j\""), STALE.to_bits());
        assert_eq!(of("instance=\"i\", job=\"own\""), 1.0_f64.to_bits());
        assert_eq!(of("a=\"same\", instance=\"i\", job=\"j\""), 1.0_f64.to_bits());
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
