//! The services behind the variants: those that are named, and those that are made of a
//! model version.

use std::collections::BTreeMap;

use dais_api::abtest::{VariantStatus, VariantTemplate};
use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::reference::ModelReference;
use dais_api::{ABTest, ABTestStatus, InferenceService, InferenceServiceSpec, labels};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, ListParams};
use kube::{Resource, ResourceExt};

use super::uid;
use crate::apply::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::inferenceservice;

/// Label on a test's services with its name in label-safe form.
const ABTEST: &str = "dais.io/abtest";
/// Between a test's name and the shadow's; no variant's name begins so.
const SHADOW: &str = ".shadow";
/// Longest part of a name that a service gets from its test, and from its variant.
const LONGEST: usize = 100;

/// What a test has to do with, resolved.
pub(super) struct Resolved {
    /// In the order of the spec.
    pub variants: Vec<VariantStatus>,
    /// Name of the Service that gets copies.
    pub shadow: Option<String>,
    /// In words, for each variant that serves another model than the one it began with.
    pub changed: Vec<String>,
}

impl Resolved {
    /// Why variants cannot answer, one text for each.
    pub(super) fn waiting(&self) -> Vec<String> {
        let unready = self.variants.iter().filter(|variant| !variant.ready);
        unready.map(|variant| format!("{} (service {})", variant.name, variant.service)).collect()
    }
}

/// Reads and makes what the spec names.
///
/// # Errors
/// The inner one is the spec's mistake, for a condition.
pub(super) async fn resolve(
    test: &ABTest,
    before: &ABTestStatus,
    context: &Context,
) -> Result<Result<Resolved, Verdict>> {
    let target = match target(test) {
        None => None,
        Some(name) => match read(test, name, context).await? {
            Some(service) => Some(service),
            None => return Ok(Err(missing("spec.route", name))),
        },
    };
    let maker = Maker { test, target: target.as_ref(), context };
    let (mut variants, mut changed) = (Vec::new(), Vec::new());
    for (at, variant) in test.spec.variants.iter().enumerate() {
        let known = before.variants.iter().find(|known| known.name == variant.name);
        let pinned = known.and_then(|known| known.model.as_deref());
        let field = format!("spec.variants[{at}]");
        let sort = (variant.service.as_deref(), variant.model.as_deref());
        let service = match maker.service((&field, &variant.name), sort, pinned).await? {
            Ok(service) => service,
            Err(verdict) => return Ok(Err(verdict)),
        };
        let serves = model(&service);
        let began_with = pinned.filter(|_| before.start_time.is_some());
        if let (Some(then), Some(now)) = (began_with, &serves)
            && then != now
        {
            changed.push(format!("variant {} began with {then} and serves {now}", variant.name));
        }
        variants.push(VariantStatus {
            name: variant.name.clone(),
            service: service.name_any(),
            backend: inferenceservice::backend(&service),
            model: began_with.map(str::to_owned).or(serves),
            ready: is_ready(&service),
            ..known.cloned().unwrap_or_default()
        });
    }
    let shadow = match &test.spec.shadow {
        None => None,
        Some(shadow) => {
            let sort = (shadow.service.as_deref(), shadow.model.as_deref());
            match maker.service(("spec.shadow", SHADOW), sort, None).await? {
                Ok(service) => Some(inferenceservice::backend(&service)),
                Err(verdict) => return Ok(Err(verdict)),
            }
        }
    };
    Ok(Ok(Resolved { variants, shadow, changed }))
}

/// The service that a winner is promoted to: the one whose address the test has, else the
/// control's own.
pub(super) fn target(test: &ABTest) -> Option<&str> {
    let control = test.spec.variants.first();
    test.spec.route.as_deref().or_else(|| control.and_then(|control| control.service.as_deref()))
}

pub(super) async fn read(
    test: &ABTest,
    name: &str,
    context: &Context,
) -> Result<Option<InferenceService>> {
    let project = test.namespace().unwrap_or_default();
    let api = Api::<InferenceService>::namespaced(context.client.clone(), &project);
    match api.get_opt(name).await {
        Ok(found) => Ok(found),
        // A name that no object can have.
        Err(kube::Error::Api(status)) if (400..500).contains(&status.code) => Ok(None),
        Err(error) => Err(Error::kube(format!("reading service {name:?}"))(error)),
    }
}

fn missing(field: &str, name: &str) -> Verdict {
    let words = format!(
        "{field}: this project has no service {name:?}; `dais get inferenceservices` lists them"
    );
    Verdict::no(reason::SERVICE_NOT_FOUND, words)
}

fn is_ready(service: &InferenceService) -> bool {
    let status = service.status.as_ref();
    status.is_some_and(|status| {
        conditions::is_true(&status.conditions, READY) && status.ready_replicas > 0
    })
}

/// `models:/<name>/<version>` that a service answers with.
fn model(service: &InferenceService) -> Option<String> {
    let status = service.status.as_ref();
    let serving = status.and_then(|status| {
        Some(format!("models:/{}/{}", status.model_name.as_ref()?, status.model_version.as_ref()?))
    });
    serving.or_else(|| service.spec.model.clone())
}

struct Maker<'a> {
    test: &'a ABTest,
    target: Option<&'a InferenceService>,
    context: &'a Context,
}

