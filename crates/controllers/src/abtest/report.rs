//! The one place where a test's status is written.

use dais_api::conditions::{self, READY, SAMPLE_RATIO_MISMATCH, Verdict, reason};
use dais_api::traffic::ShadowCount;
use dais_api::{ABTest, ABTestStatus, TrafficPolicy};
use kube::{Api, ResourceExt};

use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};

pub(super) async fn write(
    test: &ABTest,
    mut status: ABTestStatus,
    verdict: Verdict,
    context: &Context,
) -> Result<()> {
    let generation = test.metadata.generation;
    let old = test.status.clone().unwrap_or_default();
    status.phase.get_or_insert_default();
    status.conditions.clone_from(&old.conditions);
    conditions::set(&mut status.conditions, READY, &verdict, generation);
    if let Some(split) = split(&status) {
        let was = conditions::is_true(&old.conditions, SAMPLE_RATIO_MISMATCH);
        conditions::set(&mut status.conditions, SAMPLE_RATIO_MISMATCH, &split, generation);
        if split.status && !was {
            context.event(test, true, split.reason, &split.message).await;
        }
    }
    let said = conditions::find(&old.conditions, READY).map(|said| said.reason.as_str());
    if said != Some(verdict.reason) {
        let fine =
            [reason::RUNNING, reason::SUSPENDED, reason::STOPPED, reason::ENDED, reason::PROMOTED];
        let is_bad = !fine.contains(&verdict.reason);
        context.event(test, is_bad, verdict.reason, &verdict.message).await;
    }
    apply::status(&context.client, test, test.status.as_ref(), &status).await
}

fn split(status: &ABTestStatus) -> Option<Verdict> {
    let mismatch = status.mismatch.as_ref()?;
    let p_value = mismatch.p_value;
    Some(match mismatch.alarm {
        true => Verdict::yes(
            reason::SPLIT_IS_WRONG,
            format!(
                "the split of subjects is not the intended one (p = {p_value:.1e}), so no figure can be trusted: look for a variant that was not ready, or that loses requests"
            ),
        ),
        false => Verdict::no(
            reason::AS_INTENDED,
            format!("the split of subjects is as intended (p = {p_value:.2})"),
        ),
    })
}

/// Copies so far, of the test's own address and of the service's whose it has taken.
pub(super) async fn shadowed(test: &ABTest, context: &Context) -> Result<Option<ShadowCount>> {
    if test.spec.shadow.is_none() {
        return Ok(None);
    }
    let project = test.namespace().unwrap_or_default();
    let policies = Api::<TrafficPolicy>::namespaced(context.client.clone(), &project);
    let mut all: Option<ShadowCount> = None;
    for name in [Some(&test.name_any()), test.spec.route.as_ref()].into_iter().flatten() {
        let found = policies.get_opt(name).await;
        let found = found.map_err(Error::kube("reading what the gateway counted"))?;
        let counted = found.and_then(|policy| policy.status).and_then(|status| status.shadow);
        let Some(counted) = counted else { continue };
        let sum = all.get_or_insert_default();
        sum.copied += counted.copied;
        sum.same += counted.same;
        sum.different += counted.different;
        sum.failed += counted.failed;
        sum.dropped += counted.dropped;
    }
    Ok(all)
}
