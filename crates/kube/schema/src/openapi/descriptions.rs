//! What the built-in types and their fields are for, in the words of `k8s-openapi`.
//!
//! That crate carries a JSON schema of every type, with descriptions; the schemas
//! themselves are less exact than [`crate::builtin`] and are not used.

use std::sync::OnceLock;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::WatchEvent;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// What a definition is for.
pub(super) fn of(definition: &str) -> Option<&'static str> {
    schemas().get(definition)?.get("description")?.as_str()
}

/// A field with its description, and below it what else is known of its type.
pub(super) fn of_field(definition: &str, field: &str) -> Option<&'static Value> {
    schemas().get(definition)?.get("properties")?.get(field)
}

/// The name of the definition that a schema refers to.
pub(super) fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

fn schemas() -> &'static Map<String, Value> {
    static SCHEMAS: OnceLock<Map<String, Value>> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        built_in(&mut generator);
        generator.take_definitions(false)
    })
}

/// Adds types with all that they contain.
macro_rules! add {
    ($generator:ident, $($module:path: [$($kind:ident),* $(,)?])+) => {
        $({
            use $module as kinds;
            $($generator.subschema_for::<kinds::$kind>();)*
        })+
    };
}

fn built_in(generator: &mut SchemaGenerator) {
    add! { generator,
        k8s_openapi::api::admissionregistration::v1: [
            MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding,
            MutatingWebhookConfiguration, ValidatingAdmissionPolicy,
            ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration,
        ]
        k8s_openapi::api::apps::v1: [
            ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet,
        ]
        k8s_openapi::api::authentication::v1: [SelfSubjectReview, TokenRequest, TokenReview]
        k8s_openapi::api::authorization::v1: [
            LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview,
            SubjectAccessReview,
        ]
        k8s_openapi::api::autoscaling::v1: [HorizontalPodAutoscaler, Scale]
        k8s_openapi::api::autoscaling::v2: [HorizontalPodAutoscaler]
        k8s_openapi::api::batch::v1: [CronJob, Job]
        k8s_openapi::api::certificates::v1: [CertificateSigningRequest]
        k8s_openapi::api::coordination::v1: [Lease]
        k8s_openapi::api::core::v1: [
            ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node,
            PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate, ReplicationController,
            ResourceQuota, Secret, Service, ServiceAccount, Binding,
        ]
        k8s_openapi::api::discovery::v1: [EndpointSlice]
        k8s_openapi::api::events::v1: [Event]
        k8s_openapi::api::networking::v1: [
            IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR,
        ]
        k8s_openapi::api::policy::v1: [PodDisruptionBudget, Eviction]
        k8s_openapi::api::rbac::v1: [
            ClusterRole, ClusterRoleBinding, Role, RoleBinding,
        ]
        k8s_openapi::api::scheduling::v1: [PriorityClass]
        k8s_openapi::api::storage::v1: [
            CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment,
            VolumeAttributesClass,
        ]
        k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1: [CustomResourceDefinition]
        k8s_openapi::apimachinery::pkg::apis::meta::v1: [
            APIResourceList, DeleteOptions, ListMeta, Status,
        ]
        k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1: [APIService]
    }
    generator.subschema_for::<WatchEvent<RawExtension>>();
}
