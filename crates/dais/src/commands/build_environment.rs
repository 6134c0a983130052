//! `dais build-environment`: makes a virtual environment with its packages. Runs
//! inside a pod of the project that asked, as that project's user.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use dais_api::InstalledPackage;
use dais_api::environment::exit;
use serde::{Deserialize, Serialize};

use crate::cli::BuildEnvironment;

/// What a finished build says of itself, at the root of the environment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    pub python_version: String,
    pub packages: Vec<InstalledPackage>,
    #[serde(default)]
    pub size_bytes: u64,
}

/// Name of [`Manifest`] in the environment's folder.
pub const MANIFEST: &str = "environment.json";
/// Folder of the virtual environment inside the environment's folder.
const VENV: &str = "venv";

pub fn run(args: &BuildEnvironment) -> Result<ExitCode> {
    let Some(python) = interpreter(args.python.as_deref()) else {
        let wanted = args.python.as_deref().unwrap_or("3");
        println!(
            "no python{wanted} on this machine; install it, for example: apt-get install \
             python{wanted} python3-venv"
        );
        return Ok(code(exit::NO_PYTHON));
    };
    println!("using Python {} at {}", python.version, python.path.display());
    let venv = args.into.join(VENV);
    if !make_venv(&python.path, &venv)? {
        return Ok(code(exit::NO_VENV));
    }
    let mut files = BTreeMap::new();
    if !args.requirements.is_empty() {
        let wanted = Wanted { requirements: &args.requirements, locked: &args.locked };
        let Some(installed) = install(&venv, &wanted)? else {
            return Ok(code(exit::NOT_INSTALLED));
        };
        files = installed;
    }
    let manifest = Manifest {
        python_version: python.version,
        packages: packages(&venv, &files)?,
        size_bytes: size(&args.into),
    };
    let text = serde_json::to_string_pretty(&manifest).context("writing the manifest")?;
    fs::write(args.into.join(MANIFEST), text).context("writing the manifest")?;
    println!("done: {} packages, {} MiB", manifest.packages.len(), manifest.size_bytes >> 20);
    Ok(ExitCode::SUCCESS)
}

fn code(number: i32) -> ExitCode {
    ExitCode::from(u8::try_from(number).unwrap_or(u8::MAX))
}

struct Interpreter {
    path: PathBuf,
    version: String,
}

/// `python<wanted>` on the path, else a `python3` of the wanted version.
fn interpreter(wanted: Option<&str>) -> Option<Interpreter> {
    let exact = wanted.map(|version| format!("python{version}"));
    let names = exact.as_deref().into_iter().chain(["python3", "python"]);
    names
        .filter_map(probe)
        .find(|found| wanted.is_none_or(|wanted| is_version(&found.version, wanted)))
}

fn is_version(found: &str, wanted: &str) -> bool {
    found == wanted || found.starts_with(&format!("{wanted}."))
}

fn probe(name: &str) -> Option<Interpreter> {
    let script = "import platform,sys; print(sys.executable); print(platform.python_version())";
    let output = Command::new(name).args(["-I", "-c", script]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let (path, version) = (lines.next()?.to_owned(), lines.next()?.to_owned());
    output.status.success().then(|| Interpreter { path: path.into(), version })
}

fn make_venv(python: &Path, venv: &Path) -> Result<bool> {
    println!("making the virtual environment");
    let output = Command::new(python)
        .args(["-m", "venv", "--clear"])
        .arg(venv)
        .output()
        .context("starting python -m venv")?;
    if output.status.success() {
        return Ok(true);
    }
    print!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    println!(
        "python's venv module is incomplete; install it, for example: apt-get install python3-venv"
    );
    Ok(false)
}

/// What is asked for, and what it came to when it was built before.
struct Wanted<'a> {
    requirements: &'a [String],
    /// `name==version`, with ` --hash=sha256:…` where the file is known.
    locked: &'a [String],
}

