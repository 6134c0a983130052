//! The collector against real files and a real SIGKILL: every numbered line is in
//! the store exactly once, whatever dies and whatever is renamed meanwhile.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use dais_logs::{Collector, CollectorConfig, Config, Logs, Scope, fields_from_labels};
use serde_json::{Value, json};

const CHILD_DIRECTORY: &str = "DAIS_LOGS_TEST_COLLECT_IN";
const PATIENCE: Duration = Duration::from_secs(30);

fn open(directory: &Path) -> (Logs, Collector) {
    let mut config = Config::new(directory.join("store"));
    config.commit_every = Duration::from_millis(50);
    let logs = Logs::open(config).unwrap();
    let describe = fields_from_labels([("best.io/app", "app"), ("app", "app")]);
    let config =
        CollectorConfig { directory: directory.join("logs"), index: "logs".into(), describe };
    let collector = Collector::start(logs.clone(), config).unwrap();
    (logs, collector)
}

/// One container's log, as a shim writes it.
struct Container {
    directory: PathBuf,
    restart: u32,
    rotations: u32,
    file: File,
}

impl Container {
    fn new(root: &Path, pod: &str) -> Container {
        let pod_directory = root.join("logs").join(format!("team_{pod}_uid"));
        let directory = pod_directory.join("main");
        fs::create_dir_all(&directory).unwrap();
        let description = json!({"namespace": "team", "pod": pod, "uid": "uid", "node": "n1", "labels": {"best.io/app": "digits"}, "annotations": {}});
        fs::write(pod_directory.join("pod.json"), description.to_string()).unwrap();
        let file = append(&directory.join("0.log"));
        Container { directory, restart: 0, rotations: 0, file }
    }

    fn write(&mut self, tag: &str, text: &str) {
        let time = jiff::Timestamp::now();
        writeln!(self.file, "{time:.9} stdout {tag} {text}").unwrap();
    }

    fn rotate(&mut self) {
        self.rotations += 1;
        let current = self.directory.join(format!("{}.log", self.restart));
        let rotated =
            self.directory.join(format!("{}.log.20261124-{:06}", self.restart, self.rotations));
        fs::rename(&current, rotated).unwrap();
        self.file = append(&current);
    }

