//! Patch: JSON patch, merge patch, strategic merge patch, server-side apply.

use std::sync::Arc;

use bytes::Bytes;
use dais_schema::apply::{Apply, apply};
use dais_schema::managed::Manager;
use dais_schema::{Error as SchemaError, FieldError, builtin, patch, strict};
use serde_json::Value;

use super::write::{self, Change, Next, Target, Writer};
use super::{create, update};
use crate::http::handle::Call;
use crate::http::query::FieldValidation;
use crate::http::respond::Answer;
use crate::http::{body, yaml};
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use crate::strategy;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchType {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl PatchType {
    pub fn of(call: &Call) -> Result<PatchType, Failure> {
        match body::media_type(&call.parts.headers).as_str() {
            "application/json-patch+json" => Ok(PatchType::Json),
            "application/merge-patch+json" => Ok(PatchType::Merge),
            "application/strategic-merge-patch+json" if call.resource.custom.is_none() => {
                Ok(PatchType::Strategic)
            }
            "application/apply-patch+yaml" => Ok(PatchType::Apply),
            _ => {
                let mut failure =
                    Failure::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
                failure.details = Some(Box::new(serde_json::json!({})));
                Err(failure)
            }
        }
    }
}

pub(crate) async fn patch(call: &Call) -> Result<Answer, Failure> {
    let kind = PatchType::of(call)?;
    check_options(call, kind)?;
    let writer = Writer::of(call, "PatchOptions")?;
    let validation = call.query.field_validation("PatchOptions")?;
    if kind == PatchType::Apply {
        return apply_patch(call, &writer, validation).await;
    }
    let merge =
        Merge { resource: call.resource.clone(), kind, patch: call.body.clone(), validation };
    let changed = write::change(call, Target::of(call), &writer, &merge).await?;
    Ok(Answer::entry(200, changed.entry).warn(changed.warnings))
}

fn check_options(call: &Call, kind: PatchType) -> Result<(), Failure> {
    let mut errors = Vec::new();
    let force = call.query.get("force").is_some_and(|text| !text.is_empty());
    if kind == PatchType::Apply {
        if call.query.get("fieldManager").unwrap_or_default().is_empty() {
            errors.push(FieldError::required("fieldManager", "is required for apply patch"));
        }
    } else if force {
        errors.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::invalid_options("PatchOptions", &errors)) }
}

/// One of the three patches that need no ownership.
pub(crate) struct Merge {
    pub resource: Arc<Resource>,
    pub kind: PatchType,
    pub patch: Bytes,
    pub validation: FieldValidation,
}

impl Change for Merge {
    fn next(&self, current: &Value) -> Result<Next, Failure> {
        let resource = &self.resource;
        let refused = |error: SchemaError| Failure::of_patch(&error);
        let (mut object, mut problems) = patched(self, current).map_err(refused)?;
        let kept = object::text(&object, "/kind") == resource.kind
            && object::text(&object, "/apiVersion") == resource.api_version();
        if !kept || !object.is_object() {
            let why = self.not_this_kind(&object);
            return Err(refused(SchemaError::invalid_patch(&object.to_string(), &why)));
        }
        let schema = write::schema_of(resource);
        if let (Some(schema), None) = (&schema, &resource.custom) {
            strict::check_types(schema, &object)
                .map_err(|why| refused(SchemaError::invalid_patch(&object.to_string(), &why)))?;
            problems.extend(strict::unknown_fields(schema, &object));
            builtin::normalize(schema, &mut object);
        }
        if let Some(schema) = resource.custom.as_ref().and_then(|custom| custom.schema.as_ref()) {
            problems.extend(
                schema.prune(&mut object).into_iter().map(|path| format!("unknown field {path:?}")),
            );
            schema.default(&mut object);
        }
        let warnings = self.judge(problems).map_err(refused)?;
        same_place(resource, &object, current)?;
        // Only a version that the patch itself names pins the write; the one that
        // was there before must not, or a race would end in a conflict.
        if object::resource_version(&object) == object::resource_version(current) {
            object::remove_meta(&mut object, "resourceVersion");
        }
        Ok(Next { object, warnings, tracked: false })
    }
}

impl Merge {
    fn judge(&self, problems: Vec<String>) -> Result<Vec<String>, SchemaError> {
        match self.validation {
            FieldValidation::Ignore => Ok(Vec::new()),
            FieldValidation::Strict if !problems.is_empty() => {
                let why = format!("strict decoding error: {}", problems.join(", "));
                let patch = serde_json::from_slice(&self.patch).unwrap_or_default();
                let shown = match self.kind {
                    PatchType::Strategic => patch::strategic::go_printed(&patch),
                    _ => patch.to_string(),
                };
                Err(SchemaError::invalid_patch(&shown, &why))
            }
            FieldValidation::Warn | FieldValidation::Strict => Ok(problems),
        }
    }

    fn not_this_kind(&self, object: &Value) -> String {
        let (kind, version) = (object::text(object, "/kind"), object::text(object, "/apiVersion"));
        if kind.is_empty() {
            return "Object 'Kind' is missing".into();
        }
        let expected = dais_schema::Gvk::new(
            &*self.resource.group,
            &*self.resource.version,
            &*self.resource.kind,
        );
        let given = dais_schema::Gvk::parse(version, kind);
        format!(
            "no kind {kind:?} is registered for version {version:?}: the object is a {expected}, the patch makes it a {given}"
        )
    }
}

