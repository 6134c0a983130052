//! Prometheus's own evaluation scripts against our engine. Runs when
//! `DAIS_PROMQL_CORPUS` names a folder of `*.test` files; the format is described in
//! Prometheus's `promql/promqltest/README.md`.
//!
//! A case is skipped when what its query reads holds samples that our store does not
//! (`corpus/world.rs`), or when it trims native histograms. As in Prometheus, an instant
//! query must also have its result in the middle of a range query, and at any time with
//! its selectors pinned by `@`.

#![allow(clippy::unwrap_used)]

#[path = "corpus/notation.rs"]
mod notation;
#[path = "corpus/outcome.rs"]
mod outcome;
#[path = "corpus/pinned.rs"]
mod pinned;
#[path = "corpus/script.rs"]
mod script;
#[path = "corpus/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use outcome::Outcome;
use script::Command;
use world::World;

/// Cases of the known files and how many pass: all that read no native histogram.
const KNOWN: [(&str, usize, usize); 9] = [
    ("aggregators", 160, 126),
    ("collision", 2, 2),
    ("functions", 431, 326),
    ("histograms", 185, 93),
    ("literals", 25, 25),
    ("name_label_dropping", 30, 30),
    ("operators", 214, 142),
    ("selectors", 31, 31),
    ("subquery", 34, 32),
];

/// Cases in `corpus/scripts`.
const OUR_CASES: usize = 95;

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
}

fn run(path: &Path) -> Tally {
    let text = std::fs::read_to_string(path).unwrap();
    let mut tally = Tally::default();
    let mut world = World::default();
    for command in script::parse(&text) {
        match command {
            Command::Clear => world = World::default(),
            Command::Load(load) => world.load(load),
            Command::Unreadable(line) => {
                tally.failed.push(format!("{}:{line} cannot be read", path.display()));
            }
            Command::Eval(case) => match outcome::judge(&case, &world) {
                Outcome::Passed => tally.passed += 1,
                Outcome::Skipped => tally.skipped += 1,
                Outcome::Failed(why) => tally.failed.push(format!(
                    "{}:{} {}\n    {why}",
                    path.display(),
                    case.line,
                    case.query
                )),
            },
        }
    }
    tally
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}

/// What the known files do not ask, in scripts of our own.
#[test]
fn our_scripts_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/scripts");
    let (mut passed, mut failed) = (0, Vec::new());
    for path in scripts(&folder) {
        let tally = run(&path);
        assert_eq!(tally.skipped, 0, "{}", path.display());
        passed += tally.passed;
        failed.extend(tally.failed);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(passed, OUR_CASES);
}

#[test]
fn the_corpus_passes() {
    let Some(folder) = std::env::var_os("DAIS_PROMQL_CORPUS") else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "set DAIS_PROMQL_CORPUS to a folder with Prometheus's promqltest scripts (*.test)"
        );
        eprintln!("skipped: DAIS_PROMQL_CORPUS names no folder");
        return;
    };
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let tallies: BTreeMap<String, Tally> =
        scripts(Path::new(&folder)).iter().map(|path| (name(path), run(path))).collect();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, tally) in &tallies {
        println!(
            "{name}: {} passed, {} failed, {} skipped",
            tally.passed,
            tally.failed.len(),
            tally.skipped
        );
        tally.failed.iter().for_each(|failure| println!("  {failure}"));
        passed += tally.passed;
        failed += tally.failed.len();
        skipped += tally.skipped;
    }
    println!("promql corpus: {passed} passed, {failed} failed, {skipped} skipped");
    assert_eq!(failed, 0, "cases fail, those of unknown scripts among them");
    let has_known = KNOWN.iter().any(|(name, ..)| tallies.contains_key(*name));
    for (name, cases, floor) in KNOWN {
        let Some(tally) = tallies.get(name) else {
            assert!(
                !has_known,
                "{name}.test is missing, and others of the known scripts are there"
            );
            continue;
        };
        assert_eq!(
            tally.passed + tally.failed.len() + tally.skipped,
            cases,
            "cases of {name}: a script was read differently"
        );
        assert_eq!(tally.passed, floor, "{name}: another number passed than is known to");
    }
    assert!(passed > 0, "the corpus has no cases");
}
