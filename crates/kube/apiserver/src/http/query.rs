//! Reading the query string into the options of Kubernetes' verbs.

use dais_schema::FieldError;
use serde_json::Value;

use super::path::decode;
use crate::status::Failure;

/// The parameters of a request, in order; the first of a name counts.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

/// What to do about unknown and duplicate fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

impl Query {
    pub fn parse(query: &str) -> Query {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (unplus(name), unplus(value))
            })
            .collect();
        Query { pairs }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Kubernetes' reading of a flag: present and neither `false` nor `0`.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0"))
    }

    pub fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            Failure::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
        })
    }

    /// `dryRun=All`; any other value is refused in the name of `options`.
    pub fn dry_run(&self, options: &str) -> Result<bool, Failure> {
        let given: Vec<&str> = self.all("dryRun").filter(|value| !value.is_empty()).collect();
        check_dry_run(&given, options)
    }

    /// `fieldManager` where it was given.
    pub fn field_manager(&self, options: &str) -> Result<Option<&str>, Failure> {
        let Some(name) = self.get("fieldManager").filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let errors = dais_schema::managed::check_manager_name(name);
        if errors.is_empty() {
            Ok(Some(name))
        } else {
            Err(Failure::invalid_options(options, &errors))
        }
    }

    pub fn field_validation(&self, options: &str) -> Result<FieldValidation, Failure> {
        match self.get("fieldValidation").unwrap_or_default() {
            "Strict" => Ok(FieldValidation::Strict),
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            other => {
                let supported = ["", "Ignore", "Strict", "Warn"];
                let error =
                    FieldError::unsupported("fieldValidation", &Value::from(other), &supported);
                Err(Failure::invalid_options(options, &[error]))
            }
        }
    }
}

/// Whether these values of `dryRun` ask for a dry run.
pub fn check_dry_run(given: &[&str], options: &str) -> Result<bool, Failure> {
    if given.is_empty() {
        return Ok(false);
    }
    if given.iter().all(|value| *value == "All") {
        return Ok(true);
    }
    let error = FieldError::unsupported("dryRun", &Value::from(given.to_vec()), &["All"]);
    Err(Failure::invalid_options(options, &[error]))
}

fn unplus(text: &str) -> String {
    decode(&text.replace('+', " "))
}
