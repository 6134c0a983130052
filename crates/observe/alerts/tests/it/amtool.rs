//! `amtool`, unmodified, against a served router. `DAIS_AMTOOL` names it (it is in Debian's
//! package `prometheus-alertmanager`), else the one on the path is taken.

use std::process::Output;

use serde_json::Value;

use crate::server::{Server, required};

const EXAMPLE: &str = include_str!("../../examples/alertmanager.yml");

fn program() -> Option<String> {
    let found = std::process::Command::new("amtool").arg("--version").output();
    if std::env::var_os("DAIS_AMTOOL").is_none() && found.is_ok() {
        return Some("amtool".into());
    }
    required("DAIS_AMTOOL")
}

struct Amtool {
    program: String,
    url: String,
}

impl Amtool {
    async fn output(&self, words: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(&self.program);
        // A home without a configuration of its own.
        command.env("HOME", "/nonexistent").arg(format!("--alertmanager.url={}", self.url));
        command.args(words).output().await.unwrap()
    }

    async fn says(&self, words: &[&str]) -> String {
        let output = self.output(words).await;
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "amtool {words:?}: {out}\n{err}");
        out
    }

    async fn json(&self, words: &[&str]) -> Vec<Value> {
        let words: Vec<&str> = words.iter().copied().chain(["-o", "json"]).collect();
        serde_json::from_str(&self.says(&words).await).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amtool_adds_queries_silences_and_reads_the_routes() {
    let Some(program) = program() else { return };
    let server = Server::start(EXAMPLE).await;
    let url = server.administrator().serve().await;
    let amtool = Amtool { program, url };

    amtool
        .says(&[
            "alert",
            "add",
            "DiskFull",
            "severity=critical",
            "node=n1",
            "--annotation=summary=full",
        ])
        .await;
    amtool.says(&["alert", "add", "alertname=Slow", "severity=warning", "node=n1"]).await;
    assert_eq!(amtool.json(&["alert", "query"]).await.len(), 2);
    let found = amtool.json(&["alert", "query", "DiskFull"]).await;
    assert_eq!(found[0]["labels"]["node"], "n1");
    assert_eq!(found[0]["annotations"]["summary"], "full");
    assert_eq!(amtool.json(&["alert", "query", "severity=~warn.*|info"]).await.len(), 1);
    assert_eq!(amtool.json(&["alert", "query", "--receiver=incidents"]).await.len(), 1);

    let id = amtool
        .says(&[
            "silence",
            "add",
            "alertname=Slow",
            "node=~n.*",
            "--comment=moving",
            "--author=me",
            "-d",
            "2h",
        ])
        .await;
    let id = id.trim();
    let silences = amtool.json(&["silence", "query"]).await;
    assert_eq!(silences.len(), 1);
    assert_eq!(
        (silences[0]["id"].as_str(), silences[0]["comment"].as_str()),
        (Some(id), Some("moving"))
    );
    assert_eq!(amtool.json(&["silence", "query", "alertname=Slow"]).await.len(), 1);
    assert_eq!(amtool.json(&["silence", "query", "alertname=Other"]).await.len(), 0);
    assert_eq!(amtool.json(&["alert", "query"]).await.len(), 1);
    assert_eq!(amtool.json(&["alert", "query", "--silenced"]).await.len(), 1);
    amtool.says(&["silence", "update", id, "--duration=3h", "--comment=longer"]).await;
    assert_eq!(amtool.json(&["silence", "query"]).await[0]["comment"], "longer");
    amtool.says(&["silence", "expire", id]).await;
    assert_eq!(amtool.json(&["silence", "query"]).await.len(), 0);
    assert_eq!(amtool.json(&["silence", "query", "--expired"]).await.len(), 1);
    assert_eq!(amtool.json(&["alert", "query"]).await.len(), 2);

    let shown = amtool.says(&["config", "show"]).await;
    assert!(shown.contains("smtp_from: alerts@example.org"), "{shown}");
    let routes = amtool.says(&["config", "routes", "show"]).await;
    assert!(routes.contains("training-team"), "{routes}");
    let taken =
        amtool.says(&["config", "routes", "test", "severity=critical", "namespace=training"]).await;
    assert_eq!(taken.trim(), "incidents,training-team");
    amtool.says(&["cluster", "show"]).await;

    // What is wrong is told in its words.
    let refused = amtool.output(&["silence", "expire", "nothing"]).await;
    assert!(!refused.status.success());
    let refused = amtool.output(&["silence", "add", "a=~.*", "--comment=x"]).await;
    let err = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(err.contains("at least one matcher"), "{err}");
}

#[tokio::test]
async fn amtool_takes_the_example() {
    let Some(program) = program() else { return };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/alertmanager.yml");
    let amtool = Amtool { program, url: "http://127.0.0.1:1".into() };
    let said = amtool.says(&["check-config", path]).await;
    assert!(said.contains("SUCCESS") && said.contains("3 receivers"), "{said}");
}