fn patched(merge: &Merge, current: &Value) -> Result<(Value, Vec<String>), SchemaError> {
    match merge.kind {
        PatchType::Json => patch::json::apply(current, &merge.patch),
        PatchType::Strategic => match write::schema_of(&merge.resource) {
            Some(schema) => patch::strategic::apply(&schema, current, &merge.patch),
            None => patch::merge::apply(current, &merge.patch),
        },
        PatchType::Merge | PatchType::Apply => patch::merge::apply(current, &merge.patch),
    }
}

/// A patch may not move an object.
fn same_place(resource: &Resource, object: &Value, current: &Value) -> Result<(), Failure> {
    if object::name(object) != object::name(current) {
        let (given, name) = (object::name(object), object::name(current));
        return Err(Failure::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    if resource.namespaced && object::namespace(object) != object::namespace(current) {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// Server-side apply: creates what is not there.
async fn apply_patch(
    call: &Call,
    writer: &Writer,
    validation: FieldValidation,
) -> Result<Answer, Failure> {
    let config = yaml::parse(&call.body).map_err(|failure| {
        Failure::bad_request(format!("error decoding YAML: {}", failure.message))
    })?;
    check_applied(call, &config)?;
    let applied = Applied {
        resource: call.resource.clone(),
        subresource: call.path.subresource.clone(),
        config,
        name: call.path.name.clone(),
        manager: writer.manager.clone(),
        force: call.query.flag("force"),
        validation,
    };
    let there = call.server.objects.get(&call.resource, call.namespace(), &call.path.name).await?;
    if there.is_none() && call.path.subresource.is_empty() {
        let object = applied.first()?;
        match create::create_object(call, &call.resource, (object, true), writer).await {
            Err(failure) if failure.reason == "AlreadyExists" && !writer.dry_run => {}
            other => {
                let (entry, warnings) = other?;
                return Ok(Answer::entry(201, entry).warn(warnings));
            }
        }
    }
    let changed = write::change(call, Target::of(call), writer, &applied).await?;
    Ok(Answer::entry(200, changed.entry).warn(changed.warnings))
}

fn check_applied(call: &Call, config: &Value) -> Result<(), Failure> {
    if !config.is_object() {
        return Err(Failure::bad_request(
            "error decoding YAML: the applied configuration is not an object",
        ));
    }
    for field in ["apiVersion", "kind"] {
        if object::text(config, &format!("/{field}")).is_empty() {
            return Err(Failure::bad_request(format!(
                "invalid object type: the applied configuration has no {field}"
            )));
        }
    }
    let (kind, version) = (object::text(config, "/kind"), object::text(config, "/apiVersion"));
    if kind != call.resource.kind || version != call.resource.api_version() {
        let given = dais_schema::Gvk::parse(version, kind);
        let expected = dais_schema::Gvk::parse(&call.resource.api_version(), &call.resource.kind);
        return Err(Failure::bad_request(format!(
            "invalid object type: {given}, expected {expected}"
        )));
    }
    update::check_address(call, &mut config.clone())
}

/// An applied configuration.
pub(crate) struct Applied {
    pub resource: Arc<Resource>,
    pub subresource: String,
    /// As it was sent: the names that it leaves out are in the address.
    pub config: Value,
    pub name: String,
    pub manager: String,
    pub force: bool,
    pub validation: FieldValidation,
}

impl Applied {
    /// The object that an apply to nothing makes.
    fn first(&self) -> Result<Value, Failure> {
        let mut object = self.merge(None)?;
        object::set_meta(&mut object, "name", self.name.as_str());
        self.settle(&mut object)?;
        Ok(object)
    }

    fn merge(&self, live: Option<&Value>) -> Result<Value, Failure> {
        let Some(schema) = write::owner_schema(&self.resource) else {
            return Err(Failure::internal(format!("no schema for {}", self.resource.kind)));
        };
        let (api_version, time) = (self.resource.api_version(), object::now());
        let manager = Manager {
            name: &self.manager,
            subresource: &self.subresource,
            api_version: &api_version,
            time: &time,
        };
        let ignored = strategy::unowned_fields(&self.resource, &self.subresource);
        let request =
            Apply { live, config: &self.config, manager, force: self.force, ignored: &ignored };
        apply(&schema, &request).map_err(|error| Failure::of_patch(&error))
    }

    fn settle(&self, object: &mut Value) -> Result<Vec<String>, Failure> {
        write::check_shape(&self.resource, object, Vec::new(), self.validation)
    }
}

impl Change for Applied {
    fn next(&self, current: &Value) -> Result<Next, Failure> {
        let mut live = current.clone();
        object::remove_meta(&mut live, "resourceVersion");
        let mut object = self.merge(Some(&live))?;
        let given = object::resource_version(&self.config);
        if !given.is_empty() {
            object::set_meta(&mut object, "resourceVersion", given.to_owned());
        }
        let warnings = self.settle(&mut object)?;
        Ok(Next { object, warnings, tracked: true })
    }
}
