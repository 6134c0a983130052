//! The answer that carries every failure: Kubernetes' `Status`.
//!
//! Owns the wording of the generic failures (not found, conflict, forbidden,
//! invalid, …) so that all verbs word them alike. It does not know how an
//! answer is encoded; `http::respond` does.

use dais_schema::{Error as SchemaError, FieldError, aggregate};
use dais_store::Error as StoreError;
use serde_json::{Map, Value, json};

/// A request that failed, with everything a `Status` body needs.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub code: u16,
    /// The machine-readable reason; empty where Kubernetes gives none.
    pub reason: &'static str,
    pub message: String,
    pub details: Option<Box<Value>>,
    /// Seconds after which a retry may succeed.
    pub retry_after: Option<u32>,
    /// A fresh continue token for a list whose snapshot is gone.
    pub continuation: Option<String>,
}

/// What a failure is about: enough to word `deployments.apps "web" not found`.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub group: &'a str,
    pub resource: &'a str,
    pub kind: &'a str,
    pub name: &'a str,
}

impl Subject<'_> {
    fn qualified_resource(&self) -> String {
        qualified(self.resource, self.group)
    }

    fn details(&self, kind: &str) -> Map<String, Value> {
        let mut details = Map::new();
        if !self.name.is_empty() {
            details.insert("name".into(), self.name.into());
        }
        if !self.group.is_empty() {
            details.insert("group".into(), self.group.into());
        }
        if !kind.is_empty() {
            details.insert("kind".into(), kind.into());
        }
        details
    }
}

/// `pods`, `deployments.apps`.
pub fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

impl Failure {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Failure {
        Failure {
            code,
            reason,
            message: message.into(),
            details: None,
            retry_after: None,
            continuation: None,
        }
    }

    fn with_details(mut self, details: Map<String, Value>) -> Failure {
        self.details = Some(Box::new(Value::Object(details)));
        self
    }

