//! Releases: ControllerRevisions that the application owns, numbered from 1.
//!
//! The spec is the wish, the newest release what was made of it: one is written before
//! anything runs by it, so that a crash in between leaves neither a gap nor two.

use std::collections::BTreeMap;

use dais_api::{Application, ApplicationSpec, Release};
use k8s_openapi::api::apps::v1::ControllerRevision;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::Value;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::revisions;
use crate::serving::{Front, Track};

/// Fields that say how many run and how releases are made: no release of their own.
const NOT_RELEASED: [&str; 6] =
    ["replicas", "autoscaling", "rollout", "stopped", "releasesKept", "rollbackTo"];
const KEPT: i32 = 20;

/// A release under its number.
#[derive(Clone, Debug)]
pub struct Numbered {
    pub number: i64,
    pub release: Release,
    /// What it says of a pod; how many there are is not in it.
    pub spec: ApplicationSpec,
}

/// Oldest first.
pub struct Releases(Vec<Numbered>);

/// The part of a spec that a release holds.
pub fn content(spec: &ApplicationSpec) -> Value {
    let mut value = serde_json::to_value(spec).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.retain(|field, _| !NOT_RELEASED.contains(&field.as_str()));
    }
    value
}

/// `spec` with what a release holds in place of its own.
pub fn restored(
    spec: &ApplicationSpec,
    release: &Release,
) -> Result<ApplicationSpec, serde_json::Error> {
    let mut value = serde_json::to_value(spec)?;
    let Some(map) = value.as_object_mut() else { return Ok(spec.clone()) };
    map.retain(|field, _| NOT_RELEASED.contains(&field.as_str()));
    if let Some(held) = release.spec.as_object() {
        map.extend(held.clone());
    }
    serde_json::from_value(value)
}

impl Releases {
    pub async fn read(app: &Application, front: &Front, context: &Context) -> Result<Self> {
        let labels: Vec<String> = front
            .selector(Track::Stable)
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let found = revisions::read(app, &labels.join(","), &context.client).await?;
        let releases = found.into_iter().filter_map(numbered).collect();
        Ok(Self(releases))
    }

    /// The one that is wanted. There always is one after [`Releases::keep`].
    pub fn newest(&self) -> &Numbered {
        self.0.last().expect("a release was kept")
    }

    pub fn find(&self, number: i64) -> Option<&Numbered> {
        self.0.iter().find(|one| one.number == number)
    }

    pub fn numbers(&self) -> Vec<i64> {
        self.0.iter().map(|one| one.number).collect()
    }

    /// Makes a release of the spec and its inputs, unless the newest is one, and lets the
    /// oldest go.
    pub async fn keep(
        &mut self,
        app: &Application,
        front: &Front,
        inputs: BTreeMap<String, String>,
        context: &Context,
    ) -> Result<()> {
        let api = Api::<ControllerRevision>::namespaced(context.client.clone(), &front.namespace);
        let before: Vec<&Release> = self.0.iter().map(|one| &one.release).collect();
        if let Some(release) = next(app, &before, inputs) {
            let number = self.0.last().map_or(1, |one| one.number + 1);
            let metadata = front.metadata(object_name(front, number), Track::Stable);
            let made = revisions::object(metadata, number, &release);
            api.create(&PostParams::default(), &made)
                .await
                .map_err(Error::kube(format!("writing release {number}")))?;
            self.0.push(Numbered { number, release, spec: app.spec.clone() });
            let words = format!("release {number}");
            context.event(app, false, "Released", &words).await;
        }
        let kept = usize::try_from(app.spec.releases_kept.unwrap_or(KEPT)).unwrap_or(1).max(1);
        let answering = app.status.as_ref().and_then(|status| status.release);
        let old = self.0.len().saturating_sub(kept);
        for one in self.0.iter().take(old).filter(|one| Some(one.number) != answering) {
            let name = object_name(front, one.number);
            match api.delete(&name, &DeleteParams::default()).await {
                Err(kube::Error::Api(gone)) if gone.code == 404 => {}
                done => drop(done.map_err(Error::kube(format!("removing {name}")))?),
            }
        }
        Ok(())
    }
}

