//! The platform killed, the shim killed: what must survive does.

use std::path::Path;

use serde_json::json;

use crate::support::Platform;

#[test]
fn a_job_outlives_a_killed_platform_and_no_line_is_lost_or_doubled() {
    const LINES: usize = 400;
    let mut platform = Platform::start();
    let count =
        format!("i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); sleep 0.01; done");
    platform.ok(&["run", "--name", "count", "--no-code", "--detach", "--", "sh", "-c", &count]);
    platform.until_phase("count", "Running");
    let container = container(&platform, "count-1");
    platform.kill();
    platform.up();
    platform.until_phase("count", "Succeeded");
    assert_eq!(self::container(&platform, "count-1"), container, "it was started anew");
    assert_eq!(platform.job("count")["status"]["attempts"], 1);
    let numbers = platform.until("all lines in the log store", || {
        let numbers = stored(&platform, "count");
        (numbers.len() >= LINES).then_some(numbers)
    });
    let mut distinct = numbers.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((numbers.len(), distinct.len()), (LINES, LINES));
}

fn container(platform: &Platform, pod: &str) -> String {
    let pod = platform.get(&format!("/k8s/api/v1/namespaces/default/pods/{pod}")).unwrap();
    pod["status"]["containerStatuses"][0]["containerID"].as_str().unwrap().to_owned()
}

fn stored(platform: &Platform, app: &str) -> Vec<usize> {
    let query = json!({"size": 5000, "query": {"term": {"app": app}}});
    let (code, answer) = platform.post("/elasticsearch/_search", &query);
    assert_eq!(code, 200, "{answer}");
    let hits = answer["hits"]["hits"].as_array().unwrap();
    let message = |hit: &serde_json::Value| hit["_source"]["message"].as_str().unwrap().to_owned();
    hits.iter().filter_map(|hit| message(hit).strip_prefix("line ")?.trim().parse().ok()).collect()
}

#[test]
fn acknowledged_objects_survive_a_kill() {
    let mut platform = Platform::start();
    let config = |at: usize| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{at}")}});
    for at in 0..50 {
        let (code, answer) =
            platform.post("/k8s/api/v1/namespaces/default/configmaps", &config(at));
        assert_eq!(code, 201, "{answer}");
    }
    platform.kill();
    platform.up();
    for at in 0..50 {
        platform.get(&format!("/k8s/api/v1/namespaces/default/configmaps/c{at}")).unwrap();
    }
}

#[test]
fn a_killed_shim_is_said_and_no_exit_code_is_invented() {
    let platform = Platform::start();
    platform.ok(&["run", "--name", "orphan", "--no-code", "--detach", "--", "sleep", "1000"]);
    platform.until_phase("orphan", "Running");
    let shim = shims(&platform.data());
    assert_eq!(shim.len(), 1, "{shim:?}");
    // SAFETY of the test: the pid is that of a shim of this test's own platform.
    std::process::Command::new("kill").args(["-9", &shim[0].to_string()]).status().unwrap();
    platform.until_phase("orphan", "Failed");
    let job = platform.job("orphan");
    assert!(job["status"]["exitCode"].is_null(), "{job:#}");
    let reason = job["status"]["conditions"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "PodLost", "{job:#}");
}

/// Processes that run as shims below a data directory, without what they forked.
fn shims(data: &Path) -> Vec<u32> {
    let data = data.to_string_lossy().into_owned();
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_shim = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(" shim ") && line.contains(&data)
    };
    let found: Vec<u32> = pids.filter(is_shim).collect();
    let is_child = |pid: &u32| parent(*pid).is_some_and(|parent| found.contains(&parent));
    found.iter().copied().filter(|pid| !is_child(pid)).collect()
}

fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

#[test]
fn down_stops_the_work_too() {
    let mut platform = Platform::start();
    platform.ok(&["run", "--name", "long", "--no-code", "--detach", "--", "sleep", "1000"]);
    platform.until_phase("long", "Running");
    assert!(!shims(&platform.data()).is_empty());
    platform.ok(&["down"]);
    assert!(shims(&platform.data()).is_empty(), "a shim is left");
    platform.up();
}
