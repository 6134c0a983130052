//! Names of images as people write them, and the one form in which they are kept.

use crate::digest::Digest;
use crate::error::{Error, Result};

/// What a name without a registry means, wherever images are named.
const DEFAULT_REGISTRY: &str = "docker.io";
const DEFAULT_FOLDER: &str = "library";
const DEFAULT_TAG: &str = "latest";
const LONGEST: usize = 512;
const HINT: &str =
    "names are like shop/train:v3: lower case letters, digits, . _ - and /, then : and a tag";

/// `busybox` → `docker.io/library/busybox:latest`.
///
/// # Errors
/// Refused where it is no name of an image.
pub fn canonical(name: &str) -> Result<String> {
    let refuse =
        || Error::Refused { reason: format!("{name:?} is no name of an image"), hint: HINT };
    if name.len() > LONGEST || name.contains('@') {
        return Err(refuse());
    }
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let (path, tag) = match name[last..].rfind(':') {
        Some(colon) => (&name[..last + colon], &name[last + colon + 1..]),
        None => (name, DEFAULT_TAG),
    };
    let (registry, path) = match path.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => (first, rest),
        _ => (DEFAULT_REGISTRY, path),
    };
    let tagged = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let part = |part: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        part.chars().all(plain) && ends(part.chars().next()) && ends(part.chars().last())
    };
    let host = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let tag_holds = !tag.is_empty() && tag.len() <= 128 && tag.chars().all(tagged);
    let tag_holds = tag_holds && !tag.starts_with(['.', '-']);
    if !tag_holds || !registry.split(['.', ':']).all(host) || !path.split('/').all(part) {
        return Err(refuse());
    }
    let folder = registry == DEFAULT_REGISTRY && !path.contains('/');
    let folder = if folder { format!("{DEFAULT_FOLDER}/") } else { String::new() };
    Ok(format!("{registry}/{folder}{path}:{tag}"))
}

/// What a pod or a person asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Name(String),
    /// An image's id, or the digest of its manifest.
    Digest(Digest),
}

/// A name, an id (`sha256:…`), or a name with a digest, of which the digest counts.
pub(crate) fn parse(text: &str) -> Result<Reference> {
    let digest = text.rsplit_once('@').map_or(text, |(_, digest)| digest);
    if let Some(digest) = Digest::parse(digest) {
        return Ok(Reference::Digest(digest));
    }
    canonical(text).map(Reference::Name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        for (name, wanted) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36"),
            ("docker.io/library/busybox", "docker.io/library/busybox:latest"),
            ("shop/train:v3", "docker.io/shop/train:v3"),
            ("localhost/a/b:C_d", "localhost/a/b:C_d"),
            ("images.shop.example:5000/a:1", "images.shop.example:5000/a:1"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
        ] {
            assert_eq!(canonical(name).unwrap(), wanted);
            assert_eq!(canonical(wanted).unwrap(), wanted);
        }
    }

    #[test]
    fn what_is_no_name_is_refused_in_words() {
        let long = "a".repeat(600);
        for name in [
            "", "A", "../x", "a//b", "/a", "a:", "a:b:c", "a b", "图像", "a:-x", "a/", "..a/b",
            &long,
        ] {
            let error = canonical(name).unwrap_err().to_string();
            assert!(error.contains("no name of an image"), "{name}: {error}");
        }
    }

    #[test]
    fn a_digest_is_what_counts() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let wanted = Reference::Digest(Digest::parse(&digest).unwrap());
        assert_eq!(parse(&digest).unwrap(), wanted);
        assert_eq!(parse(&format!("shop/train@{digest}")).unwrap(), wanted);
        assert!(parse("shop/train@sha256:short").is_err());
    }
}
