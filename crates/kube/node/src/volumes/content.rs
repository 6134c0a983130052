//! Writes a volume's files so that a reader sees all of the old or all of the
//! new: files lie in a directory named after the time, `..data` points to it,
//! and every top name is a link through `..data` (kubelet's own layout).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use crate::shim::record::User;

const DATA: &str = "..data";

/// A file's bytes and permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mode: u32,
}

/// Files by their path in the volume.
pub(crate) type Files = BTreeMap<String, File>;

/// Makes the volume hold exactly these files.
pub(crate) fn write(dir: &Path, files: &Files, user: Option<User>) -> io::Result<()> {
    let old = fs::read_link(dir.join(DATA)).ok();
    if old.as_ref().is_some_and(|old| holds(&dir.join(old), files)) {
        return Ok(());
    }
    let name = format!("..{}", Timestamp::now().as_nanosecond());
    let fresh = dir.join(&name);
    fs::create_dir(&fresh)?;
    own(&fresh, user, 0o755)?;
    for (path, file) in files {
        let path = fresh.join(safe(path)?);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
            own(parent, user, 0o755)?;
        }
        fs::write(&path, &file.bytes)?;
        own(&path, user, file.mode)?;
    }
    let link = dir.join(format!("{DATA}.new"));
    let _ = fs::remove_file(&link);
    symlink(&name, &link)?;
    fs::rename(&link, dir.join(DATA))?;
    link_names(dir, files)?;
    if let Some(old) = old {
        fs::remove_dir_all(dir.join(old))?;
    }
    Ok(())
}

fn own(path: &Path, user: Option<User>, mode: u32) -> io::Result<()> {
    if let Some(user) = user {
        chown(path, Some(user.uid), Some(user.gid))?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// A path that stays in the volume.
fn safe(path: &str) -> io::Result<PathBuf> {
    let path = PathBuf::from(path);
    if path.components().all(|part| matches!(part, Component::Normal(_)))
        && path.components().count() > 0
    {
        return Ok(path);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{} leads out of the volume", path.display()),
    ))
}

/// Links for new names; those of old ones go.
fn link_names(dir: &Path, files: &Files) -> io::Result<()> {
    let tops: BTreeSet<&str> = files.keys().filter_map(|path| path.split('/').next()).collect();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let stale =
            name.to_str().is_some_and(|name| !name.starts_with("..") && !tops.contains(name));
        if stale {
            fs::remove_file(entry.path())?;
        }
    }
    for top in tops {
        match symlink(Path::new(DATA).join(top), dir.join(top)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn holds(dir: &Path, files: &Files) -> bool {
    files.iter().all(|(path, file)| fs::read(dir.join(path)).is_ok_and(|bytes| bytes == file.bytes))
        && count(dir) == files.len()
}

fn count(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        let file = |text: &str| File { bytes: text.into(), mode: 0o640 };
        list.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect()
    }

    #[test]
    fn an_update_replaces_all_at_once_and_drops_what_went() {
        let temp = tempfile::tempdir().unwrap();
        write(temp.path(), &files(&[("a", "1"), ("sub/b", "2")]), None).unwrap();
        assert_eq!(fs::read_to_string(temp.path().join("sub/b")).unwrap(), "2");
        let mode = fs::metadata(temp.path().join("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        write(temp.path(), &files(&[("a", "3"), ("c", "4")]), None).unwrap();
        assert_eq!(fs::read_to_string(temp.path().join("a")).unwrap(), "3");
        assert!(!temp.path().join("sub").exists());
        let versions = fs::read_dir(temp.path()).unwrap().count();
        assert_eq!(versions, 4, "a, c, ..data and one version");
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let temp = tempfile::tempdir().unwrap();
        write(temp.path(), &files(&[("a", "1")]), None).unwrap();
        let before = fs::read_link(temp.path().join(DATA)).unwrap();
        write(temp.path(), &files(&[("a", "1")]), None).unwrap();
        assert_eq!(fs::read_link(temp.path().join(DATA)).unwrap(), before);
    }

    #[test]
    fn no_path_leads_out() {
        let temp = tempfile::tempdir().unwrap();
        for path in ["../x", "/x", "a/../../x", ""] {
            assert!(write(temp.path(), &files(&[(path, "1")]), None).is_err(), "{path}");
        }
    }
}
