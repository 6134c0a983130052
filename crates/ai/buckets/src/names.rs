//! Which names clients may give to buckets and objects.

use crate::error::{Error, Result};

/// The bucket that shows the project's dataset versions; nobody can make or write it.
pub const DATASETS: &str = "datasets";

/// S3's own limit, in bytes of UTF-8.
const LONGEST_KEY: usize = 1024;

/// A project names a directory.
pub(crate) fn project(name: &str) -> Result<()> {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !name.is_empty() && !name.starts_with('.') && name.len() <= 253 && name.chars().all(safe)
    {
        true => Ok(()),
        false => Err(Error::invalid("project", format!("'{name}' is no name of a project"))),
    }
}

/// S3's rules: 3 to 63 lower-case letters, digits, '-' and '.', no IP address.
pub(crate) fn bucket(name: &str) -> Result<()> {
    match s3s::path::check_bucket_name(name) {
        true => Ok(()),
        false => Err(Error::invalid(
            "bucket",
            format!(
                "'{name}' is no valid name: use 3 to 63 lower-case letters, digits, '-' and '.', \
                 beginning and ending with a letter or digit"
            ),
        )),
    }
}

/// A key is a name, not a path: '..' and empty parts are as good as any. Control
/// characters are refused, since the XML of answers cannot hold them.
pub(crate) fn key(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        let problem = format!("a key has 1 to {LONGEST_KEY} bytes, this one {}", key.len());
        return Err(Error::invalid("key", problem));
    }
    if key.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(Error::invalid("key", format!("{key:?} has a control character")));
    }
    Ok(())
}

/// The first text, in order of bytes, after all texts that begin with `prefix`; `None`
/// when there is none.
pub(crate) fn after_all(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            // The gap of surrogates.
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_and_not_paths() {
        for good in
            ["a", "../../etc/passwd", "a//b", "/", "数据/图 1.png", "a\\b", &"k".repeat(1024)]
        {
            assert!(key(good).is_ok(), "{good:?}");
        }
        for bad in ["", "a\0b", "a\nb", "\u{7f}", "\u{85}", &"k".repeat(1025), &"数".repeat(342)] {
            assert!(key(bad).is_err(), "{bad:?}");
        }
        for bad in ["ab", "A-bucket", "a_b", "192.168.0.1", "-ab", "..", "a/b"] {
            assert!(bucket(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "..", "a/b"] {
            assert!(project(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_comes_after_a_prefix() {
        assert_eq!(after_all("a/").as_deref(), Some("a0"));
        assert_eq!(after_all("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after_all("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_all("\u{10ffff}"), None);
        assert_eq!(after_all(""), None);
    }
}
