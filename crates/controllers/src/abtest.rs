//! ABTest: requests shared out between models until one is known to be better.
//!
//! Owns which variant answers whom, when a test begins and ends, and what becomes of its
//! winner. Does not know how requests are shared out (the gateway reads a TrafficPolicy),
//! how a model is served (an InferenceService does), where figures are kept (a seam reads
//! them) or how they are judged (`dais-statistics` does).
//!
//! ```text
//! spec ─▶ variants (InferenceServices) ─▶ course (phase, ramp) ─▶ analysis ─▶ status
//!                                                                               │
//!            InferenceService of spec.route ◀── promote ◀──────────────────────┤
//!            HTTPRoute, TrafficPolicy (own; of spec.route) ◀── traffic ◀────────┘
//! ```
//!
//! Guarantees: what requests get follows from the status, which is written first, so that
//! a crash in between changes nobody's variant.

mod analysis;
mod approval;
mod bandit;
mod course;
mod figures;
mod guardrails;
mod keep;
mod promote;
mod report;
mod rounding;
mod step;
mod traffic;
mod variants;

use std::sync::Arc;

use dais_api::routing::HTTPRoute;
use dais_api::{ABTest, InferenceService};
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;

pub(crate) use traffic::{assignment, shadow, taking};

/// Holds the object until what it counted is removed.
const FINALIZER: &str = "dais.io/outcomes";

pub async fn run(context: Arc<Context>) {
    let client = context.client.clone();
    let any = watcher::Config::default;
    let controller = Controller::new(Api::<ABTest>::all(client.clone()), any());
    let tests = controller.store();
    let controller = controller
        .owns(Api::<HTTPRoute>::all(client.clone()), any())
        .owns(Api::<InferenceService>::all(client.clone()), any())
        .watches(Api::<InferenceService>::all(client), any(), move |service| {
            naming(&tests, &service)
        });
    tokio::join!(drive("abtest", controller, context.clone(), reconcile), keep::sweep(context));
}

/// The tests that name a service.
fn naming(tests: &Store<ABTest>, service: &InferenceService) -> Vec<ObjectRef<ABTest>> {
    let name = service.name_any();
    let is_named = |test: &Arc<ABTest>| {
        let spec = &test.spec;
        let of_variants = spec.variants.iter().filter_map(|variant| variant.service.as_ref());
        let of_shadow = spec.shadow.as_ref().and_then(|shadow| shadow.service.as_ref());
        let mut named = of_variants.chain(of_shadow).chain(&spec.route);
        test.namespace() == service.namespace() && named.any(|one| *one == name)
    };
    let found = tests.state().into_iter().filter(is_named);
    found.map(|test| ObjectRef::from_obj(test.as_ref())).collect()
}

async fn reconcile(test: Arc<ABTest>, context: Arc<Context>) -> Result<Action> {
    let name = test.name_any();
    let api =
        Api::<ABTest>::namespaced(context.client.clone(), &test.namespace().unwrap_or_default());
    finalizer(&api, FINALIZER, test, |event| async {
        match event {
            Event::Apply(test) => step::advance(&test, &context).await,
            Event::Cleanup(test) => {
                let uid = test.uid().unwrap_or_default();
                let forgotten = context.outcomes.forget(&uid).await;
                forgotten.map_err(Error::seam("removing what the test counted"))?;
                Ok(Action::await_change())
            }
        }
    })
    .await
    .map_err(|source| Error::Finalizer { name, source: Box::new(source) })
}

/// Its uid, which the API server always sets.
fn uid(test: &ABTest) -> Result<String> {
    let missing =
        || Error::Incomplete { kind: "ABTest", name: test.name_any(), field: "metadata.uid" };
    test.meta().uid.clone().ok_or_else(missing)
}
