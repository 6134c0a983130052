//! What a program may take at most, as options say it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// `None` where nothing is said.
pub fn limits(
    cpu: Option<&str>,
    memory: Option<&str>,
    gpus: Option<u32>,
) -> Option<ResourceRequirements> {
    let gpus = gpus.map(|count| count.to_string());
    let wanted = [("cpu", cpu), ("memory", memory), ("nvidia.com/gpu", gpus.as_deref())];
    let limits: BTreeMap<String, Quantity> = wanted
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Quantity(value?.to_owned()))))
        .collect();
    (!limits.is_empty())
        .then(|| ResourceRequirements { limits: Some(limits), ..ResourceRequirements::default() })
}
