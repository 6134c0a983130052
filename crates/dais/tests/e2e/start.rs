//! Starting, and what can be in the way.

use std::net::TcpListener;
use std::process::Command;

use crate::support::{DAIS, Platform, text};

#[test]
fn a_started_platform_answers_and_listens_on_loopback_alone() {
    let platform = Platform::start();
    let status = platform.ok(&["status"]);
    assert!(status.contains("ready"), "{status}");
    let info = platform.get("/api/info").unwrap();
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    for line in listening(platform.pid()) {
        assert!(
            line.starts_with("7F") || line[..8].ends_with("7F"),
            "listens beyond loopback: {line}"
        );
    }
}

/// Local addresses of the process's listening sockets, as /proc/net/tcp has them.
fn listening(pid: u32) -> Vec<String> {
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours =
        rows.filter(|row| row[3] == "0A" && sockets.contains(&format!("socket:[{}]", row[9])));
    let found: Vec<String> = ours.map(|row| row[1].to_owned()).collect();
    assert!(found.len() >= 3, "{found:?}");
    found
}

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(DAIS)
        .args(["up", "--http-port", &port, "--data-dir"])
        .arg(folder.path().join("data"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = text(&output);
    assert!(said.contains(&port) && said.contains("--port-offset"), "{said}");
}

#[test]
fn one_directory_serves_one_platform() {
    let platform = Platform::start();
    let output = platform.dais(&["up", "--port-offset", "999"]);
    assert!(!output.status.success());
    assert!(text(&output).contains("already runs"), "{}", text(&output));
}

#[test]
fn two_platforms_on_one_machine_give_their_pods_other_addresses() {
    let address = |platform: &Platform| {
        platform.ok(&["run", "--name", "here", "--no-code", "--", "true"]);
        let pod = platform.get("/k8s/api/v1/namespaces/default/pods/here-1").unwrap();
        pod["status"]["podIP"].as_str().unwrap().to_owned()
    };
    let (one, other) = (Platform::start(), Platform::start());
    assert_ne!(address(&one), address(&other));
}

#[test]
fn a_directory_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("version"), "99\n").unwrap();
    let output = Command::new(DAIS).args(["up", "--data-dir"]).arg(folder.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("newer dais"), "{}", text(&output));
}

#[test]
fn secrets_are_neither_readable_nor_in_the_process_list() {
    use std::os::unix::fs::PermissionsExt;
    let platform = Platform::start();
    for file in ["client.json", "admin.kubeconfig"] {
        let mode = std::fs::metadata(platform.data().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} is readable by others");
    }
    let token = platform.token();
    assert!(token.len() > 20);
    let line = std::fs::read(format!("/proc/{}/cmdline", platform.pid())).unwrap();
    assert!(!String::from_utf8_lossy(&line).contains(&token));
    let log = std::fs::read_to_string(platform.log()).unwrap();
    assert!(!log.contains(&token), "the token is in the log");
    let anonymous = platform.get_as("", "/k8s/api/v1/namespaces/default/pods");
    assert!(anonymous.unwrap_err().starts_with("40"));
}
