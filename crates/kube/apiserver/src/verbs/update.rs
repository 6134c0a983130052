//! Update: the whole object is replaced.

use std::sync::Arc;

use serde_json::Value;

use super::write::{self, Change, Next, Target, Writer};
use crate::http::body;
use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;

pub(crate) async fn update(call: &Call) -> Result<Answer, Failure> {
    let writer = Writer::of(call, "UpdateOptions")?;
    let validation = call.query.field_validation("UpdateOptions")?;
    let schema = write::schema_of(&call.resource).filter(|_| call.resource.custom.is_none());
    let decoded = body::decode(&call.parts.headers, &call.body, schema.as_ref())?;
    let mut object = decoded.value;
    write::check_kind(&call.resource, &mut object)?;
    let warnings = write::check_shape(&call.resource, &mut object, decoded.problems, validation)?;
    check_address(call, &mut object)?;
    let replace = Replace { resource: call.resource.clone(), object };
    let changed = write::change(call, Target::of(call), &writer, &replace).await?;
    Ok(Answer::entry(200, changed.entry).warn(warnings).warn(changed.warnings))
}

/// Name and namespace of the body are those of the address.
pub(crate) fn check_address(call: &Call, object: &mut Value) -> Result<(), Failure> {
    let (wanted, given) = (call.path.name.as_str(), object::name(object));
    if given.is_empty() {
        if call.resource.custom.is_some() {
            return Err(Failure::bad_request("name must be provided"));
        }
        object::set_meta(object, "name", wanted);
    } else if given != wanted {
        let why = format!(
            "the name of the object ({given}) does not match the name on the URL ({wanted})"
        );
        return Err(Failure::bad_request(why));
    }
    super::create::place(&call.resource, call.namespace(), object)
}

struct Replace {
    resource: Arc<Resource>,
    object: Value,
}

impl Change for Replace {
    fn next(&self, current: &Value) -> Result<Next, Failure> {
        let subject = self.resource.subject(object::name(current));
        if self.resource.custom.is_some()
            && matches!(object::resource_version(&self.object), "" | "0")
        {
            let error = dais_schema::FieldError::invalid(
                "metadata.resourceVersion",
                &0.into(),
                "must be specified for an update",
            );
            return Err(Failure::invalid(subject, &[error]));
        }
        let given = object::uid(&self.object);
        if !given.is_empty() && given != object::uid(current) {
            return Err(Failure::conflict(subject, &other_uid(&self.resource, current, given)));
        }
        Ok(Next { object: self.object.clone(), warnings: Vec::new(), tracked: false })
    }
}

fn other_uid(resource: &Resource, current: &Value, given: &str) -> String {
    let group = if resource.group.is_empty() || resource.custom.is_none() {
        String::new()
    } else {
        format!("{}/", resource.group)
    };
    let namespace = object::namespace(current);
    let place = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{group}{}/{place}{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {}",
        resource.plural,
        object::name(current),
        object::uid(current)
    )
}
