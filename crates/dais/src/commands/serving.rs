//! What `dais deploy` and `dais app deploy` say alike of how many run and how a new one
//! takes over.

use anyhow::{Result, bail};
use dais_api::{Autoscaling, Rollout};

/// `0..4`
pub fn autoscaling(range: &str, concurrency: i32, idle: Option<i32>) -> Result<Autoscaling> {
    let ends = range.split_once("..").and_then(|(min, max)| {
        Some((min.trim().parse::<i32>().ok()?, max.trim().parse::<i32>().ok()?))
    });
    let Some((min_replicas, max_replicas)) = ends else {
        bail!("--scale {range:?}: write min..max, for example 0..4");
    };
    Ok(Autoscaling { min_replicas, max_replicas, concurrency, idle_seconds: idle })
}

/// `None` without steps.
pub fn rollout(
    steps: Vec<i32>,
    step_seconds: Option<i32>,
    min_requests: Option<i32>,
) -> Option<Rollout> {
    let some = !steps.is_empty();
    some.then_some(Rollout { steps, step_seconds, min_requests, max_failure_percent: None })
}
