//! `namespaces/finalize`: the only way to change a namespace's `spec.finalizers`.

use serde_json::Value;

use crate::http::body;
use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::object;
use crate::status::Failure;
use crate::verbs::update;
use crate::verbs::write::{self, Change, Next, Target, Writer};

pub(crate) async fn update(call: &Call) -> Result<Answer, Failure> {
    let writer = Writer::of(call, "UpdateOptions")?;
    let mut object = body::decode(&call.parts.headers, &call.body, None)?.value;
    write::check_kind(&call.resource, &mut object)?;
    update::check_address(call, &mut object)?;
    let finalize = Finalize { wanted: object };
    let changed = write::change(call, Target::of(call), &writer, &finalize).await?;
    Ok(Answer::entry(200, changed.entry))
}

struct Finalize {
    wanted: Value,
}

impl Change for Finalize {
    fn next(&self, current: &Value) -> Result<Next, Failure> {
        let mut object = current.clone();
        let version = object::resource_version(&self.wanted).to_owned();
        object::set_meta(&mut object, "resourceVersion", version);
        let finalizers = self.wanted.pointer("/spec/finalizers").cloned();
        let spec = object::child_mut(&mut object, "spec");
        match finalizers.filter(|list| list.as_array().is_some_and(|list| !list.is_empty())) {
            Some(list) => {
                spec.insert("finalizers".into(), list);
            }
            None => {
                spec.shift_remove("finalizers");
            }
        }
        Ok(Next { object, warnings: Vec::new(), tracked: false })
    }
}
