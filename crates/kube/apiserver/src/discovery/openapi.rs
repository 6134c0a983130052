//! The catalogue in the terms of `dais_schema::openapi`.

use dais_schema::Gvk;
use dais_schema::openapi::{CustomKind, Resource, Subresource};

use crate::registry::{self, Catalog};

/// The built-in resources.
pub(crate) fn built_in(catalog: &Catalog) -> Vec<Resource> {
    let own = catalog.resources().iter().filter(|resource| resource.custom.is_none());
    own.map(|resource| describe(resource)).collect()
}

fn describe(resource: &registry::Resource) -> Resource {
    let names = |verbs: registry::Verbs| verbs.names().into_iter().map(str::to_owned).collect();
    Resource {
        gvk: Gvk::new(&*resource.group, &*resource.version, &*resource.kind),
        plural: resource.plural.clone(),
        namespaced: resource.namespaced,
        verbs: names(resource.verbs),
        subresources: resource
            .subresources
            .iter()
            .map(|sub| {
                let (group, version) = sub
                    .foreign
                    .clone()
                    .unwrap_or((resource.group.clone(), resource.version.clone()));
                Subresource {
                    name: sub.name.clone(),
                    gvk: Gvk::new(group, version, &*sub.kind),
                    verbs: names(sub.verbs),
                }
            })
            .collect(),
    }
}

/// The custom resources.
pub(crate) fn custom(catalog: &Catalog) -> Vec<CustomKind<'_>> {
    catalog
        .resources()
        .iter()
        .filter_map(|resource| {
            let custom = resource.custom.as_ref()?;
            Some(CustomKind {
                gvk: Gvk::new(&*resource.group, &*resource.version, &*resource.kind),
                plural: resource.plural.clone(),
                namespaced: resource.namespaced,
                schema: custom.open_api.as_ref(),
                status: resource.has_status(),
                scale: custom.scale.is_some(),
            })
        })
        .collect()
}
