//! Mail, given to a real SMTP server: `aiosmtpd`, which `DAIS_TEST_PYTHON` must have.

use std::process::Stdio;

use dais_alerts::Verdict;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::ear::PATIENCE;
use crate::server::{Server, required};

/// A server with STARTTLS and a login, in a folder with its certificate.
struct Post {
    port: u16,
    said: Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
    _child: Child,
}

impl Post {
    async fn open(python: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), own.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), own.signing_key.serialize_pem()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/smtp_server.py");
        let mut child = tokio::process::Command::new(python)
            .arg(script)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = said.next_line().await.unwrap().expect("the server says its port");
        Post { port: port.parse().unwrap(), said, folder, _child: child }
    }

    async fn next(&mut self) -> Value {
        let said = tokio::time::timeout(PATIENCE, self.said.next_line()).await;
        serde_json::from_str(&said.expect("no mail came").unwrap().unwrap()).unwrap()
    }

    fn config(&self, to: &str, password: &str) -> String {
        format!(
            "global:
  smtp_smarthost: localhost:{}
  smtp_from: 'dais <alerts@example.org>'
  smtp_auth_username: alerts
  smtp_auth_password: {password}
route: {{receiver: mail, group_by: [job], group_wait: 0s, group_interval: 100ms}}
receivers:
  - name: mail
    email_configs:
      - {{to: '{to}', send_resolved: true, tls_config: {{ca_file: '{}/cert.pem'}}}}
---
language: zh
",
            self.port,
            self.folder.path().display()
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_goes_to_a_real_server() {
    let Some(python) = required("DAIS_TEST_PYTHON") else { return };
    let mut post = Post::open(&python).await;
    let server = Server::start(&post.config("ops@example.org, duty@example.org", "right")).await;
    server.fire(&["alertname=磁盘已满,job=j,pod=<b>"]).await;
    let mail = post.next().await;
    assert_eq!(mail["tls"], true);
    assert_eq!(mail["user"], "alerts");
    assert_eq!(mail["from"], "alerts@example.org");
    assert_eq!(mail["to"], serde_json::json!(["ops@example.org", "duty@example.org"]));
    assert_eq!(mail["subject"], "[告警:1] 磁盘已满(j)");
    let (plain, html) = (mail["plain"].as_str().unwrap(), mail["html"].as_str().unwrap());
    assert!(plain.contains("位置:<b>"), "{plain}");
    assert!(html.contains("位置:&lt;b&gt;<br>"), "{html}");
    server.resolve("alertname=磁盘已满,job=j,pod=<b>").await;
    assert_eq!(post.next().await["subject"], "[恢复:1] 磁盘已满(j)");
    let said = server.alerts.test("mail").await.unwrap();
    assert_eq!((said[0].verdict, said[0].status), (Verdict::Delivered, Some(250)));
    assert!(said[0].answer.contains("taken"), "{}", said[0].answer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_mail_server_refuses_is_told() {
    let Some(python) = required("DAIS_TEST_PYTHON") else { return };
    let post = Post::open(&python).await;
    for (to, password, verdict, status, words) in [
        ("ops@example.org", "wrong", Verdict::Refused, Some(535), ""),
        ("nobody@example.org", "right", Verdict::Refused, Some(550), "no such person"),
        ("later@example.org", "right", Verdict::Retry, Some(451), "come back later"),
    ] {
        let server = Server::start(&post.config(to, password)).await;
        let said = server.alerts.test("mail").await.unwrap();
        assert_eq!((said[0].verdict, said[0].status), (verdict, status), "{:?}", said[0]);
        assert!(said[0].answer.contains(words), "{}", said[0].answer);
    }
    // A certificate that nobody vouches for.
    let config =
        post.config("ops@example.org", "right").replace("ca_file", "server_name: localhost, x");
    let config = config.replace(&format!(", x: '{}/cert.pem'", post.folder.path().display()), "");
    let said = Server::start(&config).await.alerts.test("mail").await.unwrap();
    assert_ne!(said[0].verdict, Verdict::Delivered);
    assert!(said[0].answer.to_lowercase().contains("certificate"), "{}", said[0].answer);
}