/// SHA-256 of the file of each distribution, by its name; `None` when the installer refused.
fn install(venv: &Path, wanted: &Wanted<'_>) -> Result<Option<BTreeMap<String, String>>> {
    let list = venv.join("requirements.txt");
    let report = venv.join("report.json");
    let is_locked = !wanted.locked.is_empty();
    let lines = if is_locked { wanted.locked } else { wanted.requirements };
    match is_locked {
        true => println!("installing the {} packages of the lock", lines.len()),
        false => println!("installing {}", lines.join(", ")),
    }
    // A file keeps a requirement from ever being read as an option.
    fs::write(&list, lines.join("\n")).context("writing the requirements")?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-input", "--no-cache-dir", "--progress-bar", "off"])
        .args(["--disable-pip-version-check", "--report"])
        .arg(&report);
    if is_locked {
        // The lock is whole: nothing is to be resolved again.
        pip.arg("--no-deps");
    }
    let status = pip
        .arg("--requirement")
        .arg(&list)
        // Its lines are the build's progress: none may wait in a buffer.
        .env("PYTHONUNBUFFERED", "1")
        .status()
        .context("starting pip")?;
    if !status.success() {
        return Ok(None);
    }
    let text = fs::read(&report).context("reading what pip installed")?;
    let report: Report = serde_json::from_slice(&text).context("reading what pip installed")?;
    Ok(Some(report.install.into_iter().filter_map(Item::named).collect()))
}

/// pip's installation report, version 1.
#[derive(Deserialize)]
struct Report {
    install: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Named,
    download_info: Download,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Download {
    archive_info: Option<Archive>,
}

#[derive(Deserialize)]
struct Archive {
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl Item {
    fn named(self) -> Option<(String, String)> {
        let hash = self.download_info.archive_info?.hashes.remove("sha256")?;
        Some((normal(&self.metadata.name), hash))
    }
}

/// A name as PEP 503 compares it.
fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !normal.ends_with('-') {
            normal.push(c);
        }
    }
    normal
}

/// Asks the environment itself: its own interpreter knows its metadata best.
const PACKAGES: &str = r#"
import importlib.metadata as m, json
def licence(meta):
    said = meta.get("License-Expression") or ""
    if not said:
        trove = [c.split(" :: ")[-1] for c in meta.get_all("Classifier") or [] if c.startswith("License :: ")]
        said = ", ".join(t for t in trove if t != "OSI Approved")
    first = (said or meta.get("License") or "").strip().splitlines()
    return first[0].strip()[:120] if first else ""
found = {d.metadata["Name"]: d for d in m.distributions() if d.metadata["Name"]}
print(json.dumps([[n, d.version, licence(d.metadata)] for n, d in found.items()]))
"#;

fn packages(venv: &Path, files: &BTreeMap<String, String>) -> Result<Vec<InstalledPackage>> {
    let output = Command::new(venv.join("bin/python"))
        .args(["-I", "-c", PACKAGES])
        .output()
        .context("listing what was installed")?;
    let listed: Vec<(String, String, String)> =
        serde_json::from_slice(&output.stdout).context("reading the list of what was installed")?;
    let mut packages: Vec<InstalledPackage> = listed
        .into_iter()
        .map(|(name, version, licence)| InstalledPackage {
            sha256: files.get(&normal(&name)).cloned(),
            licence: Some(licence).filter(|licence| !licence.is_empty()),
            name,
            version,
        })
        .collect();
    packages.sort_by_key(|package| normal(&package.name));
    Ok(packages)
}

/// Bytes of all files below `folder`.
fn size(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    files.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_indexes_do() {
        assert_eq!(normal("Typing_Extensions"), "typing-extensions");
        assert_eq!(normal("zope.--interface"), "zope-interface");
    }

    #[test]
    fn versions_match_at_their_dots() {
        assert!(is_version("3.11.2", "3.11"));
        assert!(is_version("3.11.2", "3"));
        assert!(is_version("3.11.2", "3.11.2"));
        assert!(!is_version("3.11.2", "3.1"));
    }
}
