//! `/metrics/cadvisor`: containers, under cAdvisor's names and labels.
//!
//! A container that has ended still shows its final processor time while its
//! pod is there, so that one shorter than a scrape is counted.

use std::sync::{Arc, PoisonError};

use axum::extract::State;

use super::text::Page;
use crate::cgroup::{Limits, Usage};
use crate::host::Host;

/// A container and what it uses.
struct Row {
    labels: [(&'static str, String); 6],
    usage: Option<Usage>,
    final_cpu_seconds: Option<f64>,
    started_at: Option<f64>,
    limits: Limits,
}

pub(crate) async fn cadvisor(State(host): State<Arc<Host>>) -> impl axum::response::IntoResponse {
    let rows = rows(&host);
    let mut page = Page::default();
    let cpu = |row: &Row| row.usage.map(|usage| usage.cpu_seconds).or(row.final_cpu_seconds);
    family(
        &mut page,
        &rows,
        "container_cpu_usage_seconds_total",
        "counter",
        "Cumulative cpu time consumed in seconds.",
        cpu,
    );
    type Value = fn(&Usage) -> f64;
    let of_usage: [(&str, &str, &str, Value); 6] = [
        ("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", |u| {
            u.working_set as f64
        }),
        ("container_memory_usage_bytes", "gauge", "Current memory usage in bytes.", |u| {
            (u.working_set.max(u.rss + u.cache)) as f64
        }),
        ("container_memory_rss", "gauge", "Size of RSS in bytes.", |u| u.rss as f64),
        ("container_memory_cache", "gauge", "Number of bytes of page cache memory.", |u| {
            u.cache as f64
        }),
        (
            "container_oom_events_total",
            "counter",
            "Count of out of memory events observed for the container.",
            |u| u.oom_kills as f64,
        ),
        (
            "container_processes",
            "gauge",
            "Number of processes running inside the container.",
            |u| u.pids as f64,
        ),
    ];
    for (name, kind, help, value) in of_usage {
        family(&mut page, &rows, name, kind, help, |row| row.usage.as_ref().map(value));
    }
    let peak = |row: &Row| row.usage?.memory_peak.map(|bytes| bytes as f64);
    family(
        &mut page,
        &rows,
        "container_memory_max_usage_bytes",
        "gauge",
        "Maximum memory usage recorded in bytes.",
        peak,
    );
    let live = |row: &Row| row.usage.and(row.started_at);
    family(
        &mut page,
        &rows,
        "container_start_time_seconds",
        "gauge",
        "Start time of the container since unix epoch in seconds.",
        live,
    );
    let memory = |row: &Row| row.usage.and(row.limits.memory).map(|bytes| bytes as f64);
    family(
        &mut page,
        &rows,
        "container_spec_memory_limit_bytes",
        "gauge",
        "Memory limit for the container.",
        memory,
    );
    let quota =
        |row: &Row| row.usage.and(row.limits.cpu_limit_milli).map(|milli| milli as f64 * 100.0);
    family(
        &mut page,
        &rows,
        "container_spec_cpu_quota",
        "gauge",
        "CPU quota of the container.",
        quota,
    );
    let period = |row: &Row| row.usage.and(row.limits.cpu_limit_milli).map(|_| 100_000.0);
    family(
        &mut page,
        &rows,
        "container_spec_cpu_period",
        "gauge",
        "CPU period of the container.",
        period,
    );
    let shares = |row: &Row| {
        row.usage.and(row.limits.cpu_request_milli).map(|milli| (milli * 1024 / 1000).max(2) as f64)
    };
    family(
        &mut page,
        &rows,
        "container_spec_cpu_shares",
        "gauge",
        "CPU share of the container.",
        shares,
    );
    page
}

fn family(
    page: &mut Page,
    rows: &[Row],
    name: &str,
    kind: &str,
    help: &str,
    value: impl Fn(&Row) -> Option<f64>,
) {
    page.family(name, kind, help);
    for row in rows {
        if let Some(value) = value(row) {
            let labels: Vec<(&str, &str)> =
                row.labels.iter().map(|(name, text)| (*name, text.as_str())).collect();
            page.sample(name, &labels, value);
        }
    }
}

fn rows(host: &Host) -> Vec<Row> {
    let registry = host.registry.read().unwrap_or_else(PoisonError::into_inner);
    let containers = registry
        .values()
        .flat_map(|pod| pod.containers.iter().map(move |container| (pod, container)));
    containers
        .filter_map(|(pod, container)| {
            let id = container.id.clone()?;
            Some(Row {
                labels: [
                    ("container", container.name.clone()),
                    ("id", format!("/{}/pod{}/{id}", host.config.cgroup_name, pod.names.uid)),
                    ("image", container.image.clone()),
                    ("name", id),
                    ("namespace", pod.names.namespace.clone()),
                    ("pod", pod.names.name.clone()),
                ],
                usage: container.usage(),
                final_cpu_seconds: container.final_cpu_seconds,
                started_at: container.started_at.map(|time| time.as_millisecond() as f64 / 1e3),
                limits: container.limits,
            })
        })
        .collect()
}
