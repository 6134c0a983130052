//! A backup taken while the platform runs brings everything back elsewhere.

use serde_json::json;

use crate::support::{Platform, text};

#[test]
fn a_restored_platform_has_objects_people_runs_and_files() {
    let mut platform = Platform::start();
    platform.ok(&["upload", "numbers", "/etc/hostname"]);
    platform.ok(&["run", "--name", "one", "--no-code", "--", "true"]);
    let user = json!({"name": "ann", "password": "ann-correct-horse", "groups": []});
    assert!(platform.post("/api/users", &user).0 < 300);
    let file = platform.folder().join("all.tar");
    let file = file.to_str().unwrap().to_owned();
    platform.ok(&["backup", &file]);

    let refused = platform.dais(&["restore", &file]);
    assert!(!refused.status.success());
    assert!(text(&refused).contains("not empty"), "{}", text(&refused));

    platform.ok(&["down"]);
    std::fs::rename(platform.data(), platform.folder().join("lost")).unwrap();
    platform.ok(&["restore", &file]);
    platform.up();
    let versions = platform.get("/data/p/default/datasets/numbers/versions").unwrap();
    assert!(versions.to_string().contains("v1"), "{versions}");
    let content = platform
        .http
        .get(format!(
            "{}/data/p/default/datasets/numbers/versions/v1/files/hostname",
            platform.url()
        ))
        .bearer_auth(platform.token())
        .send()
        .unwrap();
    assert_eq!(content.bytes().unwrap(), std::fs::read("/etc/hostname").unwrap());
    assert_eq!(platform.job_phase("one"), "Succeeded");
    assert!(platform.get("/api/users").unwrap().to_string().contains("ann"));
    let runs = "/mlflow/p/default/api/2.0/mlflow/experiments/search?max_results=10";
    assert!(platform.get(runs).unwrap().to_string().contains("one"));
    let used = platform.get("/api/ledger/entries?since=1h&object=one").unwrap();
    assert_eq!(used["items"].as_array().unwrap().len(), 1, "{used}");
}

#[test]
fn half_a_backup_is_refused() {
    let platform = Platform::start();
    let file = platform.folder().join("all.tar");
    platform.ok(&["backup", file.to_str().unwrap()]);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let empty = platform.folder().join("empty");
    let output = platform
        .command(&["restore", file.to_str().unwrap()])
        .env("DAIS_DATA_DIR", &empty)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(!empty.join("kube").exists(), "half a state was put back");
}
