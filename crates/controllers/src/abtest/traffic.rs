//! What the gateway is told of a test: a route, a policy, and what a service's own policy
//! takes from it. No I/O; everything follows from the spec and the status.

use dais_api::routing::{
    BackendReference, GATEWAY, HTTPRoute, HttpPathMatch, HttpRouteFilter, HttpRouteMatch,
    HttpRouteRule, HttpRouteSpec, ParentReference,
};
use dais_api::traffic::{Assignment, PolicyTarget, Shadow, TrafficPolicySpec, Variant};
use dais_api::{ABTest, ABTestPhase, ABTestStatus, TrafficPolicy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

/// Path of the test on the gateway.
pub(super) fn path(test: &ABTest) -> String {
    format!("/serve/{}/{}", test.namespace().unwrap_or_default(), test.name_any())
}

fn metadata(test: &ABTest) -> ObjectMeta {
    ObjectMeta {
        name: test.metadata.name.clone(),
        namespace: test.namespace(),
        owner_references: Some(test.controller_owner_ref(&()).into_iter().collect()),
        ..ObjectMeta::default()
    }
}

/// The way to the variant that answers those who take no part; none until it is known.
pub(super) fn route(test: &ABTest, backend: &str) -> HTTPRoute {
    let prefix = HttpPathMatch { type_: Some("PathPrefix".to_owned()), value: Some(path(test)) };
    let spec = HttpRouteSpec {
        parent_refs: vec![ParentReference { name: GATEWAY.to_owned(), namespace: None }],
        rules: vec![HttpRouteRule {
            matches: vec![HttpRouteMatch { path: Some(prefix) }],
            filters: vec![HttpRouteFilter::replace_prefix("/")],
            backend_refs: vec![BackendReference {
                name: backend.to_owned(),
                port: Some(80),
                weight: Some(100),
            }],
        }],
    };
    HTTPRoute { metadata: metadata(test), spec, status: None }
}

pub(super) fn policy(test: &ABTest, status: &ABTestStatus) -> TrafficPolicy {
    let target_ref = PolicyTarget {
        group: HTTPRoute::group(&()).into_owned(),
        kind: HTTPRoute::kind(&()).into_owned(),
        name: test.name_any(),
    };
    let spec = TrafficPolicySpec {
        target_ref,
        assignment: assignment(test, status),
        shadow: shadow(test, status),
        ..TrafficPolicySpec::default()
    };
    TrafficPolicy { metadata: metadata(test), spec, status: None }
}

fn is_running(status: &ABTestStatus) -> bool {
    status.phase == Some(ABTestPhase::Running)
}

/// Who gets which variant, while the test runs.
pub(crate) fn assignment(test: &ABTest, status: &ABTestStatus) -> Option<Assignment> {
    if !is_running(status) {
        return None;
    }
    let variant = |variant: &dais_api::abtest::VariantStatus| Variant {
        name: variant.name.clone(),
        service: variant.backend.clone(),
        weight: variant.share,
    };
    Some(Assignment {
        test: test.name_any(),
        uid: test.uid(),
        key: test.spec.key.clone(),
        salt: status.salt.clone()?,
        variants: status.variants.iter().map(variant).collect(),
        percent: status.ramp.as_ref().map_or(100.0, |ramp| ramp.percent),
        excluded: test.spec.exclude.clone(),
    })
}

/// Who gets copies, while the test runs.
pub(crate) fn shadow(test: &ABTest, status: &ABTestStatus) -> Option<Shadow> {
    let shadow = test.spec.shadow.as_ref().filter(|_| is_running(status))?;
    Some(Shadow {
        service: status.shadow_backend.clone()?,
        percent: shadow.percent,
        tolerance: shadow.tolerance,
        ignore: shadow.ignore.clone(),
    })
}

/// The test that a service's own address is given to: of those that run the oldest.
pub(crate) fn taking<'a>(
    tests: impl IntoIterator<Item = &'a ABTest>,
    service: &str,
) -> Option<&'a ABTest> {
    let takes = |test: &&ABTest| {
        test.spec.route.as_deref() == Some(service)
            && test.metadata.deletion_timestamp.is_none()
            && test.status.as_ref().is_some_and(is_running)
    };
    tests.into_iter().filter(takes).min_by_key(|test| age(test))
}

/// Older tests first.
pub(super) fn age(test: &ABTest) -> (Option<k8s_openapi::jiff::Timestamp>, String) {
    (test.creation_timestamp().map(|time| time.0), test.name_any())
}

#[cfg(test)]
mod tests {
    use dais_api::ABTestSpec;
    use dais_api::abtest::{RampStatus, VariantStatus};
    use dais_api::traffic::AssignmentKey;

    use super::*;

    fn test(name: &str, phase: ABTestPhase) -> ABTest {
        let key = AssignmentKey { header: Some("x-user".to_owned()), ..AssignmentKey::default() };
        let spec = ABTestSpec { key, route: Some("digits".to_owned()), ..ABTestSpec::default() };
        let variant = |name: &str, share| VariantStatus {
            name: name.to_owned(),
            backend: format!("digits-{name}"),
            share,
            ..VariantStatus::default()
        };
        let mut test = ABTest::new(name, spec);
        test.metadata.namespace = Some("team".to_owned());
        test.metadata.uid = Some("12345678-9abc-4def-8123-456789abcdef".to_owned());
        test.status = Some(ABTestStatus {
            phase: Some(phase),
            salt: Some("s".to_owned()),
            variants: vec![variant("a", 0.75), variant("b", 0.25)],
            ramp: Some(RampStatus { percent: 5.0, ..RampStatus::default() }),
            ..ABTestStatus::default()
        });
        test
    }

    #[test]
    fn requests_are_shared_out_while_a_test_runs_and_no_longer() {
        let running = test("t", ABTestPhase::Running);
        let shared = assignment(&running, running.status.as_ref().unwrap()).unwrap();
        assert_eq!((shared.percent, shared.salt.as_str()), (5.0, "s"));
        assert_eq!(shared.uid, running.metadata.uid);
        let services: Vec<_> = shared.variants.iter().map(|v| (&*v.service, v.weight)).collect();
        assert_eq!(services, [("digits-a", 0.75), ("digits-b", 0.25)]);
        for phase in [ABTestPhase::Pending, ABTestPhase::Suspended, ABTestPhase::Stopped] {
            let idle = test("t", phase);
            assert_eq!(assignment(&idle, idle.status.as_ref().unwrap()), None);
        }
    }

    #[test]
    fn a_service_is_given_to_the_oldest_test_that_runs() {
        let mut gone = test("a", ABTestPhase::Running);
        gone.metadata.deletion_timestamp = gone.metadata.creation_timestamp.clone();
        let all = [test("b", ABTestPhase::Stopped), test("d", ABTestPhase::Running)];
        let all = [all[0].clone(), all[1].clone(), test("c", ABTestPhase::Running)];
        assert_eq!(taking(&all, "digits").map(ResourceExt::name_any).as_deref(), Some("c"));
        assert_eq!(taking(&all, "letters").map(ResourceExt::name_any), None);
        assert_eq!(taking(&all[..1], "digits").map(ResourceExt::name_any), None);
    }
}
