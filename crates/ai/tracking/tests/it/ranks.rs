//! The best by a metric are the same runs in the same order, wherever they are looked for.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{AnyPool, Row};

use crate::server::{Server, on_each_empty};

const ORDERS: [&[&str]; 5] = [
    &["metrics.m DESC"],
    &["metrics.m ASC"],
    &["metrics.m DESC", "params.p DESC"],
    &["metrics.m", "metrics.n DESC"],
    &["metrics.n ASC"],
];
const FILTERS: [&str; 6] = [
    "",
    "metrics.m > 2",
    "metrics.m != 3 AND params.p = '1'",
    "metrics.n >= 0 AND tags.t = 'odd'",
    "params.p IS NULL",
    "metrics.m <= 4 AND metrics.m > 0 AND start_time >= 1",
];

/// Ties, special numbers, runs without the metric and deleted ones.
async fn fill(server: &Server, experiment: &str) {
    for number in 0..40_i64 {
        let run = server.run(experiment).await;
        let value = match number % 10 {
            7 => json!("NaN"),
            8 => json!("Infinity"),
            9 => json!("-Infinity"),
            small => json!(small / 2),
        };
        let mut metrics = vec![];
        if number % 5 != 4 {
            metrics.push(json!({ "key": "m", "value": value, "timestamp": 1, "step": 0 }));
        }
        if number % 3 == 0 {
            metrics.push(json!({ "key": "n", "value": number % 4, "timestamp": 1, "step": 0 }));
        }
        let mut params = vec![];
        if number % 4 != 0 {
            params.push(json!({ "key": "p", "value": (number % 3).to_string() }));
        }
        let tags = json!([{ "key": "t", "value": if number % 2 == 1 { "odd" } else { "even" } }]);
        let batch = json!({ "run_id": run, "metrics": metrics, "params": params, "tags": tags });
        server.ok("POST", "runs/log-batch", batch).await;
        if number % 13 == 12 {
            server.ok("POST", "runs/delete", json!({ "run_id": run })).await;
        }
    }
}

/// Each question's runs, whole, page by page.
async fn answers(server: &Server, experiment: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for order in ORDERS {
        for filter in FILTERS {
            for (size, view) in [(4, "ACTIVE_ONLY"), (7, "ALL"), (100, "ACTIVE_ONLY")] {
                let mut token = Value::Null;
                loop {
                    let body = json!({ "experiment_ids": [experiment], "order_by": order, "filter": filter,
                        "max_results": size, "run_view_type": view, "page_token": token });
                    let page = server.ok("POST", "runs/search", body).await;
                    token = page["next_page_token"].clone();
                    found.push(page);
                    if token.is_null() {
                        break;
                    }
                }
            }
        }
    }
    found
}

async fn count(pool: &AnyPool, sql: &'static str) -> i64 {
    sqlx::query(sql).fetch_one(pool).await.expect("counts").try_get(0).expect("a number")
}

/// Waits until all runs are ranked: what an earlier process left is, at once.
async fn ranked(pool: &AnyPool) {
    while count(pool, "SELECT COUNT(*) FROM ml_runs WHERE ranked = 0").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn ranked_runs_are_found_as_others_are() {
    on_each_empty(async |url| same_answers(&url).await).await;
}

async fn same_answers(url: &str) {
    let server = Server::start(url).await;
    let experiment = server.experiment("e").await;
    fill(&server, &experiment).await;
    // The public address, a server's own, is part of the answers.
    let base = server.base.clone();
    let plain = |answers: Vec<Value>, base: &str| json!(answers).to_string().replace(base, "");
    let before = plain(answers(&server, &experiment).await, &base);
    let pool = AnyPool::connect(url).await.expect("opens");
    assert_eq!(count(&pool, "SELECT COUNT(*) FROM ml_ranks").await, 0, "none is quiet yet");

    let next = Server::start(url).await;
    ranked(&pool).await;
    let entries = "SELECT (SELECT COUNT(*) FROM ml_ranks) - (SELECT COUNT(*) FROM ml_latest)";
    assert_eq!(count(&pool, entries).await, 0, "each latest number is ranked");
    assert_eq!(plain(answers(&next, &experiment).await, &next.base), before);

    // The best of all leaves the ranks with a worse number, and is found where it belongs.
    let body =
        json!({ "experiment_ids": [experiment], "order_by": ["metrics.m DESC"], "max_results": 1 });
    let best =
        next.ok("POST", "runs/search", body.clone()).await["runs"][0]["info"]["run_id"].clone();
    let metric = json!({ "key": "m", "value": 3.5, "timestamp": 2, "step": 1 });
    next.ok("POST", "runs/log-batch", json!({ "run_id": best, "metrics": [metric] })).await;
    assert_eq!(count(&pool, "SELECT COUNT(*) FROM ml_runs WHERE ranked = 0").await, 1);
    let left = "SELECT COUNT(*) FROM ml_ranks o JOIN ml_runs r ON r.seq = o.run WHERE r.ranked = 0";
    assert_eq!(count(&pool, left).await, 0);
    let mixed = plain(answers(&next, &experiment).await, &next.base);
    assert_ne!(mixed, before);
    let last = Server::start(url).await;
    ranked(&pool).await;
    assert_eq!(plain(answers(&last, &experiment).await, &last.base), mixed);
    pool.close().await;
}

/// Several programs on one database log to the same runs, each in its own order, while
/// others that start take them in.
#[tokio::test]
async fn a_number_logged_while_its_run_comes_in_is_ranked_as_it_is() {
    on_each_empty(async |url| raced(&url).await).await;
}

async fn raced(url: &str) {
    const RUNS: usize = 12;
    let first = Server::start(url).await;
    let experiment = first.experiment("e").await;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(first.run(&experiment).await);
    }
    let second = Server::start(url).await;
    for round in 0..8_usize {
        let orders = [(0..RUNS).collect::<Vec<_>>(), (0..RUNS).rev().collect()];
        let mut all = Vec::new();
        for (server, order) in [(&first, &orders[0]), (&second, &orders[1])] {
            for run in order {
                let step = 2 * round + usize::from(std::ptr::eq(server, &second));
                let value = ((step * 7 + run) % 13) as f64;
                let metric = json!({ "key": "m", "value": value, "timestamp": step, "step": step });
                let batch = json!({ "run_id": runs[*run], "metrics": [metric] });
                all.push(server.ok("POST", "runs/log-batch", batch));
            }
        }
        let (_, third) = tokio::join!(futures::future::join_all(all), Server::start(url));
        drop(third);
    }
    let pool = AnyPool::connect(url).await.expect("opens");
    let last = Server::start(url).await;
    ranked(&pool).await;
    let wrong = "SELECT COUNT(*) FROM ml_latest l WHERE NOT EXISTS (SELECT 1 FROM ml_ranks o \
                 WHERE o.run = l.run AND o.key = l.key AND o.nan = l.nan AND o.value = l.value)";
    assert_eq!(count(&pool, wrong).await, 0, "each number is ranked");
    assert_eq!(count(&pool, "SELECT COUNT(*) FROM ml_ranks").await, RUNS as i64, "and once");
    let body = json!({ "experiment_ids": [experiment], "order_by": ["metrics.m DESC"] });
    let found = last.ok("POST", "runs/search", body).await;
    assert_eq!(found["runs"].as_array().expect("runs").len(), RUNS);
    pool.close().await;
}
