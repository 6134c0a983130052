//! The platform on a file system that fills up.

use std::fs::{self, File};
use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Platform, folder};

const MAPS: &str = "/k8s/api/v1/namespaces/default/configmaps";

/// A small file system of its own.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where mounting is not allowed.
    fn mount(size: &str) -> Option<Self> {
        let folder = folder();
        let options = format!("size={size},mode=0711");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "none"])
            .arg(folder.path())
            .status()
            .unwrap();
        mounted.success().then_some(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

fn map(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "data": {"content": "x".repeat(200_000)}
    })
}

#[test]
fn a_full_disk_is_said_and_loses_nothing_that_was_accepted() {
    let Some(disk) = Disk::mount("256m") else {
        println!("skipped: mounting a file system needs root");
        return;
    };
    let mut platform = Platform::start_on(disk.0.path().join("data"));
    assert_eq!(platform.post(MAPS, &map("before")).0, 201);

    let filler = disk.0.path().join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    drop(file);
    let mut accepted = vec!["before".to_owned()];
    let refusal = (0..200)
        .find_map(|number| {
            let name = format!("during-{number}");
            let (status, answer) = platform.post(MAPS, &map(&name));
            if status == 201 {
                accepted.push(name);
                return None;
            }
            Some((status, answer))
        })
        .unwrap();
    assert_eq!(refusal.0, 507, "{}", refusal.1);
    let message = refusal.1["message"].as_str().unwrap();
    assert!(message.contains("no space left"), "{message}");
    let (status, answer) = platform.post("/data/p/default/uploads", &json!({}));
    assert_eq!(status, 507, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("disk is full"), "{answer}");
    let held = platform.get(MAPS).unwrap();
    assert!(held["items"].as_array().unwrap().len() >= accepted.len());

    fs::remove_file(&filler).unwrap();
    platform
        .until("writes to go on", || (platform.post(MAPS, &map("after")).0 == 201).then_some(()));
    accepted.push("after".to_owned());
    platform.kill();
    platform.up();
    for name in accepted {
        let found = platform.get(&format!("{MAPS}/{name}")).unwrap();
        assert_eq!(found["data"]["content"].as_str().unwrap().len(), 200_000, "{name}");
    }
}