    pub fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(400, "BadRequest", message)
    }

    pub fn internal(message: impl Into<String>) -> Failure {
        let message = message.into();
        Failure::new(500, "InternalError", format!("Internal error occurred: {message}"))
            .with_details(object(json!({"causes": [{"message": message}]})))
    }

    /// A 500 without a reason, as the storage layer of Kubernetes words bad versions.
    pub fn unreasoned(message: impl Into<String>) -> Failure {
        Failure::new(500, "", message)
    }

    pub fn not_found(subject: Subject<'_>) -> Failure {
        Failure::new(
            404,
            "NotFound",
            format!("{} \"{}\" not found", subject.qualified_resource(), subject.name),
        )
        .with_details(subject.details(subject.resource))
    }

    pub fn no_such_resource() -> Failure {
        Failure::new(404, "NotFound", "the server could not find the requested resource")
            .with_details(Map::new())
    }

    pub fn method_not_allowed() -> Failure {
        Failure::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
        .with_details(Map::new())
    }

    pub fn already_exists(subject: Subject<'_>, being_deleted: bool) -> Failure {
        let prefix = if being_deleted { "object is being deleted: " } else { "" };
        Failure::new(
            409,
            "AlreadyExists",
            format!("{prefix}{} \"{}\" already exists", subject.qualified_resource(), subject.name),
        )
        .with_details(subject.details(subject.resource))
    }

    pub fn modified(subject: Subject<'_>) -> Failure {
        Failure::conflict(
            subject,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub fn conflict(subject: Subject<'_>, why: &str) -> Failure {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": {why}",
            subject.qualified_resource(),
            subject.name
        );
        Failure::new(409, "Conflict", message).with_details(subject.details(subject.resource))
    }

    /// A 403 of admission or of authorization about one object or collection.
    pub fn forbidden(subject: Subject<'_>, why: &str) -> Failure {
        let message = if subject.resource.is_empty() {
            format!("forbidden: {why}")
        } else if subject.name.is_empty() {
            format!("{} is forbidden: {why}", subject.qualified_resource())
        } else {
            format!("{} \"{}\" is forbidden: {why}", subject.qualified_resource(), subject.name)
        };
        let details = if subject.resource.is_empty() {
            Map::new()
        } else {
            subject.details(subject.resource)
        };
        Failure::new(403, "Forbidden", message).with_details(details)
    }

    pub fn invalid(subject: Subject<'_>, errors: &[FieldError]) -> Failure {
        let kind = qualified(subject.kind, subject.group);
        let message = format!("{kind} \"{}\" is invalid: {}", subject.name, aggregate(errors));
        let mut details = subject.details(subject.kind);
        let causes: Vec<Value> = errors.iter().map(|error| cause(error.cause())).collect();
        details.insert("causes".into(), Value::Array(causes));
        Failure::new(422, "Invalid", message).with_details(details)
    }

    /// Options in the query or in a `DeleteOptions` body that contradict each other.
    pub fn invalid_options(kind: &str, errors: &[FieldError]) -> Failure {
        Failure::invalid(Subject { group: "meta.k8s.io", resource: "", kind, name: "" }, errors)
    }

    /// A patch or an apply that `dais-schema` refused.
    pub fn of_patch(error: &SchemaError) -> Failure {
        let mut details = Map::new();
        let causes: Vec<Value> = error.causes().into_iter().map(cause).collect();
        let mut failure = Failure::new(error.code(), error.reason(), error.to_string());
        if !causes.is_empty() {
            details.insert("causes".into(), Value::Array(causes));
            failure = failure.with_details(details);
        }
        failure
    }

    pub fn unsupported_media_type(accepted: &str) -> Failure {
        Failure::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - accepted media types include: {accepted}"
            ),
        )
    }

    pub fn too_large(limit: usize) -> Failure {
        Failure::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {limit}"),
        )
    }

    /// The version asked for is older than what is kept.
    pub fn expired(message: impl Into<String>) -> Failure {
        Failure::new(410, "Expired", message)
    }

    /// The version asked for has not been reached.
    pub fn too_new(asked: u64, current: u64) -> Failure {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let mut failure = Failure::new(504, "Timeout", message).with_details(object(json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1
        })));
        failure.retry_after = Some(1);
        failure
    }

    pub fn unauthorized() -> Failure {
        Failure::new(401, "Unauthorized", "Unauthorized")
    }

    /// The `Status` object.
    pub fn to_value(&self) -> Value {
        let mut metadata = Map::new();
        if let Some(token) = &self.continuation {
            metadata.insert("continue".into(), token.as_str().into());
        }
        let mut status = Map::new();
        status.insert("kind".into(), "Status".into());
        status.insert("apiVersion".into(), "v1".into());
        status.insert("metadata".into(), Value::Object(metadata));
        status.insert("status".into(), "Failure".into());
        status.insert("message".into(), self.message.as_str().into());
        if !self.reason.is_empty() {
            status.insert("reason".into(), self.reason.into());
        }
        if let Some(details) = &self.details {
            status.insert("details".into(), (**details).clone());
        }
        status.insert("code".into(), self.code.into());
        Value::Object(status)
    }
}

/// The store's failures that no verb gives a meaning of its own.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Compacted { .. } => {
                Failure::expired("The resourceVersion for the provided watch is too old.")
            }
            StoreError::DiskFull { .. } => Failure::new(
                507,
                "InsufficientStorage",
                "no space left on the platform's disk: nothing of this write was kept; free \
                 space there, or ask the platform's operator to, and try again",
            ),
            other => Failure::internal(other.to_string()),
        }
    }
}

/// The success answer of a delete that removed the object at once.
pub fn deleted(subject: Subject<'_>, uid: &str) -> Value {
    let mut details = subject.details(subject.resource);
    details.insert("uid".into(), uid.into());
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

fn cause((reason, message, field): (String, String, String)) -> Value {
    json!({"reason": reason, "message": message, "field": field})
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
