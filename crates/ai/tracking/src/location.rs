//! Artifact addresses: what clients see and what is stored.
//!
//! Clients get absolute HTTP addresses under our public base, because the
//! client turns a bare `mlflow-artifacts:/` into an address without the
//! `/mlflow` prefix. Stored are addresses relative to the project (with the
//! scheme `artifacts:`), so that the platform can move to another host or port.

use crate::error::Result;
use crate::{Error, limits};

const STORED: &str = "artifacts:";

pub(crate) struct Locations {
    base: String,
}

impl Locations {
    pub fn new(base: String) -> Locations {
        Locations { base: base.trim_end_matches('/').to_owned() }
    }

    /// What to store for the artifacts at `path` (`<experiment>/<run>/artifacts`).
    pub fn stored(path: &str) -> String {
        format!("{STORED}{path}")
    }

    /// A path below a stored location or a client's own address.
    pub fn below(stored: &str, path: &str) -> String {
        let separator = if stored.ends_with('/') || stored == STORED { "" } else { "/" };
        format!("{stored}{separator}{path}")
    }

    /// The project-relative path when the files are ours.
    pub fn local(stored: &str) -> Option<&str> {
        stored.strip_prefix(STORED)
    }

    fn root(&self, project: &str) -> String {
        format!("{}/mlflow/p/{project}/api/2.0/mlflow-artifacts/artifacts/", self.base)
    }

    /// What the client is told.
    pub fn public(&self, project: &str, stored: &str) -> String {
        match Locations::local(stored) {
            Some(path) => self.root(project) + path,
            None => stored.to_owned(),
        }
    }

    /// What to store of an address that a client chose, once it is known to be harmless.
    ///
    /// # Errors
    /// Paths on the server's own disk, addresses that climb with `..`, and our
    /// internal scheme: none of them is a client's to name.
    pub fn accept(&self, project: &str, field: &str, address: &str) -> Result<String> {
        let refuse = |why: &str| {
            Err(Error::invalid(format!("Invalid value {address:?} for parameter '{field}': {why}")))
        };
        limits::length(field, address, limits::EXPERIMENT_TAG_VALUE)?;
        let Some((scheme, rest)) = address.split_once(':') else {
            return refuse(
                "expected an address with a scheme (http, s3, models, runs, …), got a local path",
            );
        };
        if scheme.eq_ignore_ascii_case("file")
            || scheme.eq_ignore_ascii_case("artifacts")
            || scheme.len() < 2
        {
            return refuse("a path on the server cannot be named");
        }
        let decoded =
            rest.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
        if decoded.split(['/', '\\', '?', '#']).any(|part| part == "..")
            || address.chars().any(char::is_control)
        {
            return refuse("it must not contain '..' or control characters");
        }
        Ok(self.fold(project, address))
    }

    /// What to store of an address.
    fn fold(&self, project: &str, address: &str) -> String {
        match address.strip_prefix(&self.root(project)) {
            Some(path) => Locations::stored(path),
            None => address.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_the_base_and_foreign_ones_stay() {
        let before = Locations::new("http://a:8080/".into());
        let public = before.public("p", &Locations::stored("1/r/artifacts"));
        assert_eq!(
            public,
            "http://a:8080/mlflow/p/p/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts"
        );
        let stored = before.fold("p", &format!("{public}/model"));
        let after = Locations::new("http://b:9".into());
        assert_eq!(
            after.public("p", &stored),
            "http://b:9/mlflow/p/p/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/model"
        );
        assert_eq!(before.fold("other", &public), public);
        assert_eq!(after.public("p", "s3://bucket/x"), "s3://bucket/x");
    }
}
