//! Code out of a Git repository, with the machine's own `git`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use dais_api::GitSource;

use crate::cli::AlgorithmCreate;

/// A folder of a repository at one commit.
pub struct Checkout {
    _folder: tempfile::TempDir,
    /// What is to be packed.
    pub path: PathBuf,
    pub source: GitSource,
}

/// Protocols that only fetch: `ext::` would run what the address says.
const PROTOCOLS: &str = "https:http:ssh:git:file";

pub fn fetch(url: &str, args: &AlgorithmCreate) -> Result<Checkout> {
    let revision = args.revision.as_deref();
    for (option, text) in [("--git", Some(url)), ("--revision", revision)] {
        if text.is_some_and(|text| text.starts_with('-') || text.is_empty()) {
            bail!(
                "{option} {:?}: is no such thing; it begins with - or is empty",
                text.unwrap_or_default()
            );
        }
    }
    let folder = tempfile::tempdir().context("making a folder for the repository")?;
    let root = folder.path();
    git(root, &["init", "--quiet"])?;
    let wanted = revision.unwrap_or("HEAD");
    // A server that does not give a bare commit gives all of its branches.
    if git(root, &["fetch", "--quiet", "--depth=1", "--", url, wanted]).is_ok() {
        git(root, &["checkout", "--quiet", "--detach", "FETCH_HEAD"])?;
    } else {
        let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
        git(root, &["fetch", "--quiet", "--", url, all[0], all[1]])?;
        let branch = format!("refs/remotes/origin/{wanted}");
        let found = git(root, &["checkout", "--quiet", "--detach", &branch])
            .or_else(|_| git(root, &["checkout", "--quiet", "--detach", wanted]));
        found.with_context(|| format!("{url} has no branch, tag or commit {wanted:?}"))?;
    }
    let commit = git(root, &["rev-parse", "HEAD"])?;
    let path = inside(root, args.folder.as_deref())?;
    let source = GitSource {
        url: without_password(url),
        revision: args.revision.clone(),
        commit,
        path: args.folder.as_ref().map(|path| path.display().to_string()),
    };
    Ok(Checkout { _folder: folder, path, source })
}

/// The folder that is named, which must not lead out of the repository.
fn inside(root: &Path, folder: Option<&Path>) -> Result<PathBuf> {
    let Some(folder) = folder else { return Ok(root.to_owned()) };
    let root = root.canonicalize().context("finding the repository")?;
    let path = root.join(folder).canonicalize();
    let path = path.ok().filter(|path| path.starts_with(&root) && path.is_dir());
    path.with_context(|| format!("--folder: the repository has no folder {}", folder.display()))
}

/// What is written down for everybody to read holds nobody's password.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

fn git(folder: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"])
        .args(words)
        .current_dir(folder)
        // Nobody is there to answer, and the code is not to run here.
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null())
        .output()
        .context("starting git; it must be installed for --git")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git {}: {}", words.first().unwrap_or(&""), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_written_down() {
        for (given, kept) in [
            ("https://ann:secret@git.example.com/a.git", "https://git.example.com/a.git"),
            ("https://git.example.com/a@b.git", "https://git.example.com/a@b.git"),
            ("git@example.com:team/a.git", "git@example.com:team/a.git"),
            ("file:///srv/a.git", "file:///srv/a.git"),
        ] {
            assert_eq!(without_password(given), kept);
        }
    }

    #[test]
    fn a_folder_stays_inside() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("train")).unwrap();
        assert!(inside(root.path(), Some(Path::new("train"))).is_ok());
        std::os::unix::fs::symlink("/etc", root.path().join("out")).unwrap();
        for bad in ["..", "/etc", "none", "out"] {
            assert!(inside(root.path(), Some(Path::new(bad))).is_err(), "{bad}");
        }
    }
}