impl Maker<'_> {
    /// `named` says what the service is for, by its field and its name; `sort` is what the
    /// spec sets of service and model.
    async fn service(
        &self,
        (field, name): (&str, &str),
        sort: (Option<&str>, Option<&str>),
        pinned: Option<&str>,
    ) -> Result<Result<InferenceService, Verdict>> {
        match sort {
            (Some(service), _) => {
                let found = read(self.test, service, self.context).await?;
                Ok(found.ok_or_else(|| missing(&format!("{field}.service"), service)))
            }
            (None, Some(model)) => {
                let desired = desired_name(self.test, name)?;
                let made = match read(self.test, &desired, self.context).await? {
                    Some(made) if is_owned(&made, self.test) => made.spec.model,
                    _ => None,
                };
                let pinned = pinned.map(str::to_owned).or(made);
                let version = match pinned {
                    Some(pinned) => pinned,
                    None => match self.version(field, model).await? {
                        Ok(version) => version,
                        Err(verdict) => return Ok(Err(verdict)),
                    },
                };
                let service = self.desired(desired, &version);
                apply(&self.context.client, &service).await.map(Ok)
            }
            (None, None) => {
                let words = format!("{field}: set service or model");
                Ok(Err(Verdict::no(reason::INVALID, words)))
            }
        }
    }

    /// The version that a reference names now.
    async fn version(&self, field: &str, model: &str) -> Result<Result<String, Verdict>> {
        let reference: ModelReference = match model.parse() {
            Ok(reference) => reference,
            Err(error) => {
                let words = format!("{field}.model: {error}");
                return Ok(Err(Verdict::no(reason::INVALID, words)));
            }
        };
        let project = self.test.namespace().unwrap_or_default();
        let found = self.context.tracking.resolve_model(&project, &reference).await;
        let found = found.map_err(Error::seam(format!("resolving {reference}")))?;
        Ok(found.map(|found| format!("models:/{}/{}", found.name, found.version)).ok_or_else(|| {
            let words = format!(
                "{field}.model: project {project:?} has no {reference}; `dais models` lists what there is"
            );
            Verdict::no(reason::MODEL_NOT_FOUND, words)
        }))
    }

    fn desired(&self, name: String, version: &str) -> InferenceService {
        let labels =
            BTreeMap::from([(ABTEST.to_owned(), labels::label_value(&self.test.name_any()))]);
        let created_by = self.test.annotations().get(labels::CREATED_BY).cloned();
        let annotations =
            created_by.map(|user| BTreeMap::from([(labels::CREATED_BY.to_owned(), user)]));
        InferenceService {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: self.test.namespace(),
                labels: Some(labels),
                annotations,
                owner_references: Some(self.test.controller_owner_ref(&()).into_iter().collect()),
                ..ObjectMeta::default()
            },
            spec: spec(self.test, self.target, version),
            status: None,
        }
    }
}

/// How a version is served: by the template, else as the test's target serves its own, so
/// that only the model differs.
pub(super) fn spec(
    test: &ABTest,
    target: Option<&InferenceService>,
    version: &str,
) -> InferenceServiceSpec {
    let like = target.map(|target| VariantTemplate {
        replicas: Some(target.spec.replicas.max(1)),
        server: target.spec.server.clone(),
        resources: target.spec.resources.clone(),
        environment: target.spec.environment.clone(),
        env: target.spec.env.clone(),
    });
    let template = test.spec.template.clone().or(like).unwrap_or_default();
    let VariantTemplate { replicas, server, resources, environment, env } = template;
    InferenceServiceSpec {
        model: Some(version.to_owned()),
        replicas: replicas.unwrap_or(1),
        server,
        resources,
        environment,
        env,
        application: Some(test.name_any()),
        ..InferenceServiceSpec::default()
    }
}

/// Marked with the test's uid, so that no service of a person is taken for it.
fn desired_name(test: &ABTest, variant: &str) -> Result<String> {
    let own: String = test.name_any().chars().take(LONGEST).collect();
    let mark: String = uid(test)?.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    let own = own.trim_end_matches(['.', '-']);
    let part = if variant == SHADOW { SHADOW.to_owned() } else { format!("-{variant}") };
    Ok(format!("{own}{part}-{mark}"))
}

fn is_owned(service: &InferenceService, test: &ABTest) -> bool {
    service.owner_references().iter().any(|owner| Some(&owner.uid) == test.meta().uid.as_ref())
}

/// Removes the services that a test made, but for one.
pub(super) async fn clear(test: &ABTest, but: Option<&str>, context: &Context) -> Result<()> {
    let project = test.namespace().unwrap_or_default();
    let api = Api::<InferenceService>::namespaced(context.client.clone(), &project);
    let selector = format!("{ABTEST}={}", labels::label_value(&test.name_any()));
    let made = api.list(&ListParams::default().labels(&selector)).await;
    for service in made.map_err(Error::kube("listing the test's services"))?.items {
        let name = service.name_any();
        if !is_owned(&service, test) || Some(name.as_str()) == but {
            continue;
        }
        match api.delete(&name, &DeleteParams::background()).await {
            Err(kube::Error::Api(gone)) if gone.code == 404 => {}
            done => drop(done.map_err(Error::kube(format!("removing service {name}")))?),
        }
    }
    Ok(())
}
