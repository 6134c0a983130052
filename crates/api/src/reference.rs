//! The syntax of references between objects: `name@vN`, `models:/name/version`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReferenceError {
    #[error(
        "{given:?} is no dataset reference: write name or name@vN, for example digits@v1, or project/name@vN for one that is shared"
    )]
    Dataset { given: String },
    #[error(
        "{given:?} is no model reference: write models:/name/version or models:/name@alias, for example models:/digits/3"
    )]
    Model { given: String },
}

/// The project and the name in it of `name` or `project/name`, seen from `project`.
pub fn seen_from<'a>(name: &'a str, project: &'a str) -> (&'a str, &'a str) {
    name.split_once('/').unwrap_or((project, name))
}

/// `name`, `name@latest` or `name@vN`; `project/name` for one of another project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetReference {
    pub name: String,
    /// `None`: the latest.
    pub version: Option<String>,
}

impl FromStr for DatasetReference {
    type Err = ReferenceError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let bad = || ReferenceError::Dataset { given: given.to_owned() };
        let (name, version) = match given.split_once('@') {
            None | Some((_, "latest")) => (given.split('@').next().unwrap_or(given), None),
            Some((name, version)) => (name, Some(version)),
        };
        let numbered = version.is_none_or(|v| {
            v.strip_prefix('v').is_some_and(|n| n.parse::<u64>().is_ok_and(|n| n > 0))
        });
        let mut parts = name.split('/');
        if parts.clone().count() > 2 || parts.any(str::is_empty) || !numbered {
            return Err(bad());
        }
        Ok(Self { name: name.to_owned(), version: version.map(str::to_owned) })
    }
}

/// Which version of a registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelVersion {
    Number(String),
    Alias(String),
}

/// `models:/name/version` or `models:/name@alias`, as MLflow writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReference {
    pub name: String,
    pub version: ModelVersion,
}

impl FromStr for ModelReference {
    type Err = ReferenceError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let bad = || ReferenceError::Model { given: given.to_owned() };
        let rest = given.strip_prefix("models:/").ok_or_else(bad)?;
        let (name, version) = match rest.split_once('@') {
            Some((name, alias)) if !alias.is_empty() => {
                (name, ModelVersion::Alias(alias.to_owned()))
            }
            _ => {
                let (name, number) = rest.split_once('/').ok_or_else(bad)?;
                number.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(bad)?;
                (name, ModelVersion::Number(number.to_owned()))
            }
        };
        if name.is_empty() || name.contains('/') {
            return Err(bad());
        }
        Ok(Self { name: name.to_owned(), version })
    }
}

impl fmt::Display for ModelReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            ModelVersion::Number(number) => write!(f, "models:/{}/{number}", self.name),
            ModelVersion::Alias(alias) => write!(f, "models:/{}@{alias}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models() {
        for good in ["models:/digits/3", "models:/digits@champion", "models:/a b/1"] {
            assert_eq!(good.parse::<ModelReference>().unwrap().to_string(), good);
        }
        for bad in [
            "digits/3",
            "models:/",
            "models:/digits",
            "models:/digits/0",
            "models:/a/b/1",
            "models:/digits@",
        ] {
            assert!(bad.parse::<ModelReference>().is_err(), "{bad}");
        }
    }

    #[test]
    fn datasets() {
        let parsed: DatasetReference = "digits@v12".parse().unwrap();
        assert_eq!(parsed.version.as_deref(), Some("v12"));
        assert_eq!("digits@latest".parse::<DatasetReference>().unwrap().version, None);
        let shared: DatasetReference = "lab/digits@v2".parse().unwrap();
        assert_eq!(seen_from(&shared.name, "far"), ("lab", "digits"));
        assert_eq!(seen_from(&parsed.name, "far"), ("far", "digits"));
        for bad in ["", "@v1", "digits@1", "digits@v0", "digits@vx", "/a", "a/", "a/b/c"] {
            assert!(bad.parse::<DatasetReference>().is_err(), "{bad}");
        }
    }
}
