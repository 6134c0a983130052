//! Debian's rsyslogd with its own omelasticsearch, unmodified, against a served
//! router. Runs where both are installed.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dais_logs::{Config, Logs, Scope, router};
use serde_json::{Value, json};

const LINES: usize = 500;
const PATIENCE: Duration = Duration::from_secs(60);

/// What a user of rsyslog writes: a file is followed, and each line goes out as a
/// document of the template.
fn configuration(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    format!(
        r#"
global(workDirectory="{directory}" net.enableDNS="off")
module(load="imfile" mode="inotify")
module(load="omelasticsearch")
template(name="document" type="list" option.json="on") {{
    constant(value="{{\"@timestamp\":\"") property(name="timereported" dateFormat="rfc3339")
    constant(value="\",\"message\":\"") property(name="msg")
    constant(value="\",\"severity\":\"") property(name="syslogseverity-text")
    constant(value="\",\"node\":\"") property(name="hostname")
    constant(value="\",\"app\":\"") property(name="programname")
    constant(value="\",\"namespace\":\"hosts\"}}")
}}
input(type="imfile" file="{directory}/in.log" tag="trainer:" severity="err" facility="local0")
action(type="omelasticsearch" server="127.0.0.1" serverport="{port}" template="document"
    searchIndex="syslog" searchType="" bulkmode="on" maxbytes="1m" errorFile="{directory}/errors"
    retryfailures="on" action.resumeretrycount="-1"
    queue.type="linkedlist" queue.dequeuebatchsize="100" queue.minDequeueBatchSize="1")
"#
    )
}

fn rsyslogd() -> Option<PathBuf> {
    let program = PathBuf::from("/usr/sbin/rsyslogd");
    let library = Path::new("/usr/lib");
    let has_module = || {
        std::fs::read_dir(library).ok()?.flatten().find_map(|entry| {
            let module = entry.path().join("rsyslog/omelasticsearch.so");
            module.exists().then_some(())
        })
    };
    let has_module = library.join("rsyslog/omelasticsearch.so").exists() || has_module().is_some();
    (program.exists() && has_module).then_some(program)
}

/// Stops the daemon when the test ends, however it ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn count(logs: &Logs, query: &Value) -> u64 {
    let answer = logs.count("syslog", &json!({"query": query}), &Scope::all()).unwrap();
    answer["count"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rsyslog_ships_a_file() {
    let Some(program) = rsyslogd() else {
        eprintln!("skipped: rsyslogd with omelasticsearch is not installed");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let logs = Logs::open(Config::new(directory.path().join("store"))).unwrap();
    let app = router(logs.clone()).layer(axum::Extension(Scope::only(["hosts"])));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let lines: String =
        (0..LINES).map(|number| format!("step {number}: loss \"nan\" \\ 损失\n")).collect();
    std::fs::write(directory.path().join("in.log"), lines).unwrap();
    let configured = directory.path().join("rsyslog.conf");
    std::fs::write(&configured, configuration(directory.path(), port)).unwrap();
    let daemon = Command::new(program)
        .args(["-n", "-f"])
        .arg(&configured)
        .arg("-i")
        .arg(directory.path().join("pid"))
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let _daemon = Daemon(daemon);

    let deadline = Instant::now() + PATIENCE;
    let all = json!({"match_all": {}});
    while count(&logs, &all) < LINES as u64 {
        let errors = std::fs::read_to_string(directory.path().join("errors")).unwrap_or_default();
        assert!(Instant::now() < deadline, "{} lines came; {errors}", count(&logs, &all));
        tokio::time::sleep(Duration::from_millis(50)).await;
        logs.flush().await.unwrap();
    }
    assert_eq!(count(&logs, &all), LINES as u64);
    let wanted = json!({"bool": {"filter": [
        {"term": {"app": "trainer"}}, {"term": {"severity": "error"}},
        {"match_phrase": {"message": "step 499: loss \"nan\" \\ 损失"}},
        {"range": {"@timestamp": {"gte": "now-1h", "lte": "now+1h"}}},
    ]}});
    assert_eq!(count(&logs, &wanted), 1);
}
