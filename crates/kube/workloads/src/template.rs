//! From a pod template to a pod, and to a short name for the template.

use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::ObjectMeta;
use serde::Serialize;

/// Letters of generated names: no vowels, so that no words arise
/// (apimachinery's `rand`).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A pod of the template, belonging to `owner`, its name to be generated.
pub fn pod(template: &PodTemplateSpec, namespace: &str, owner: OwnerReference) -> Pod {
    let metadata = template.metadata.clone().unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(generate_name(&owner.name)),
            namespace: Some(namespace.to_owned()),
            labels: metadata.labels,
            annotations: metadata.annotations,
            finalizers: metadata.finalizers,
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// A prefix that leaves room for five letters within the 63 of a host name.
pub fn generate_name(owner: &str) -> String {
    let end = owner.floor_char_boundary(57);
    format!("{}-", owner[..end].trim_end_matches(['-', '.']))
}

/// A short name for what `value` says. Equal values have equal names; after a
/// collision of two different ones, `collisions` tells them apart.
pub fn hash(value: &impl Serialize, collisions: Option<i32>) -> String {
    // Objects of the API serialise always: keys are strings, maps are sorted.
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    if let Some(collisions) = collisions.filter(|count| *count > 0) {
        bytes.extend(collisions.to_le_bytes());
    }
    let number = fnv1a(&bytes).to_string();
    number.bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
}

/// FNV-1a, 32 bits (draft-eastlake-fnv).
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_are_stable_and_tell_apart() {
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
        let one = json!({"a": 1});
        assert_eq!(hash(&one, None), hash(&one, Some(0)));
        assert_ne!(hash(&one, None), hash(&one, Some(1)));
        assert_ne!(hash(&one, None), hash(&json!({"a": 2}), None));
    }

    #[test]
    fn long_names_leave_room() {
        assert_eq!(generate_name("web"), "web-");
        assert_eq!(generate_name(&"x".repeat(90)).len(), 58);
    }

    #[test]
    fn a_pod_carries_the_template_and_its_owner() {
        let template: PodTemplateSpec = serde_json::from_value(json!({
            "metadata": {"labels": {"app": "web"}, "annotations": {"n": "1"}},
            "spec": {"containers": [{"name": "c"}]},
        }))
        .expect("a template");
        let owner = OwnerReference { name: "web".into(), ..OwnerReference::default() };
        let pod = pod(&template, "a", owner);
        assert_eq!(
            serde_json::to_value(&pod).expect("JSON")["metadata"],
            json!({
                "annotations": {"n": "1"}, "generateName": "web-", "labels": {"app": "web"}, "namespace": "a",
                "ownerReferences": [{"apiVersion": "", "kind": "", "name": "web", "uid": ""}],
            })
        );
    }
}