/// What is to be released after these, if anything is new.
fn next(
    app: &Application,
    releases: &[&Release],
    inputs: BTreeMap<String, String>,
) -> Option<Release> {
    revisions::next(app, content(&app.spec), releases, inputs)
}

fn object_name(front: &Front, number: i64) -> String {
    format!("{}-{number}", front.object_name(Track::Stable))
}

fn numbered((revision, release): (ControllerRevision, Release)) -> Option<Numbered> {
    let name = revision.name_any();
    let spec = restored(&ApplicationSpec::default(), &release);
    let spec = spec.inspect_err(|error| tracing::error!(name, %error, "a release cannot be read"));
    Some(Numbered { number: revision.revision, release, spec: spec.ok()? })
}

#[cfg(test)]
mod tests {
    use dais_api::labels;
    use serde_json::json;

    use super::*;
    use crate::revisions::CHANGE_CAUSE;

    fn app(spec: Value) -> Application {
        let spec = serde_json::from_value(spec).expect("a spec");
        let mut app = Application::new("web", spec);
        app.annotations_mut().insert(labels::CREATED_BY.to_owned(), "ann".to_owned());
        app
    }

    fn inputs(version: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("secrets/db".to_owned(), version.to_owned())])
    }

    #[test]
    fn what_runs_is_released_and_how_many_is_not() {
        let mut app = app(json!({"command": ["a"], "replicas": 2}));
        let first = next(&app, &[], BTreeMap::new()).expect("the first");
        assert_eq!((first.by.as_str(), first.changes.len()), ("ann", 0));
        assert!(next(&app, &[&first], BTreeMap::new()).is_none());
        app.spec.replicas = 5;
        app.spec.stopped = true;
        assert!(next(&app, &[&first], BTreeMap::new()).is_none());
        app.spec.command = Some(vec!["b".to_owned()]);
        app.annotations_mut().insert(labels::CHANGED_BY.to_owned(), "bob".to_owned());
        let second = next(&app, &[&first], BTreeMap::new()).expect("another command");
        assert_eq!(second.by, "bob");
        assert_eq!(second.changes, [r#"command: ["a"] → ["b"]"#]);
    }

    #[test]
    fn a_changed_secret_is_a_release_of_nobody() {
        let app = app(json!({"command": ["a"]}));
        let first = next(&app, &[], inputs("1")).expect("the first");
        assert!(next(&app, &[&first], inputs("1")).is_none());
        let second = next(&app, &[&first], inputs("2")).expect("another version");
        assert_eq!(
            (second.by.as_str(), second.changes[0].as_str()),
            ("", "secrets/db was changed")
        );
        assert!(next(&app, &[&second], BTreeMap::new()).is_none(), "a secret that is gone");
        let none = Release { inputs: BTreeMap::new(), ..first };
        assert!(next(&app, &[&none], inputs("1")).is_some(), "one that came");
    }

    #[test]
    fn a_reason_is_that_of_one_release() {
        let mut app = app(json!({"command": ["a"]}));
        let first = next(&app, &[], BTreeMap::new()).expect("the first");
        let mut changed_to = |command: &str, releases: &[&Release]| {
            app.spec.command = Some(vec![command.to_owned()]);
            app.annotations_mut().insert(CHANGE_CAUSE.to_owned(), "louder".to_owned());
            next(&app, releases, BTreeMap::new()).expect("another command")
        };
        let second = changed_to("b", &[&first]);
        assert_eq!(second.cause.as_deref(), Some("louder"));
        let third = changed_to("c", &[&first, &second]);
        assert_eq!(third.cause, None);
        assert_eq!(changed_to("d", &[&first, &second, &third]).cause, None);
    }

    #[test]
    fn going_back_keeps_how_many_run() {
        let spec =
            app(json!({"command": ["b"], "replicas": 7, "env": [{"name": "X", "value": "1"}]}))
                .spec;
        let release = Release { spec: json!({"command": ["a"]}), ..Release::default() };
        let back = restored(&spec, &release).expect("a spec");
        assert_eq!((back.command, back.replicas), (Some(vec!["a".to_owned()]), 7));
        assert!(back.env.is_empty());
    }
}