    fn restart(&mut self) {
        self.restart += 1;
        self.file = append(&self.directory.join(format!("{}.log", self.restart)));
    }
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

fn count(logs: &Logs, query: &Value) -> u64 {
    logs.count("_all", &json!({"query": query}), &Scope::all()).unwrap()["count"].as_u64().unwrap()
}

fn wait_for(logs: &Logs, expected: u64) {
    let deadline = Instant::now() + PATIENCE;
    while count(logs, &json!({"match_all": {}})) < expected {
        assert!(
            Instant::now() < deadline,
            "only {} of {expected} lines arrived",
            count(logs, &json!({"match_all": {}}))
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How often each numbered line is in the store, by pod.
fn numbers(logs: &Logs) -> BTreeMap<String, BTreeMap<u64, u32>> {
    let mut found: BTreeMap<String, BTreeMap<u64, u32>> = BTreeMap::new();
    let mut after = json!(null);
    loop {
        let mut body = json!({"size": 5000, "sort": [{"_seq_no": "asc"}]});
        if !after.is_null() {
            body["search_after"] = after;
        }
        let answer = logs.search("_all", &body, &Scope::all()).unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap().clone();
        let Some(last) = hits.last() else { return found };
        after = last["sort"].clone();
        for hit in hits {
            let source = &hit["_source"];
            let number =
                source["message"].as_str().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
            let pod = source["pod"].as_str().unwrap().to_owned();
            *found.entry(pod).or_default().entry(number).or_default() += 1;
        }
    }
}

/// Not a test of its own: the process that `lines_survive_sigkill` kills.
#[test]
fn child_collects_until_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let _running = open(Path::new(&directory));
    loop {
        std::thread::park();
    }
}

fn spawn_child(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_collects_until_killed", "--nocapture", "--test-threads=1"])
        .env(CHILD_DIRECTORY, directory)
        .spawn()
        .unwrap()
}

#[test]
fn lines_survive_sigkill_and_rotation() {
    let directory = tempfile::tempdir().unwrap();
    let mut containers =
        [Container::new(directory.path(), "one"), Container::new(directory.path(), "two")];
    let mut written = 0;
    for round in 0..6 {
        let mut child = spawn_child(directory.path());
        // Rounds of different length, so that the kill meets start, reading and commit.
        let deadline = Instant::now() + Duration::from_millis(100 + 90 * round);
        while Instant::now() < deadline {
            for container in &mut containers {
                container.write("P", "a line in ");
                container.write("F", &format!("pieces {written}"));
            }
            written += 1;
            if written % 700 == 0 {
                containers[0].rotate();
            }
            if written % 50 == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Lines that nobody watches, and a rename while nobody looks.
        containers[1].write("F", &format!("alone {}", 1_000_000 + round));
        containers[1].rotate();
    }
    let (logs, _collector) = open(directory.path());
    wait_for(&logs, written * 2 + 6);
    // Nothing more may come: a late duplicate would be one.
    std::thread::sleep(Duration::from_millis(200));
    let found = numbers(&logs);
    for (pod, numbers) in &found {
        let wrong: Vec<_> = numbers.iter().filter(|(_, times)| **times != 1).take(5).collect();
        assert!(wrong.is_empty(), "{pod}: not exactly once: {wrong:?}");
    }
    assert_eq!(found["one"].len() as u64, written);
    assert_eq!(found["two"].len() as u64, written + 6);
}

#[test]
fn pieces_are_joined_across_rotation_and_ended_by_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut container = Container::new(directory.path(), "one");
    let (logs, _collector) = open(directory.path());
    container.write("P", "before ");
    container.rotate();
    container.write("F", "after 1");
    container.write("P", "without end 2");
    wait_for(&logs, 1);
    container.restart();
    container.write("F", r#"{"level": "error", "msg": "structured 3", "step": 7}"#);
    wait_for(&logs, 3);
    let phrase = |text: &str| count(&logs, &json!({"match_phrase": {"message": text}}));
    assert_eq!(phrase("before after 1"), 1);
    assert_eq!(phrase("without end 2"), 1);
    let structured = json!({"bool": {"filter": [
        {"term": {"severity": "error"}}, {"term": {"fields.step": 7}}, {"term": {"app": "digits"}},
        {"term": {"namespace": "team"}}, {"term": {"container": "main"}}, {"term": {"node": "n1"}}, {"term": {"stream": "stdout"}},
    ]}});
    assert_eq!(count(&logs, &structured), 1);
}

#[test]
fn an_inode_that_is_used_again_is_a_new_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut container = Container::new(directory.path(), "one");
    let (logs, collector) = open(directory.path());
    container.write("F", "first 1");
    wait_for(&logs, 1);
    drop(collector);
    logs.close();
    drop(logs);
    // The same inode, another first line: what a file system does after a deletion.
    let path = container.directory.join("0.log");
    File::create(&path).unwrap();
    container.file = append(&path);
    container.write("F", "other 2");
    let (logs, _collector) = open(directory.path());
    wait_for(&logs, 2);
    assert_eq!(count(&logs, &json!({"match": {"message": "other"}})), 1);
}

#[test]
fn a_stack_trace_is_one_line_with_its_severity() {
    let directory = tempfile::tempdir().unwrap();
    let mut container = Container::new(directory.path(), "one");
    let (logs, _collector) = open(directory.path());
    container.write("F", "INFO started 1");
    for text in ["Traceback (most recent call last):", "  File \"train.py\", line 7, in <module>"] {
        container.write("F", text);
    }
    // The rest is written when the beginning was read already.
    wait_for(&logs, 1);
    container.write("P", "ValueError: bad ");
    container.write("F", "batch");
    container.write("F", "INFO stopped 2");
    container.write("F", "java.io.IOException: gone");
    container.write("F", "\tat com.example.Io.read(Io.java:9)");
    wait_for(&logs, 4);
    let traces = json!({"bool": {"filter": [
        {"term": {"severity": "error"}}, {"match_phrase": {"message": "line 7"}},
        {"match_phrase": {"message": "ValueError: bad batch"}},
    ]}});
    assert_eq!(count(&logs, &traces), 1);
    let java = json!({"match_phrase": {"message": "IOException: gone at com.example"}});
    assert_eq!(count(&logs, &java), 1);
    assert_eq!(count(&logs, &json!({"match_all": {}})), 4);
}

#[test]
fn a_trace_that_a_kill_interrupts_is_whole_and_there_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut container = Container::new(directory.path(), "one");
    container.write("F", "INFO before 1");
    container.write("F", "Traceback (most recent call last):");
    let mut child = spawn_child(directory.path());
    // The first line is committed, and with it the position behind the second.
    let committed = || {
        let windows = fs::read_dir(directory.path().join("store/windows")).ok()?;
        let metas = windows.flatten().map(|window| window.path().join("meta.json"));
        let metas: String = metas.filter_map(|meta| fs::read_to_string(meta).ok()).collect();
        metas.contains("Traceback").then_some(())
    };
    let deadline = Instant::now() + PATIENCE;
    while committed().is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    container.write("F", "  File \"a.py\", line 1, in run");
    container.write("F", "KeyError: 'x'");
    let (logs, _collector) = open(directory.path());
    wait_for(&logs, 2);
    let whole = json!({"match_phrase": {"message": "Traceback most recent call last File a.py line 1 in run KeyError x"}});
    let deadline = Instant::now() + PATIENCE;
    while count(&logs, &whole) != 1 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((count(&logs, &whole), count(&logs, &json!({"match_all": {}}))), (1, 2));
}
