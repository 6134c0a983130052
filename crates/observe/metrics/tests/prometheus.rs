//! The same scraped data in Debian's Prometheus (2.42) and in our store, and the same
//! questions to both over HTTP. Skipped where no `prometheus` is installed.

#![allow(clippy::unwrap_used)]

#[path = "prometheus/pages.rs"]
mod pages;
#[path = "prometheus/peer.rs"]
mod peer;
#[path = "prometheus/questions.rs"]
mod questions;
#[path = "prometheus/verdict.rs"]
mod verdict;

use std::net::SocketAddr;

use dais_metrics::promql::Limits;
use dais_metrics::rules::RulesView;
use dais_metrics::{
    Api, Config, Labels, Metadata, Sample, Scope, Store, Targets, now, parse_text, router,
};
use serde_json::Value;

use peer::{Pages, Peer, serve};

const MINUTE: i64 = 60_000;

/// What Prometheus 3 answers otherwise than 2.42, or what 2.42 does not know, and why.
/// `TIME` is as in the questions, `MINUTE` a whole minute.
const DIFFERENCES: [(&str, &str); 27] = [
    ("count_over_time(vector(1)[5m:1m] @ MINUTE)", "ranges are open on the left"),
    (
        r#"label_replace(rate(requests_total[5m]), "was", "$1", "__name__", "(.*)")"#,
        "names are dropped at the end",
    ),
    ("increase(young_total[30m])", "where a counter began is guessed otherwise"),
    ("temperature_celsius atan2 3", "the name goes, as with every operator"),
    ("predict_linear(odd[5m] @ TIME, 60)", "2.42 loses the samples after the first steps"),
    (r#"{"requests_total"}"#, "names may be quoted"),
    ("max_over_time(temperature_celsius[300])", "durations may be numbers"),
    ("5m", "numbers may be durations"),
    (r#"year(odd{kind="nan"})"#, "what is no date has no year; 2.42 computes one"),
    ("histogram_fraction(0, 0.3, latency_seconds_bucket)", "classic histograms have fractions"),
    (r#"histogram_quantiles(latency_seconds_bucket, "q", 0.5, 0.9)"#, "newer than 2.42"),
    ("floor_offset + fill(0) limit_celsius", "newer than 2.42"),
    ("first_over_time(odd[5m])", "newer than 2.42"),
    ("mad_over_time(temperature_celsius[5m])", "newer than 2.42"),
    ("ts_of_max_over_time(temperature_celsius[5m])", "newer than 2.42"),
    ("ts_of_min_over_time(temperature_celsius[5m])", "newer than 2.42"),
    ("ts_of_first_over_time(temperature_celsius[5m])", "newer than 2.42"),
    ("ts_of_last_over_time(temperature_celsius[5m])", "newer than 2.42"),
    ("limitk(2, odd)", "newer than 2.42"),
    ("limit_ratio(0.5, requests_total)", "newer than 2.42"),
    ("info(temperature_celsius)", "newer than 2.42"),
    (r#"sort_by_label(odd, "kind")"#, "newer than 2.42"),
    (r#"sort_by_label_desc(odd, "kind")"#, "newer than 2.42"),
    ("max_of(1, 2)", "newer than 2.42"),
    ("min_of(1, 2)", "newer than 2.42"),
    ("start()", "newer than 2.42"),
    ("end() - range() * step()", "newer than 2.42"),
];

/// What is asked, of a peer and of us.
struct Asked {
    client: reqwest::Client,
    theirs: SocketAddr,
    ours: SocketAddr,
}

#[derive(Clone, Copy, Debug)]
enum When {
    At(i64),
    Over { start: i64, end: i64, step: i64 },
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_prometheus() {
    let directory = tempfile::tempdir().unwrap();
    // Prometheus takes nothing that is an hour older than its newest sample, which is its
    // own of now. Seven seconds past a minute no subquery's step is on a boundary.
    let start = (now() - pages::span() - 3 * MINUTE).div_euclid(MINUTE) * MINUTE;
    let pages = pages::pages(start);
    let served = Pages::serve(pages.clone()).await;
    let Some(peer) = Peer::start(directory.path(), served.address) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "install Debian's package prometheus: scripts/prepare test"
        );
        eprintln!("skipped: no prometheus is installed");
        return;
    };
    let store = filled(&directory.path().join("ours"), &pages);
    served.is_read.notified().await;
    let asked = Asked {
        client: reqwest::Client::new(),
        theirs: peer.address,
        ours: serve(answering(store)).await,
    };
    let at = |minutes: i64| start + minutes * MINUTE + 7_000;
    let (middle, minute) = (at(24) / 1000, (at(24) - 7_000) / 1000);
    let questions = questions::questions(&middle.to_string());
    let moments = [
        When::At(at(12)),
        When::At(at(33)),
        When::At(at(47)),
        When::Over { start: at(1), end: at(46), step: 3 * MINUTE },
    ];
    let (mut count, mut failures) = (0, Vec::new());
    for query in &questions {
        for when in moments {
            count += 1;
            let (theirs, ours) = asked.ask(query, when).await;
            if let Err(why) = verdict::compare(&theirs, &ours) {
                failures.push(format!("{query}  {when:?}: {why}"));
                break;
            }
        }
    }
    println!("{} queries, {count} questions, {} differ", questions.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for (query, reason) in DIFFERENCES {
        let query =
            query.replace("TIME", &middle.to_string()).replace("MINUTE", &minute.to_string());
        let mut verdicts = Vec::new();
        for when in moments {
            let (theirs, ours) = asked.ask(&query, when).await;
            assert_eq!(ours["status"], "success", "{query}: {ours}");
            verdicts.push(verdict::compare(&theirs, &ours));
        }
        let is_different = verdicts.iter().any(Result::is_err);
        assert!(is_different, "{query} is answered alike, which was not to be: {reason}");
    }
}

/// Our store with the samples of the pages, labelled as a scrape labels them.
fn filled(directory: &std::path::Path, pages: &[String]) -> Store {
    let store = Store::open(Config::new(directory)).unwrap();
    for page in pages {
        let exposed = parse_text(page, false).unwrap().samples;
        let samples = exposed.into_iter().map(|exposed| {
            let target = [("job", "pages"), ("instance", "one")];
            let target = target.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let labels = Labels::new(exposed.labels.into_iter().chain(target));
            (labels, Sample { time: exposed.time.unwrap(), value: exposed.value })
        });
        store.append(samples.collect()).unwrap();
    }
    store
}

fn answering(store: Store) -> axum::Router {
    let (metadata, targets) = (Metadata::default(), Targets::none());
    let rules = RulesView::none();
    let api = Api { store, metadata, targets, rules, limits: Limits::default() };
    router(api).layer(axum::Extension(Scope::all()))
}

impl Asked {
    /// Their answer and ours.
    async fn ask(&self, query: &str, when: When) -> (Value, Value) {
        // Prometheus 3 has renamed it.
        let their_query = query.replace("double_exponential_smoothing", "holt_winters");
        tokio::join!(
            self.answer(self.theirs, &their_query, when),
            self.answer(self.ours, query, when)
        )
    }

    async fn answer(&self, server: SocketAddr, query: &str, when: When) -> Value {
        let seconds = |milliseconds: i64| (milliseconds / 1000).to_string();
        let (path, times) = match when {
            When::At(time) => ("query", vec![("time", seconds(time))]),
            When::Over { start, end, step } => (
                "query_range",
                vec![("start", seconds(start)), ("end", seconds(end)), ("step", seconds(step))],
            ),
        };
        let mut form = vec![("query", query.to_owned())];
        form.extend(times);
        let url = format!("http://{server}/api/v1/{path}");
        self.client.post(url).form(&form).send().await.unwrap().json().await.unwrap()
    }
}
