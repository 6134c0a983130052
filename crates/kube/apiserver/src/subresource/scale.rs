//! `scale`: the number of replicas of anything that has some.

use serde_json::{Value, json};

use crate::http::body;
use crate::http::handle::Call;
use crate::http::query::FieldValidation;
use crate::http::respond::Answer;
use crate::object;
use crate::registry::{Resource, Verb};
use crate::status::Failure;
use crate::verbs::patch::{Applied, PatchType};
use crate::verbs::write::{self, Change, Next, Target, Writer};

pub(crate) async fn dispatch(call: &Call) -> Result<Answer, Failure> {
    if call.verb == Verb::Get {
        let entry =
            call.server.objects.expect(&call.resource, call.namespace(), &call.path.name).await?;
        if call.resource.custom.is_some()
            && entry.object.pointer(&paths(&call.resource).0).is_none()
        {
            let path = paths(&call.resource).0.replace('/', ".");
            return Err(Failure::internal(format!(
                "the spec replicas field {path:?} does not exist"
            )));
        }
        return Ok(Answer::value(200, show(&call.resource, &entry.object)));
    }
    let options = if call.verb == Verb::Patch { "PatchOptions" } else { "UpdateOptions" };
    let writer = Writer::of(call, options)?;
    if call.verb == Verb::Patch && PatchType::of(call)? == PatchType::Apply {
        return apply(call, &writer).await;
    }
    let rescale = match call.verb {
        Verb::Patch => Rescale {
            resource: &call.resource,
            wanted: None,
            patch: Some((PatchType::of(call)?, call.body.clone())),
        },
        _ => {
            let wanted = body::decode(&call.parts.headers, &call.body, None)?.value;
            Rescale { resource: &call.resource, wanted: Some(wanted), patch: None }
        }
    };
    let changed = write::change(call, Target::of(call), &writer, &rescale).await?;
    Ok(Answer::value(200, show(&call.resource, &changed.entry.object)))
}

/// An applied Scale is an applied object that says nothing but its replicas.
async fn apply(call: &Call, writer: &Writer) -> Result<Answer, Failure> {
    let scale = crate::http::yaml::parse(&call.body)?;
    let mut config = json!({"apiVersion": call.resource.api_version(), "kind": call.resource.kind, "metadata": {"name": call.path.name}});
    set(&mut config, &paths(&call.resource).0, replicas(&scale, &call.path.name)?);
    let applied = Applied {
        resource: call.resource.clone(),
        subresource: "scale".into(),
        config,
        name: call.path.name.clone(),
        manager: writer.manager.clone(),
        force: call.query.flag("force"),
        validation: FieldValidation::Ignore,
    };
    let changed = write::change(call, Target::of(call), writer, &applied).await?;
    Ok(Answer::value(200, show(&call.resource, &changed.entry.object)))
}

/// The replicas that a Scale wants.
fn replicas(scale: &Value, name: &str) -> Result<Value, Failure> {
    let replicas = scale.pointer("/spec/replicas").cloned().unwrap_or_else(|| 0.into());
    if replicas.as_i64().is_some_and(|number| (0..=i64::from(i32::MAX)).contains(&number)) {
        return Ok(replicas);
    }
    let subject =
        crate::status::Subject { group: "autoscaling", resource: "scales", kind: "Scale", name };
    let error = dais_schema::FieldError::invalid(
        "spec.replicas",
        &replicas,
        "must be greater than or equal to 0",
    );
    Err(Failure::invalid(subject, &[error]))
}

/// Where replicas are: in the spec, in the status, and the selector.
fn paths(resource: &Resource) -> (String, String, Option<String>) {
    match resource.custom.as_ref().and_then(|custom| custom.scale.as_ref()) {
        Some(paths) => (
            paths.spec_replicas.clone(),
            paths.status_replicas.clone(),
            paths.label_selector.clone(),
        ),
        None => ("/spec/replicas".into(), "/status/replicas".into(), Some("/spec/selector".into())),
    }
}

fn show(resource: &Resource, object: &Value) -> Value {
    let (spec, status, selector) = paths(resource);
    let number =
        |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let mut metadata = serde_json::Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            metadata.insert(field.into(), value.clone());
        }
    }
    let mut scale = json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": {}, "status": {"replicas": number(&status)}});
    if number(&spec) != 0 {
        scale["spec"]["replicas"] = number(&spec).into();
    }
    let selector =
        selector.and_then(|pointer| object.pointer(&pointer)).map(|selector| match selector {
            Value::String(text) => text.clone(),
            map if resource.group.is_empty() => {
                dais_schema::selector::LabelSelector::from_labels(map).to_string()
            }
            other => dais_schema::selector::LabelSelector::from_object(Some(other))
                .map(|one| one.to_string())
                .unwrap_or_default(),
        });
    if let Some(selector) = selector.filter(|text| !text.is_empty()) {
        scale["status"]["selector"] = selector.into();
    }
    scale
}

struct Rescale<'a> {
    resource: &'a Resource,
    wanted: Option<Value>,
    patch: Option<(PatchType, bytes::Bytes)>,
}

impl Change for Rescale<'_> {
    fn next(&self, current: &Value) -> Result<Next, Failure> {
        let wanted = match (&self.wanted, &self.patch) {
            (Some(wanted), _) => wanted.clone(),
            (None, Some((kind, patch))) => self.patched(current, *kind, patch)?,
            (None, None) => Value::Null,
        };
        let given = object::name(&wanted);
        if !given.is_empty() && given != object::name(current) {
            let why = format!(
                "the name of the object ({given}) does not match the name on the URL ({})",
                object::name(current)
            );
            return Err(Failure::bad_request(why));
        }
        let replicas = replicas(&wanted, object::name(current))?;
        let mut object = current.clone();
        set(&mut object, &paths(self.resource).0, replicas);
        let version = object::resource_version(&wanted).to_owned();
        object::set_meta(&mut object, "resourceVersion", version);
        Ok(Next { object, warnings: Vec::new(), tracked: false })
    }
}

impl Rescale<'_> {
    fn patched(&self, current: &Value, kind: PatchType, patch: &[u8]) -> Result<Value, Failure> {
        let scale = show(self.resource, current);
        let refused = |error: dais_schema::Error| Failure::of_patch(&error);
        let (patched, _) = match kind {
            PatchType::Json => dais_schema::patch::json::apply(&scale, patch).map_err(refused)?,
            PatchType::Merge | PatchType::Strategic | PatchType::Apply => {
                dais_schema::patch::merge::apply(&scale, patch).map_err(refused)?
            }
        };
        Ok(patched)
    }
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    let mut parts = pointer.trim_start_matches('/').split('/').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            if let Some(map) = at.as_object_mut() {
                map.insert(part.to_owned(), value);
            }
            return;
        }
        object::child_mut(at, part);
        at = &mut at[part];
    }
}
