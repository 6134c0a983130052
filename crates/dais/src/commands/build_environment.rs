//! `dais build-environment`: makes a virtual environment with its packages. Runs
//! inside a pod of the project that asked, as that project's user.

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
    if !args.requirements.is_empty() && !install(&venv, &args.requirements)? {
        return Ok(code(exit::NOT_INSTALLED));
    }
    let manifest = Manifest { python_version: python.version, packages: installed(&venv)? };
    let text = serde_json::to_string_pretty(&manifest).context("writing the manifest")?;
    fs::write(args.into.join(MANIFEST), text).context("writing the manifest")?;
    println!("done: {} packages", manifest.packages.len());
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

fn install(venv: &Path, requirements: &[String]) -> Result<bool> {
    println!("installing {}", requirements.join(", "));
    // A file keeps a requirement from ever being read as an option.
    let list = venv.join("requirements.txt");
    fs::write(&list, requirements.join("\n")).context("writing the requirements")?;
    let status = Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--no-input", "--no-cache-dir", "--progress-bar", "off"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(&list)
        // Its lines are the build's progress: none may wait in a buffer.
        .env("PYTHONUNBUFFERED", "1")
        .status()
        .context("starting pip")?;
    Ok(status.success())
}

fn installed(venv: &Path) -> Result<Vec<InstalledPackage>> {
    let output = Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "list", "--format", "json", "--disable-pip-version-check"])
        .output()
        .context("listing what was installed")?;
    serde_json::from_slice(&output.stdout).context("reading the list of what was installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_match_at_their_dots() {
        assert!(is_version("3.11.2", "3.11"));
        assert!(is_version("3.11.2", "3"));
        assert!(is_version("3.11.2", "3.11.2"));
        assert!(!is_version("3.11.2", "3.1"));
    }
}
