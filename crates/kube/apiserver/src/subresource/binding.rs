//! `pods/binding`: the scheduler's word on where a pod runs.

use http::StatusCode;
use serde_json::{Value, json};

use crate::http::body;
use crate::http::handle::{self, Call};
use crate::http::respond::Answer;
use crate::object;
use crate::status::Failure;
use crate::verbs::write::{self, Change, Next, Target, Writer};

pub(crate) async fn create(call: &Call) -> Result<Answer, Failure> {
    let writer = Writer::of(call, "CreateOptions")?;
    let binding = body::decode(&call.parts.headers, &call.body, None)?.value;
    let name = if call.path.name.is_empty() { object::name(&binding) } else { &call.path.name };
    let given = object::name(&binding);
    if !given.is_empty() && given != name {
        let why = format!("name in URL does not match name in Binding object: {name} != {given}");
        return Err(Failure::bad_request(why));
    }
    let node = object::text(&binding, "/target/name");
    if node.is_empty() {
        let error = dais_schema::FieldError::required("target.name", "");
        let subject =
            crate::status::Subject { group: "", resource: "bindings", kind: "Binding", name };
        return Err(Failure::invalid(subject, &[error]));
    }
    let pods = call.catalog.expect("", "v1", "pods");
    let target =
        Target { resource: pods, namespace: call.namespace(), name, subresource: "binding" };
    let bind = Bind {
        node: node.to_owned(),
        annotations: binding.pointer("/metadata/annotations").cloned(),
    };
    write::change(call, target, &writer, &bind).await?;
    Ok(handle::success(StatusCode::CREATED))
}

struct Bind {
    node: String,
    annotations: Option<Value>,
}

impl Change for Bind {
    fn next(&self, current: &Value) -> Result<Next, Failure> {
        let subject = crate::status::Subject {
            group: "",
            resource: "pods/binding",
            kind: "Pod",
            name: object::name(current),
        };
        if object::is_deleting(current) {
            let why = format!(
                "pod {} is being deleted, cannot be assigned to a host",
                object::name(current)
            );
            return Err(Failure::conflict(subject, &why));
        }
        let assigned = object::text(current, "/spec/nodeName");
        if !assigned.is_empty() {
            let why =
                format!("pod {} is already assigned to node {assigned:?}", object::name(current));
            return Err(Failure::conflict(subject, &why));
        }
        let mut object = current.clone();
        object::remove_meta(&mut object, "resourceVersion");
        object::child_mut(&mut object, "spec").insert("nodeName".into(), self.node.as_str().into());
        if let Some(Value::Object(given)) = &self.annotations {
            object::entry_map(object::metadata_mut(&mut object), "annotations")
                .extend(given.clone());
        }
        let now = object::now();
        let scheduled = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
        let status = object::child_mut(&mut object, "status");
        let conditions = status.entry("conditions").or_insert_with(|| json!([]));
        if let Some(list) = conditions.as_array_mut() {
            list.retain(|condition| object::text(condition, "/type") != "PodScheduled");
            list.push(scheduled);
        }
        // Nobody owns where a pod runs.
        Ok(Next { object, warnings: Vec::new(), tracked: true })
    }
}
