//! Chores of the repository: `cargo xtask generate`, `cargo xtask tidy`.

mod arrows;
mod generate;
mod tidy;

use std::path::PathBuf;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask <generate [--check] | tidy>
  generate          write the files that are made from others (deploy/crds, deploy/prometheus)
  generate --check  fail when one of them is stale
  tidy              check dependency arrows, file lengths, names and lints";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["generate"] => generate::write(&root()),
        ["generate", "--check"] => generate::check(&root()),
        ["tidy"] => tidy::run(&root()),
        _ => bail!("{USAGE}"),
    }
}

/// The workspace's folder: this crate's parent.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
