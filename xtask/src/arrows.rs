//! Which crate may stand on which. Arrows point down only; siblings meet
//! through the Kubernetes API or as routers that the binary mounts.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Crate → the crates of this workspace that it may depend on. A crate that is
/// not here may depend on none. `dais`, `dais-bench` and `xtask` may depend on all.
const ARROWS: &[(&str, &[&str])] = &[
    ("dais-apiserver", &["dais-schema", "dais-store"]),
    ("dais-buckets", &["dais-relations"]),
    (
        "dais-controllers",
        &["dais-api", "dais-cron", "dais-quantity", "dais-statistics", "dais-tuning"],
    ),
    ("dais-data", &["dais-relations"]),
    ("dais-gateway", &["dais-api"]),
    ("dais-identity", &["dais-relations"]),
    ("dais-labeling", &["dais-relations"]),
    ("dais-ledger", &["dais-relations"]),
    ("dais-node", &["dais-images", "dais-quantity", "dais-streaming"]),
    ("dais-outcomes", &["dais-relations", "dais-statistics"]),
    ("dais-portal", &["dais-api", "dais-identity"]),
    ("dais-testkit", &["dais-api", "dais-apiserver", "dais-store"]),
    ("dais-tracking", &["dais-relations"]),
    ("dais-workloads", &["dais-cron", "dais-quantity"]),
];

/// Crates without rules of their own.
const ABOVE_ALL: &[&str] = &["dais", "dais-bench", "xtask"];

/// The one crate that others may use in tests only.
const TEST_ONLY: &str = "dais-testkit";

pub fn violations(root: &Path) -> Result<Vec<String>> {
    let metadata = metadata(root)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let names: Vec<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if ABOVE_ALL.contains(&name) {
            continue;
        }
        let allowed = ARROWS.iter().find(|(from, _)| *from == name).map_or(&[][..], |(_, to)| to);
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let in_tests = dependency["kind"].as_str() == Some("dev");
            let ours = names.contains(&to);
            if ours && !(allowed.contains(&to) || in_tests && to == TEST_ONLY) {
                found.push(format!("{name} must not depend on {to}"));
            }
        }
    }
    Ok(found)
}

fn metadata(root: &Path) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("reading cargo metadata")
}
