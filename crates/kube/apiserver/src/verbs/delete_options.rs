//! The options of a delete, from the query and from the body.

use dais_schema::FieldError;
use serde::Deserialize;
use serde_json::Value;

use crate::http::body;
use crate::http::handle::Call;
use crate::http::query::check_dry_run;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeleteOptions {
    pub grace_period_seconds: Option<i64>,
    pub propagation_policy: Option<String>,
    pub orphan_dependents: Option<bool>,
    pub preconditions: Option<Preconditions>,
    dry_run: Vec<String>,
    #[serde(skip)]
    pub dry: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

impl DeleteOptions {
    pub fn of(call: &Call) -> Result<DeleteOptions, Failure> {
        let mut options =
            if call.body.is_empty() { DeleteOptions::default() } else { from_body(call)? };
        if let Some(seconds) = call.query.integer("gracePeriodSeconds")? {
            options.grace_period_seconds = Some(seconds);
        }
        if let Some(policy) = call.query.get("propagationPolicy").filter(|text| !text.is_empty()) {
            options.propagation_policy = Some(policy.to_owned());
        }
        if call.query.get("orphanDependents").is_some() {
            options.orphan_dependents = Some(call.query.flag("orphanDependents"));
        }
        options
            .dry_run
            .extend(call.query.all("dryRun").filter(|text| !text.is_empty()).map(str::to_owned));
        options.check()?;
        Ok(options)
    }

    /// The options inside an Eviction.
    pub fn from_value(value: Option<&Value>) -> Result<DeleteOptions, Failure> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(DeleteOptions::default());
        };
        let mut options = DeleteOptions::deserialize(value).map_err(unreadable)?;
        options.check()?;
        Ok(options)
    }

    fn check(&mut self) -> Result<(), Failure> {
        let mut errors = Vec::new();
        if let Some(policy) = &self.propagation_policy {
            let value = Value::from(policy.as_str());
            if self.orphan_dependents.is_some() {
                let why = "orphanDependents and deletionPropagation cannot be both set";
                errors.push(FieldError::invalid("propagationPolicy", &value, why));
            } else if !matches!(policy.as_str(), "Foreground" | "Background" | "Orphan") {
                let known = ["Foreground", "Background", "Orphan", "nil"];
                errors.push(FieldError::unsupported("propagationPolicy", &value, &known));
            }
        }
        if !errors.is_empty() {
            return Err(Failure::invalid_options("DeleteOptions", &errors));
        }
        let given: Vec<&str> = self.dry_run.iter().map(String::as_str).collect();
        self.dry = check_dry_run(&given, "DeleteOptions")?;
        Ok(())
    }

    /// Whether the object is the one that the client means.
    pub fn check_preconditions(&self, resource: &Resource, current: &Value) -> Result<(), Failure> {
        let Some(wanted) = &self.preconditions else { return Ok(()) };
        // Kubernetes names the kind here, not the resource.
        let subject = crate::status::Subject {
            resource: &resource.kind,
            ..resource.subject(object::name(current))
        };
        if let Some(uid) = wanted.uid.as_ref().filter(|uid| *uid != object::uid(current)) {
            let there = object::uid(current);
            let why = format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({there}). The object might have been deleted and then recreated"
            );
            return Err(Failure::conflict(subject, &why));
        }
        if let Some(version) = wanted
            .resource_version
            .as_ref()
            .filter(|version| *version != object::resource_version(current))
        {
            let there = object::resource_version(current);
            let why = format!(
                "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({there}). The object might have been modified"
            );
            return Err(Failure::conflict(subject, &why));
        }
        Ok(())
    }
}

fn from_body(call: &Call) -> Result<DeleteOptions, Failure> {
    let decoded = body::decode(&call.parts.headers, &call.body, None)?;
    let kind = object::text(&decoded.value, "/kind");
    if !kind.is_empty() && kind != "DeleteOptions" {
        let version = object::text(&decoded.value, "/apiVersion");
        let scheme = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27";
        return Err(Failure::bad_request(format!(
            "no kind {kind:?} is registered for version {version:?} in scheme {scheme:?}"
        )));
    }
    DeleteOptions::deserialize(decoded.value).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> Failure {
    Failure::bad_request(format!("the delete options cannot be read: {error}"))
}
