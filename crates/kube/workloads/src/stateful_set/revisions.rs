//! The templates that a StatefulSet has had, as ControllerRevisions.

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::{ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::namespaced;
use crate::context::Context;
use crate::error::{Attempt, Result, is_not_found};
use crate::ownership::{controller_reference, describe, is_controlled_by};
use crate::template::hash;

const HASH: &str = "controller.kubernetes.io/hash";

/// A template by name.
#[derive(Debug, Clone)]
pub struct Revision {
    pub name: String,
    pub template: PodTemplateSpec,
}

/// The template that all pods had, and the one that they should have.
#[derive(Debug, Clone)]
pub struct Revisions {
    pub current: Revision,
    pub update: Revision,
}

/// Reads the history, adds the template when it is new, removes what is too old.
pub async fn current(set: &StatefulSet, context: &Context) -> Result<Revisions> {
    let api: Api<ControllerRevision> = namespaced(set, context);
    let uid = set.uid().unwrap_or_default();
    let mut history =
        api.list(&ListParams::default()).await.attempt("read the history of", describe(set))?.items;
    history.retain(|revision| is_controlled_by(revision, &uid));
    history.sort_by_key(|revision| revision.revision);
    let template = set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let data = data(&template);
    let newest = history.last().map_or(0, |revision| revision.revision);
    let known = history
        .iter()
        .position(|revision| revision.data.as_ref().is_some_and(|known| known.0 == data));
    let update = match known {
        Some(index) => renewed(&api, history.remove(index), newest).await?,
        None => add(&api, set, data, newest + 1).await?,
    };
    let named = set.status.as_ref().and_then(|status| status.current_revision.clone());
    let current = history.iter().find(|revision| Some(revision.name_any()) == named);
    let revisions =
        Revisions { current: current.map_or_else(|| read(&update), read), update: read(&update) };
    truncate(&api, set, history, &revisions, context).await?;
    Ok(revisions)
}

/// A template that is used again becomes the newest.
async fn renewed(
    api: &Api<ControllerRevision>,
    revision: ControllerRevision,
    newest: i64,
) -> Result<ControllerRevision> {
    if revision.revision >= newest {
        return Ok(revision);
    }
    let change = Patch::Merge(json!({"revision": newest + 1}));
    api.patch(&revision.name_any(), &PatchParams::default(), &change)
        .await
        .attempt("renew", describe(&revision))
}

async fn add(
    api: &Api<ControllerRevision>,
    set: &StatefulSet,
    data: Value,
    number: i64,
) -> Result<ControllerRevision> {
    let hash = hash(&data, set.status.as_ref().and_then(|status| status.collision_count));
    let spec = set.spec.as_ref();
    let mut labels = spec.and_then(|spec| spec.selector.match_labels.clone()).unwrap_or_default();
    labels.insert(HASH.to_owned(), hash.clone());
    let revision = ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", set.name_any())),
            namespace: set.namespace(),
            labels: Some(labels),
            owner_references: Some(vec![controller_reference(set)?]),
            ..ObjectMeta::default()
        },
        data: Some(k8s_openapi::apimachinery::pkg::runtime::RawExtension(data)),
        revision: number,
    };
    api.create(&PostParams::default(), &revision).await.attempt("add a revision to", describe(set))
}

/// The form in which kubectl's `rollout undo` applies a revision.
fn data(template: &PodTemplateSpec) -> Value {
    // Objects of the API serialise always.
    let mut template = serde_json::to_value(template).unwrap_or_default();
    if let Value::Object(fields) = &mut template {
        fields.insert("$patch".into(), "replace".into());
    }
    json!({"spec": {"template": template}})
}

fn read(revision: &ControllerRevision) -> Revision {
    let template = revision.data.as_ref().map(|data| data.0["spec"]["template"].clone());
    Revision {
        name: revision.name_any(),
        template: template
            .and_then(|template| serde_json::from_value(template).ok())
            .unwrap_or_default(),
    }
}

/// Removes the oldest templates that no pod has, beyond the history limit.
async fn truncate(
    api: &Api<ControllerRevision>,
    set: &StatefulSet,
    history: Vec<ControllerRevision>,
    live: &Revisions,
    context: &Context,
) -> Result<()> {
    let limit = set.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
    let used: Vec<String> = super::own_pods(set, context)
        .iter()
        .filter_map(|pod| super::pods::revision_of(pod).cloned())
        .collect();
    let unused: Vec<_> = history
        .iter()
        .map(ResourceExt::name_any)
        .filter(|name| {
            *name != live.current.name && *name != live.update.name && !used.contains(name)
        })
        .collect();
    let surplus = unused.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    for name in unused.iter().take(surplus) {
        match api.delete(name, &Default::default()).await {
            Err(error) if is_not_found(&error) => {}
            other => drop(other.attempt("remove the old revision", name)?),
        }
    }
    Ok(())
}
