//! Which names clients may give to projects, datasets and files.

use crate::Error;
use crate::error::Result;

/// The longest file name that Linux file systems take.
const LONGEST_NAME: usize = 255;
/// Leaves room for the mount point below Linux's 4096.
const LONGEST_PATH: usize = 2048;

/// A project names a directory.
pub(crate) fn project(name: &str) -> Result<()> {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !name.is_empty() && !name.starts_with('.') && name.len() <= 253 && name.chars().all(safe)
    {
        true => Ok(()),
        false => Err(Error::NoProject),
    }
}

/// A dataset is also the name of a Kubernetes object: a DNS subdomain (RFC 1123).
pub(crate) fn dataset(name: &str) -> Result<()> {
    let inside = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let ends = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    if bytes.len() <= 253
        && bytes.iter().all(|b| inside(*b))
        && ends(bytes.first())
        && ends(bytes.last())
    {
        return Ok(());
    }
    Err(Error::invalid(
        "dataset",
        format!(
            "'{name}' is no valid name: use lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
        ),
    ))
}

/// A tag of a version: never what names a version otherwise, nor a part of an address.
pub(crate) fn tag(name: &str) -> Result<()> {
    let refuse = |problem: &str| Err(Error::invalid("tag", format!("{name:?} {problem}")));
    if name.trim() != name || !(1..=253).contains(&name.chars().count()) {
        return refuse("is empty, has spaces around it or more than 253 characters");
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | '@')) {
        return refuse("has a slash, '@' or a control character");
    }
    let number = name.strip_prefix('v').unwrap_or(name);
    if number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty() {
        return refuse("looks like the number of a version");
    }
    if matches!(name, "latest" | "." | "..") || name.starts_with("sha256:") {
        return refuse("means something else already");
    }
    Ok(())
}

/// A file's path inside a dataset or bundle, relative and without tricks.
pub(crate) fn file(path: &str) -> Result<()> {
    let refuse = |problem: &str| Err(Error::invalid("path", format!("{path:?} {problem}")));
    if path.len() > LONGEST_PATH {
        return refuse(&format!("is longer than {LONGEST_PATH} bytes"));
    }
    if path.chars().any(char::is_control) || path.contains('\\') {
        return refuse("has a backslash or a control character");
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refuse("is absolute or has an empty part, '.' or '..'");
    }
    if path.split('/').any(|part| part.len() > LONGEST_NAME) {
        return refuse(&format!("has a name longer than {LONGEST_NAME} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for bad in ["", "/a", "a/", "../a", "a/../b", "a//b", "./a", "a\\b", "a\nb", "a\0"] {
            assert!(file(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a/b.c", "..a/b..", "数据/图 1.png"] {
            assert!(file(good).is_ok(), "{good:?}");
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a/b", "."] {
            assert!(dataset(bad).is_err(), "{bad:?}");
        }
        for bad in ["", " a", "v1", "12", "latest", "sha256:0", "a/b", "a@b", "a\nb", ".."] {
            assert!(tag(bad).is_err(), "{bad:?}");
        }
        for good in ["gold", "v1.0", "v", "黄金 标注", "it's"] {
            assert!(tag(good).is_ok(), "{good:?}");
        }
        assert!(dataset("digits-2.1").is_ok());
        assert!(project("..").is_err() && project("a/b").is_err() && project("team-a").is_ok());
    }
}
