//! A winner takes over: the service of `spec.route`, else the control's own, serves from
//! now on what the variant did. Where there is neither, the test's own address goes on
//! answering with the variant. A service that follows a protected alias goes on doing so,
//! and the winner waits for its approval.

use dais_api::abtest::{Promotion, TestVariant};
use dais_api::{ABTest, ABTestStatus, InferenceService};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::approval::{self, Way};
use super::variants;
use crate::context::Context;
use crate::error::{Error, Result};

/// Guarantees: doing it again changes nothing.
pub(super) async fn carry_out(
    test: &ABTest,
    status: &ABTestStatus,
    name: &str,
    context: &Context,
) -> Result<Promotion> {
    let promotion = |service: Option<&str>, done, message: String| Promotion {
        variant: name.to_owned(),
        service: service.map(str::to_owned),
        done,
        message,
    };
    let spec = test.spec.variants.iter().find(|variant| variant.name == name);
    let Some(variant) = spec else {
        let words = format!("spec.promote: the test has no variant {name:?}");
        return Ok(promotion(None, true, words));
    };
    let Some(target) = variants::target(test) else {
        let words = format!("{} goes on answering with variant {name}", super::traffic::path(test));
        return Ok(promotion(None, true, words));
    };
    if variant.service.as_deref() == Some(target) {
        let words = format!("service {target} goes on as it is: it is variant {name}");
        return Ok(promotion(Some(target), true, words));
    }
    let Some(service) = variants::read(test, target, context).await? else {
        let words = format!(
            "service {target:?} is to serve variant {name}, and there is none of that name: make it, or delete the test"
        );
        return Ok(promotion(Some(target), false, words));
    };
    let mut changes = match wanted(test, status, variant, context).await? {
        Ok(changes) => changes,
        Err(words) => return Ok(promotion(Some(target), false, words)),
    };
    let was = service.spec.model.clone().unwrap_or_else(|| "a program".to_owned());
    let now = changes["model"].as_str().unwrap_or("the variant's program").to_owned();
    let project = test.namespace().unwrap_or_default();
    let models = (service.spec.model.as_deref(), changes["model"].as_str());
    match approval::way((&project, target), models, context).await? {
        Way::Direct => {}
        Way::Approved => drop(changes.as_object_mut().and_then(|changes| changes.remove("model"))),
        Way::Ask(words) => return Ok(promotion(Some(target), false, words)),
    }
    change(&service, changes, context).await?;
    let words = format!("service {target} serves {now} from now on; it served {was}");
    Ok(promotion(Some(target), true, words))
}

/// The fields of the service's spec that make it the variant; the inner error is in words.
async fn wanted(
    test: &ABTest,
    status: &ABTestStatus,
    variant: &TestVariant,
    context: &Context,
) -> Result<Result<Value, String>> {
    let (serves, all) = match &variant.service {
        Some(name) => match variants::read(test, name, context).await? {
            // The version that was measured, and not what an alias names by now.
            Some(source) => {
                let mut spec = source.spec;
                let known = status.variants.iter().find(|known| known.name == variant.name);
                spec.model = known.and_then(|known| known.model.clone()).or(spec.model);
                (spec, true)
            }
            None => {
                return Ok(Err(format!(
                    "variant {}: service {name:?} is gone, so that nobody knows what it served; promote another variant's service by hand",
                    variant.name
                )));
            }
        },
        None => {
            let known = status.variants.iter().find(|known| known.name == variant.name);
            let Some(version) = known.and_then(|known| known.model.as_deref()) else {
                return Ok(Err(format!("variant {}: its version is not known", variant.name)));
            };
            (variants::spec(test, None, version), test.spec.template.is_some())
        }
    };
    let mut changes = json!({ "model": serves.model });
    if all {
        changes["server"] = json!(serves.server);
        changes["environment"] = json!(serves.environment);
        changes["env"] = json!(serves.env);
    }
    Ok(Ok(changes))
}

async fn change(service: &InferenceService, spec: Value, context: &Context) -> Result<()> {
    let (project, name) = (service.namespace().unwrap_or_default(), service.name_any());
    let api = Api::<InferenceService>::namespaced(context.client.clone(), &project);
    let patch = Patch::Merge(json!({ "spec": spec }));
    api.patch(&name, &PatchParams::default(), &patch)
        .await
        .map(drop)
        .map_err(Error::kube(format!("promoting to service {name}")))
}
