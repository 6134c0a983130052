use std::fs;
use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A folder of advisories, as an archive or as they are.
struct Published(tempfile::TempDir);

impl Published {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("PyPI")).unwrap();
        Self(folder)
    }

    fn loose(advisories: &[Value]) -> Self {
        let published = Self::empty();
        for advisory in advisories {
            let name = format!("PyPI/{}.json", advisory["id"].as_str().unwrap());
            fs::write(published.0.path().join(name), advisory.to_string()).unwrap();
        }
        published
    }

    fn archived(entries: &[(&str, &[u8])]) -> Self {
        let published = Self::empty();
        let mut archive = zip::ZipWriter::new(fs::File::create(published.archive()).unwrap());
        for (name, text) in entries {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(text).unwrap();
        }
        archive.finish().unwrap();
        published
    }

    fn archive(&self) -> PathBuf {
        self.0.path().join("PyPI/all.zip")
    }

    fn read(&self) -> Result<Advisories, Error> {
        Advisories::read(self.0.path())
    }
}

fn advisory(id: &str, package: &str, events: Value) -> Value {
    json!({
        "id": id, "modified": "2026-05-01T10:00:00Z", "summary": format!("flaw {id}"),
        "affected": [{
            "package": {"ecosystem": "PyPI", "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}

fn ids(known: &Advisories, package: &str, version: &str) -> Vec<String> {
    let found = known.find(package, version);
    found.vulnerabilities.into_iter().map(|one| one.id).collect()
}

#[test]
fn versions_are_compared_as_pep_440_says() {
    let events = json!([{"introduced": "1.0"}, {"fixed": "2.0"}, {"introduced": "3.0a1"}]);
    let last = json!([{"introduced": "0"}, {"last_affected": "0.9.post1"}]);
    let known = Published::loose(&[
        advisory("X-1", "Thorn.Bush", events),
        advisory("X-2", "thorn_bush", last),
    ]);
    let known = known.read().unwrap();
    let both = |version: &str| ids(&known, "thorn--bush", version).join(" ");
    for (version, expected) in [
        ("0.1", "X-2"),
        ("0.9", "X-2"),
        ("0.9.post1", "X-2"),
        ("0.9.post1+cu121", "X-2"),
        ("0.9.post2", ""),
        ("1.0.dev3", ""),
        ("1.0rc1", ""),
        ("1.0", "X-1"),
        ("1.10", "X-1"),
        ("2.0.dev1", "X-1"),
        ("2.0rc1", "X-1"),
        ("2.0", ""),
        ("2.0.post1", ""),
        ("2.0+cu121", ""),
        ("1.9+cu121", "X-1"),
        ("3.0.dev1", ""),
        ("3.0a1", "X-1"),
        ("1!0.5", "X-1"),
        ("4", "X-1"),
    ] {
        assert_eq!(both(version), expected, "{version}");
    }
    assert!(ids(&known, "thorn", "1.5").is_empty());
}

#[test]
fn what_is_not_pep_440_is_found_by_its_name_alone() {
    let mut listed = advisory("X-1", "thorn", json!([{"introduced": "0"}]));
    listed["affected"][0]["versions"] = json!(["2004c-old", "1.0"]);
    // A range whose place in the order nobody knows.
    let odd = advisory("X-2", "thorn", json!([{"introduced": "first"}, {"fixed": "1.0"}]));
    let known = Published::loose(&[listed, odd]).read().unwrap();
    assert_eq!(known.find("thorn", "2004c-old").vulnerabilities[0].id, "X-1");
    let other = known.find("thorn", "2005x-old");
    assert!(other.vulnerabilities.is_empty() && !other.is_comparable);
    assert_eq!(ids(&known, "thorn", "1.0.0"), ["X-1"]);
}

#[test]
fn withdrawn_ones_and_other_ecosystems_do_not_count() {
    let everything = json!([{"introduced": "0"}]);
    let mut withdrawn = advisory("X-1", "thorn", everything.clone());
    withdrawn["withdrawn"] = json!("2026-01-01T00:00:00Z");
    let mut npm = advisory("X-2", "thorn", everything.clone());
    npm["affected"][0]["package"]["ecosystem"] = json!("npm");
    let mut commits = advisory("X-3", "thorn", everything.clone());
    commits["affected"][0]["ranges"][0]["type"] = json!("GIT");
    let mut kept = advisory("X-4", "thorn", everything);
    kept["withdrawn"] = Value::Null;
    let known = Published::loose(&[withdrawn, npm, commits, kept]).read().unwrap();
    assert_eq!(ids(&known, "thorn", "1"), ["X-4"]);
    assert_eq!(known.newest.as_deref(), Some("2026-05-01T10:00:00Z"));
}

#[test]
fn one_flaw_in_several_databases_is_told_once_and_the_worst_comes_first() {
    let branches = json!([
        {"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.3"},
    ]);
    let mut one = advisory("A-1", "thorn", branches);
    one["aliases"] = json!(["CVE-0-1"]);
    one["severity"] =
        json!([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}]);
    one["summary"] = json!("crashes\u{1b}[2J on demand");
    let mut same = advisory("B-7", "thorn", json!([{"introduced": "0"}, {"fixed": "2.3.1"}]));
    same["aliases"] = json!(["CVE-0-1", "C-3"]);
    let mut worse = advisory("Z-1", "thorn", json!([{"introduced": "0"}]));
    worse["database_specific"] = json!({"severity": "CRITICAL"});
    let known = Published::loose(&[one, same, worse]).read().unwrap();
    let found = known.find("thorn", "2.1").vulnerabilities;
    let told: Vec<_> = found.iter().map(|one| (one.id.as_str(), one.severity)).collect();
    assert_eq!(told, [("Z-1", Severity::Critical), ("A-1", Severity::High)]);
    assert_eq!(found[1].aliases, ["B-7", "C-3", "CVE-0-1"]);
    assert_eq!((found[1].score, found[1].fixed_in.join(" ")), (Some(7.5), "2.3 2.3.1".to_owned()));
    assert_eq!(found[1].summary, "crashes[2J on demand");
    assert!(found[0].fixed_in.is_empty());
    assert_eq!(ids(&known, "thorn", "1.7"), ["Z-1", "B-7"]);
}

#[test]
fn an_archive_is_read_and_what_is_broken_in_it_is_counted() {
    let good = advisory("X-1", "thorn", json!([{"introduced": "0"}])).to_string();
    let huge = format!("{good}{}", " ".repeat(8 << 20));
    let deep = "[".repeat(100_000);
    let odd = json!({"id": "X-5", "affected": [null, {"package": 7}]}).to_string();
    let published = Published::archived(&[
        ("X-1.json", good.as_bytes()),
        ("../../X-2.json", b"{"),
        ("X-3.json", huge.as_bytes()),
        ("X-4.json", deep.as_bytes()),
        ("X-5.json", odd.as_bytes()),
        ("readme.txt", b"hello"),
    ]);
    let known = published.read().unwrap();
    assert_eq!((known.count, known.skipped), (1, 4));
    assert_eq!(ids(&known, "thorn", "1"), ["X-1"]);
}

#[test]
fn nothing_is_never_no_vulnerabilities() {
    let published = Published::empty();
    assert!(matches!(published.read(), Err(Error::Nothing)));
    fs::write(published.archive(), b"PK but no more").unwrap();
    assert!(matches!(published.read(), Err(Error::Archive(_))));
    let other = Published::archived(&[("a.json", b"{}"), ("b.txt", b"b")]);
    assert!(matches!(other.read(), Err(Error::NoAdvisories(1))));
    assert!(matches!(Advisories::read(&other.0.path().join("none")), Err(Error::Nothing)));
}

#[test]
fn a_folder_that_changes_is_told_from_before() {
    let published = Published::loose(&[advisory("X-1", "thorn", json!([{"introduced": "0"}]))]);
    let before = Advisories::stamp(published.0.path());
    assert_eq!(before, Advisories::stamp(published.0.path()));
    fs::write(published.0.path().join("PyPI/X-2.json"), "{}").unwrap();
    assert_ne!(before, Advisories::stamp(published.0.path()));
}

proptest! {
    /// Whatever is in it, reading ends and says something.
    #[test]
    fn no_file_is_a_panic(text in proptest::collection::vec(any::<u8>(), 0..400), version in ".{0,30}") {
        let mut known = Advisories::default();
        known.add(&text);
        let events = json!([{"introduced": version}, {"fixed": version}]);
        known.add(advisory("X", "thorn", events).to_string().as_bytes());
        let _ = known.find("thorn", &version);
    }
}
