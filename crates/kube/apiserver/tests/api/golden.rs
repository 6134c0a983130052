//! Replays recorded conversations with a real kube-apiserver and compares.
//!
//! `DAIS_KUBERNETES_GOLDEN` names the folder of recordings; without it the test
//! passes without doing anything. `DAIS_GOLDEN_SHOW=<scenario>` prints what differs.

mod compare;
mod replay;

use std::path::Path;

/// Scenarios of which every answer must be as recorded.
const MUST_PASS: &[&str] = &[
    "crud/deletecollection",
    "patch/unsupported-patch-types",
    "listwatch/watch-basic",
    "ssa/owner-refs-finalizers",
    "rbac/forbidden",
    "namespace/pod-security",
];

const GROUPS: &[&str] = &[
    "crud",
    "patch",
    "listwatch",
    "crd",
    "ssa",
    "validation",
    "http",
    "discovery",
    "rbac",
    "namespace",
    "quota",
];

#[tokio::test(flavor = "multi_thread")]
async fn recorded_conversations() {
    let Ok(folder) = std::env::var("DAIS_KUBERNETES_GOLDEN") else { return };
    let show = std::env::var("DAIS_GOLDEN_SHOW").unwrap_or_default();
    let only = std::env::var("DAIS_GOLDEN_ONLY").unwrap_or_default();
    let mut broken = Vec::new();
    let (mut all_passed, mut all_failed) = (0, 0);
    let folder = Path::new(&folder);
    let names: Vec<String> = GROUPS
        .iter()
        .flat_map(|group| {
            scenarios(folder, group).into_iter().map(move |scenario| format!("{group}/{scenario}"))
        })
        .filter(|name| name.contains(&only))
        .collect();
    // Each scenario has a server of its own, and most of the time waits for a watch.
    let outcomes =
        futures::future::join_all(names.iter().map(|name| replay::replay(folder, name))).await;
    for (name, outcome) in names.iter().zip(outcomes) {
        println!("{name} golden: {} passed, {} failed", outcome.passed, outcome.failures.len());
        (all_passed, all_failed) =
            (all_passed + outcome.passed, all_failed + outcome.failures.len());
        if show == *name || show == "all" {
            outcome.failures.iter().for_each(|failure| println!("{failure}\n"));
        }
        if MUST_PASS.contains(&name.as_str()) && !outcome.failures.is_empty() {
            broken.push(format!("{name}:\n{}", outcome.failures.join("\n")));
        }
    }
    println!("all golden: {all_passed} passed, {all_failed} failed");
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

fn scenarios(folder: &Path, group: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder.join(group))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned))
        .filter(|name| !name.ends_with(".cli"))
        .collect();
    names.sort();
    names
}
