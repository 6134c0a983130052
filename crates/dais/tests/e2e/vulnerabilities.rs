//! What advisories say of a real Environment, and that no data is no good news.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::environments::{ENVIRONMENTS, Index, build_tiny, change, ready, wheel};
use crate::support::{Platform, folder, text};
use crate::tenants::person;

const TOLD: &str = "/api/environments/default/tiny/vulnerabilities";

fn publish(folder: &Path, id: &str, fixed: &str) {
    let advisory = json!({
        "id": id, "modified": "2026-05-01T10:00:00Z", "summary": format!("tiny breaks by {id}"),
        "aliases": [format!("CVE-of-{id}")],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
        "affected": [{
            "package": {"ecosystem": "PyPI", "name": "TINY"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }],
    });
    std::fs::create_dir_all(folder.join("PyPI")).unwrap();
    std::fs::write(folder.join(format!("PyPI/{id}.json")), advisory.to_string()).unwrap();
}

/// All of them as one archive, as osv.dev has them.
fn pack(folder: &Path) {
    let script = "import pathlib, sys, zipfile\n\
                  folder = pathlib.Path(sys.argv[1], 'PyPI')\n\
                  with zipfile.ZipFile(folder / 'all.zip', 'w', zipfile.ZIP_DEFLATED) as archive:\n\
                  \x20   for file in folder.glob('*.json'): archive.write(file, file.name)";
    let packed = Command::new("/usr/bin/python3").args(["-c", script]).arg(folder).output();
    assert!(packed.unwrap().status.success());
}

fn of_tiny(told: &Value) -> &Value {
    let packages = told["packages"].as_array().unwrap();
    packages.iter().find(|package| package["name"] == "tiny").unwrap()
}

fn ids(told: &Value) -> Vec<&str> {
    let known = of_tiny(told)["vulnerabilities"].as_array().unwrap();
    known.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

fn wheels(platform: &Platform) -> std::path::PathBuf {
    let wheels = platform.folder().join("wheels");
    std::fs::create_dir(&wheels).unwrap();
    wheel(&wheels, "1.0", "first");
    wheels
}

#[test]
fn vulnerabilities_follow_the_data_and_the_environment() {
    let published = folder();
    publish(published.path(), "X-1", "1.5");
    let options = ["--advisories", published.path().to_str().unwrap()].map(str::to_owned);
    let platform = Platform::start_with_options(&options);
    let wheels = wheels(&platform);
    let served = Index::of(&wheels);
    build_tiny(&platform, &served);

    let told = platform.get(TOLD).unwrap();
    assert_eq!((&told["data"]["state"], ids(&told)), (&json!("available"), vec!["X-1"]), "{told}");
    let flaw = &of_tiny(&told)["vulnerabilities"][0];
    assert_eq!(flaw["severity"], "high");
    assert_eq!((&flaw["score"], &flaw["fixedIn"]), (&json!(7.5), &json!(["1.5"])));
    let said = platform.ok(&["vulnerabilities", "tiny"]);
    assert!(said.contains("X-1") && said.contains("tiny breaks by X-1"), "{said}");
    assert!(said.contains("compared with 1 advisories"), "{said}");

    // More has become known, and is in an archive now.
    publish(published.path(), "X-2", "3.0");
    pack(published.path());
    let told = platform.get(TOLD).unwrap();
    assert_eq!(ids(&told), ["X-1", "X-2"]);

    // A mended version is installed.
    wheel(&wheels, "2.0", "second");
    let requirements = json!({"spec": {"python": {"requirements": ["tiny>1"]}}});
    change(&platform, &requirements);
    platform.until("the newer version", || {
        let environment = platform.get(&format!("{ENVIRONMENTS}/tiny")).unwrap();
        environment["status"]["packages"].to_string().contains("2.0").then_some(())
    });
    ready(&platform, "Available");
    let told = platform.get(TOLD).unwrap();
    assert_eq!((ids(&told), &of_tiny(&told)["version"]), (vec!["X-2"], &json!("2.0")));

    // What was known stays known when the data is spoiled.
    std::fs::write(published.path().join("PyPI/all.zip"), "PK").unwrap();
    let told = platform.get(TOLD).unwrap();
    assert_eq!((&told["data"]["state"], ids(&told)), (&json!("outdated"), vec!["X-2"]));
    let folder = published.path().to_str().unwrap();
    assert!(!told.to_string().contains(folder), "where it lies is nobody's business: {told}");

    let bob = person(&platform, "bob", "vision");
    assert!(platform.get_as(&bob.token, TOLD).unwrap_err().starts_with("403"));
    let missing = "/api/environments/default/none/vulnerabilities";
    assert!(platform.get(missing).unwrap_err().starts_with("404"));
}

#[test]
fn without_data_nothing_is_said_to_be_sound() {
    let platform = Platform::start();
    let wheels = wheels(&platform);
    let served = Index::of(&wheels);
    build_tiny(&platform, &served);
    let told = platform.get(TOLD).unwrap();
    assert_eq!((&told["data"]["state"], &told["packages"]), (&json!("none"), &Value::Null));
    let said = platform.dais(&["vulnerabilities", "tiny"]);
    assert_eq!(said.status.code(), Some(1));
    let said = text(&said);
    assert!(said.contains("--advisories") && !said.contains("no known"), "{said}");
}

#[test]
fn advisories_come_from_a_mirror_and_stay_without_it() {
    let published = folder();
    publish(published.path(), "X-1", "1.5");
    pack(published.path());
    let mirror = Index::of(published.path());
    let mut platform =
        Platform::start_with_options(&["--advisories".to_owned(), mirror.url.clone()]);
    let wheels = wheels(&platform);
    let served = Index::of(&wheels);
    build_tiny(&platform, &served);
    let known = |platform: &Platform| {
        platform.until("the mirror's advisories", || {
            let told = platform.get(TOLD).ok()?;
            (told["data"]["state"] == "available").then(|| assert_eq!(ids(&told), ["X-1"]))
        });
    };
    known(&platform);
    drop(mirror);
    platform.kill();
    platform.up();
    known(&platform);
}
