//! What create, update, patch and apply share.
//!
//! ```text
//! create:  decode ▶ defaults ▶ owners ▶ system fields ▶ admission ▶ validation ▶ store
//! change:  read ▶ next state ▶ defaults ▶ owners ▶ admission ▶ keep what may not
//!          change ▶ validation ▶ store, and again when somebody was faster
//! ```

use std::sync::Arc;

use dais_schema::apply::{Update, settle, track_update};
use dais_schema::managed::Manager;
use dais_schema::{Gvk, Schema, builtin, strict};
use serde_json::Value;

use crate::audit::Change as Audited;
use crate::config::UserInfo;
use crate::http::handle::Call;
use crate::http::query::FieldValidation;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use crate::storage::Entry;
use crate::storage::objects::Refused;
use crate::{admission, strategy};

/// How often a change is tried again when others write the same object. Kubernetes
/// gives up after five; a race in one process is over sooner, so more is patience
/// for many writers at once.
const ATTEMPTS: usize = 50;

/// The type of the objects of a resource; none for a custom one without a schema.
pub(crate) fn schema_of(resource: &Resource) -> Option<Schema> {
    match &resource.custom {
        Some(custom) => custom.schema.as_ref().map(|schema| schema.schema().clone()),
        None => builtin::schema(&Gvk::new(&*resource.group, &*resource.version, &*resource.kind)),
    }
}

/// Who writes, for the ownership of fields and for admission.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub manager: String,
    pub user: UserInfo,
    pub dry_run: bool,
}

impl Writer {
    pub fn of(call: &Call, options: &str) -> Result<Writer, Failure> {
        Ok(Writer {
            manager: call.manager(options)?,
            user: call.user.clone(),
            dry_run: call.query.dry_run(options)?,
        })
    }

    /// The server's own hand.
    pub fn system() -> Writer {
        Writer { manager: "kube-apiserver".into(), user: UserInfo::admin(), dry_run: false }
    }
}

/// What a write of some kinds has to bring about before it is answered: a
/// definition is served by the time that its client may use it.
pub(crate) async fn follow_up(call: &Call, resource: &Resource) -> Result<(), Failure> {
    if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
        crate::custom::establish::settle_all(&call.server).await?;
    }
    Ok(())
}

/// Checks `kind` and `apiVersion` of a body and fills them in for built-ins.
pub(crate) fn check_kind(resource: &Resource, object: &mut Value) -> Result<(), Failure> {
    let kind = object::text(object, "/kind").to_owned();
    let api_version = object::text(object, "/apiVersion").to_owned();
    let expected = resource.api_version();
    if !object.is_object() {
        return Err(Failure::bad_request(format!("the body is not a {} object", resource.kind)));
    }
    if resource.custom.is_some() {
        if kind.is_empty() {
            let shown = object.to_string();
            return Err(Failure::bad_request(format!("Object 'Kind' is missing in '{shown}'")));
        }
        if kind != resource.kind || !api_version.is_empty() && api_version != expected {
            let why = format!(
                "the API version in the data ({api_version}) does not match the expected API version ({expected})"
            );
            return Err(Failure::bad_request(why));
        }
    } else if !(kind.is_empty() || kind == resource.kind)
        || !(api_version.is_empty() || api_version == expected)
    {
        let kind = if kind.is_empty() { &resource.kind } else { &kind };
        let version = if api_version.is_empty() { &expected } else { &api_version };
        return Err(Failure::bad_request(format!(
            "{kind} in version {:?} cannot be handled as a {}: no kind {kind:?} is registered for version {version:?} in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
            version.rsplit('/').next().unwrap_or_default(),
            resource.kind
        )));
    }
    let map = object.as_object_mut().expect("checked above");
    map.insert("kind".into(), resource.kind.as_str().into());
    map.insert("apiVersion".into(), expected.into());
    Ok(())
}

/// Types, unknown fields and the normal form of an object that a client sent.
/// Gives the warnings.
pub(crate) fn check_shape(
    resource: &Resource,
    object: &mut Value,
    problems: Vec<String>,
    validation: FieldValidation,
) -> Result<Vec<String>, Failure> {
    let mut problems = problems;
    if let Some(custom) = &resource.custom {
        if let Some(schema) = &custom.schema {
            let mut pruned = schema.prune(object);
            pruned.sort();
            problems.extend(pruned.into_iter().map(|path| format!("unknown field {path:?}")));
            schema.default(object);
        }
        let prefix = cannot_be_handled(resource, "").message;
        return crate::http::body::judge(problems, validation, &prefix);
    }
    let Some(schema) = schema_of(resource) else {
        return crate::http::body::judge(problems, validation, "");
    };
    strict::check_types(&schema, object).map_err(|why| cannot_be_handled(resource, &why))?;
    let prefix = cannot_be_handled(resource, "").message;
    let warnings = crate::http::body::judge(problems, validation, &prefix)?;
    builtin::normalize(&schema, object);
    Ok(warnings)
}

fn cannot_be_handled(resource: &Resource, why: &str) -> Failure {
    let (kind, version) = (&resource.kind, &resource.version);
    Failure::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: {why}"
    ))
}

/// Notes in `managedFields` who wrote what.
pub(crate) fn track(
    resource: &Resource,
    object: &mut Value,
    live: Option<&Value>,
    writer: &Writer,
    subresource: &str,
) {
    let Some(schema) = owner_schema(resource) else { return };
    let (api_version, time) = (resource.api_version(), object::now());
    let manager =
        Manager { name: &writer.manager, subresource, api_version: &api_version, time: &time };
    let ignored = strategy::unowned_fields(resource, subresource);
    track_update(&schema, object, &Update { live, manager, ignored: &ignored });
}

