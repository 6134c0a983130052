//! The CustomResourceDefinitions of all kinds, for the embedded API server, for
//! `deploy/crds` and for the web types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::monitoring::{PodMonitor, PrometheusRule, ServiceMonitor};
use crate::routing::HTTPRoute;
use crate::{
    ABTest, Algorithm, Application, Dataset, Environment, InferenceService, LabelingProject,
    Notebook, Queue, Sweep, TrafficPolicy, TrainingJob,
};

/// The kinds of group `dais.io`, in alphabetical order.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![
        ABTest::crd(),
        Algorithm::crd(),
        Application::crd(),
        Dataset::crd(),
        Environment::crd(),
        InferenceService::crd(),
        LabelingProject::crd(),
        Notebook::crd(),
        Queue::crd(),
        Sweep::crd(),
        TrafficPolicy::crd(),
        TrainingJob::crd(),
    ]
}

/// Kinds of other groups that dais needs where no cluster brings them.
pub fn foreign() -> Vec<CustomResourceDefinition> {
    let mut route = HTTPRoute::crd();
    // The apiserver of a real cluster refuses CRDs of protected *.k8s.io groups
    // without this annotation.
    route.metadata.annotations.get_or_insert_default().insert(
        "api-approved.kubernetes.io".to_owned(),
        "https://github.com/kubernetes-sigs/gateway-api/pull/2466".to_owned(),
    );
    vec![route, PodMonitor::crd(), PrometheusRule::crd(), ServiceMonitor::crd()]
}
