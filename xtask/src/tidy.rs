//! What the compiler does not check about the shape of the code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::arrows;

/// A file over this many lines is two rooms in one.
const LONGEST_FILE: usize = 600;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "manager", "common", "mod"];
/// Words that name a package registry's host; they change from place to place.
const REGISTRY_WORDS: &[&str] = &["\"resolved\": \"http", "registry = \"http"];

pub fn run(root: &Path) -> Result<()> {
    let mut found = arrows::violations(root)?;
    for path in tracked(root)? {
        let full = root.join(&path);
        let shown = path.display();
        if is_source(&path) {
            found.extend(source(&path, &fs::read_to_string(&full).unwrap_or_default()));
        }
        if path.ends_with("Cargo.toml") && path.parent() != Some(Path::new("")) {
            let manifest = fs::read_to_string(&full)?;
            if !manifest.contains("[lints]\nworkspace = true") {
                found.push(format!("{shown}: does not inherit the workspace's lints"));
            }
        }
        if path.ends_with("package-lock.json") || path.ends_with("config.toml") {
            let text = fs::read_to_string(&full)?;
            if REGISTRY_WORDS.iter().any(|word| text.contains(word)) {
                found.push(format!("{shown}: names the host of a package registry"));
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("tidy found {}:\n  {}", found.len(), found.join("\n  "))
}

fn source(path: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let shown = path.display();
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) {
        found.push(format!("{shown}: name it after what it holds"));
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        found.push(format!("{shown}: {lines} lines, at most {LONGEST_FILE}"));
    }
    let is_rust = path.extension().is_some_and(|ending| ending == "rs");
    let is_root = stem == "lib" || stem == "main";
    if is_rust && is_root && !text.starts_with("//!") {
        found.push(format!("{shown}: begins without a module doc"));
    }
    found
}

fn is_source(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let generated = path.components().any(|part| part.as_os_str() == "generated");
    matches!(ending, "rs" | "ts" | "tsx") && !generated
}

/// Files that git tracks, and new ones that it does not ignore.
fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("running git ls-files")?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let paths = listed.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from);
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}