/// The schema by which ownership is told; free-form objects have one, too.
pub(crate) fn owner_schema(resource: &Resource) -> Option<Schema> {
    static OPEN: std::sync::OnceLock<Option<dais_schema::custom::CustomSchema>> =
        std::sync::OnceLock::new();
    schema_of(resource).or_else(|| {
        let open = || {
            let any =
                serde_json::json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
            dais_schema::custom::CustomSchema::compile(&any).ok()
        };
        OPEN.get_or_init(open).as_ref().map(|schema| schema.schema().clone())
    })
}

/// One object of one resource, or its status, to be changed.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub resource: &'a Arc<Resource>,
    pub namespace: &'a str,
    pub name: &'a str,
    /// Empty, `status`, or another part.
    pub subresource: &'a str,
}

impl<'a> Target<'a> {
    pub fn of(call: &'a Call) -> Target<'a> {
        Target {
            resource: &call.resource,
            namespace: call.namespace(),
            name: &call.path.name,
            subresource: &call.path.subresource,
        }
    }
}

/// Makes the next state of an object out of the present one.
pub(crate) trait Change: Send + Sync {
    /// `current` is the object as served. What comes back has passed decoding;
    /// its system fields need not be right.
    fn next(&self, current: &Value) -> Result<Next, Failure>;
}

/// The next state of an object.
pub(crate) struct Next {
    pub object: Value,
    pub warnings: Vec<String>,
    /// Ownership is already noted (apply does that itself).
    pub tracked: bool,
}

/// How a change ended.
pub(crate) struct Changed {
    pub entry: Arc<Entry>,
    pub warnings: Vec<String>,
}

/// Reads, changes and writes until nobody was faster.
///
/// Expected flow: the object exists, the change applies, the write succeeds.
/// Guarantees: a change that changes nothing writes nothing; the last finalizer
/// of an object that is being deleted takes the object with it; a version in the
/// next state must be the present one.
/// Errors: 404, 409 when the client named a version that is gone, whatever
/// the change, admission or validation refuse.
pub(crate) async fn change(
    call: &Call,
    target: Target<'_>,
    writer: &Writer,
    change: &dyn Change,
) -> Result<Changed, Failure> {
    let objects = &call.server.objects;
    for _ in 0..ATTEMPTS {
        let current = objects.expect(target.resource, target.namespace, target.name).await?;
        let Next { object: mut next, warnings, tracked } = change.next(&current.object)?;
        let pinned = check_version(target, &next, &current)?;
        object::remove_meta(&mut next, "resourceVersion");
        let mut old = current.object.clone();
        object::remove_meta(&mut old, "resourceVersion");
        if target.subresource != "status" {
            strategy::fill(target.resource, &mut next);
        }
        if !tracked {
            track(target.resource, &mut next, Some(&old), writer, target.subresource);
        }
        admission::on_update(call, target, writer, (&mut next, &old)).await?;
        strategy::prepare_update(target.resource, target.subresource, &mut next, &old);
        let errors = strategy::validate_update(target.resource, target.subresource, &next, &old);
        if !errors.is_empty() {
            return Err(Failure::invalid(target.resource.subject(target.name), &errors));
        }
        let mut next = object::canonical(next);
        settle(&old, &mut next);
        if next == old {
            return Ok(Changed { entry: current, warnings });
        }
        match store(call, target, writer, (&current, next)).await {
            Ok(entry) => {
                follow_up(call, target.resource).await?;
                return Ok(Changed { entry, warnings });
            }
            Err(Refused::Raced) if pinned => {
                return Err(Failure::modified(target.resource.subject(target.name)));
            }
            Err(Refused::Raced) => {}
            Err(Refused::Failed(failure)) => return Err(failure),
        }
    }
    Err(Failure::modified(target.resource.subject(target.name)))
}

async fn store(
    call: &Call,
    target: Target<'_>,
    writer: &Writer,
    (current, next): (&Arc<Entry>, Value),
) -> Result<Arc<Entry>, Refused> {
    let gone = object::is_deleting(&next)
        && object::finalizers(&next).is_empty()
        && object::grace_period(&next).unwrap_or_default() == 0
        && !strategy::outlives_finalizers(target.resource, &next);
    if writer.dry_run || gone {
        if gone && !writer.dry_run {
            let change = Audited { old: Some(&current.object), new: None };
            let note = call.note(target.resource, change);
            call.server.objects.remove(target.resource, (current, note)).await?;
            call.wrote();
        }
        let mut object = next;
        object::set_resource_version(&mut object, current.revision);
        return Ok(Arc::new(Entry::new(current.revision, object)));
    }
    let change = Audited { old: Some(&current.object), new: Some(&next) };
    let note = call.note(target.resource, change);
    let entry = call.server.objects.replace(target.resource, (current, note), next).await?;
    call.wrote();
    Ok(entry)
}

/// Whether the client named a version; it must be the present one.
fn check_version(target: Target<'_>, next: &Value, current: &Entry) -> Result<bool, Failure> {
    let given = object::resource_version(next);
    if given.is_empty() || given == "0" && target.resource.custom.is_none() {
        return Ok(false);
    }
    let revision: u64 = given.parse().map_err(|_| {
        Failure::unreasoned(format!("strconv.ParseUint: parsing {given:?}: invalid syntax"))
    })?;
    if revision == current.revision {
        Ok(true)
    } else {
        Err(Failure::modified(target.resource.subject(target.name)))
    }
}
