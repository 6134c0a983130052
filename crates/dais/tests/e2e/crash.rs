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
    // A length of its own, by which the test finds the process again.
    let length = format!("1000.{}", std::process::id());
    platform.ok(&["run", "--name", "orphan", "--no-code", "--detach", "--", "sleep", &length]);
    platform.until_phase("orphan", "Running");
    let shim = shims(&platform.data());
    assert_eq!(shim.len(), 1, "{shim:?}");
    kill(shim[0]);
    let said = platform.until("the event", || {
        let events = platform.get("/k8s/api/v1/namespaces/default/events").ok()?;
        let lost = events["items"].as_array()?.iter().find(|e| e["reason"] == "ShimLost")?.clone();
        lost["message"].as_str().map(str::to_owned)
    });
    assert!(said.contains("exit status will not be known"), "{said}");
    // The work goes on under another shim, and its end is seen.
    assert_eq!(platform.job_phase("orphan"), "Running");
    let program = platform.until("the program", || {
        processes(|line| line.trim() == format!("sleep {length}")).first().copied()
    });
    kill(program);
    platform.until_phase("orphan", "Failed");
    let job = platform.job("orphan");
    assert!(job["status"]["exitCode"].is_null(), "{job:#}");
    let reason = job["status"]["conditions"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "PodLost", "{job:#}");
    platform.until("the shims to go", || shims(&platform.data()).is_empty().then_some(()));
}

/// SIGKILL to a process of this test's own platform.
pub fn kill(pid: u32) {
    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
}

/// Processes that run as shims below a data directory, without what they forked.
fn shims(data: &Path) -> Vec<u32> {
    let data = data.to_string_lossy();
    let found = processes(|line| line.contains(" shim ") && line.contains(&*data));
    let is_child = |pid: &u32| parent(*pid).is_some_and(|parent| found.contains(&parent));
    found.iter().copied().filter(|pid| !is_child(pid)).collect()
}

/// Processes with such a command line, its words with blanks between them.
pub fn processes(is_one: impl Fn(&str) -> bool) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let line = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ")
    };
    pids.filter(|pid| is_one(&line(pid))).collect()
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
