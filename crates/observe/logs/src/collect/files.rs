//! Which log files there are, in the order in which they were written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone)]
pub struct LogFile {
    pub path: PathBuf,
    /// How often the container had been started before.
    pub restart: u32,
    /// Device and inode: the file itself, whatever its name.
    pub node: (u64, u64),
    pub size: u64,
}

pub fn directories(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return vec![] };
    let is_directory = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut found: Vec<_> =
        entries.flatten().filter(is_directory).map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// By restart, then the rotated ones by their stamp, then the one that is being written.
pub fn log_files(container: &Path) -> Vec<LogFile> {
    let Ok(entries) = fs::read_dir(container) else { return vec![] };
    let mut found: Vec<(u32, Option<String>, LogFile)> = entries
        .flatten()
        .filter_map(|entry| {
            let (restart, rotated) = parse_name(entry.file_name().to_str()?)?;
            let metadata = entry.metadata().ok().filter(|metadata| metadata.is_file())?;
            let node = (metadata.dev(), metadata.ino());
            let file = LogFile { path: entry.path(), restart, node, size: metadata.len() };
            Some((restart, rotated, file))
        })
        .collect();
    found.sort_by(|(restart, rotated, _), (other_restart, other_rotated, _)| {
        let is_current = (rotated.is_none(), other_rotated.is_none());
        restart
            .cmp(other_restart)
            .then(is_current.0.cmp(&is_current.1))
            .then(rotated.cmp(other_rotated))
    });
    // A file renamed while the directory was read can show up under both names.
    let mut files: Vec<LogFile> = Vec::with_capacity(found.len());
    for (_, _, file) in found {
        if files.iter().all(|seen| seen.node != file.node) {
            files.push(file);
        }
    }
    files
}

/// `3.log` is `(3, None)`, `3.log.20261124-185227` is `(3, Some("20261124-185227"))`.
fn parse_name(name: &str) -> Option<(u32, Option<String>)> {
    let (restart, rest) = name.split_once('.')?;
    let rotated = match rest.strip_prefix("log")? {
        "" => None,
        stamp => Some(stamp.strip_prefix('.')?.to_owned()),
    };
    // A rotated file may be compressed later; its lines were read before.
    if rotated.as_deref().is_some_and(|stamp| stamp.ends_with(".gz") || stamp.ends_with(".tmp")) {
        return None;
    }
    Some((restart.parse().ok()?, rotated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_writing() {
        let directory = tempfile::tempdir().unwrap();
        for name in [
            "1.log",
            "0.log",
            "0.log.20261124-185228",
            "0.log.20261124-185227",
            "other",
            "x.log",
            "0.log.1.gz",
        ] {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        let names: Vec<_> = log_files(directory.path())
            .into_iter()
            .map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["0.log.20261124-185227", "0.log.20261124-185228", "0.log", "1.log"]);
    }
}
