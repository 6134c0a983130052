//! Brings the slices of one source to the wanted contents with as few writes as
//! possible: a slice that says what is wanted stays, one with the same ports is
//! updated in place, the rest is created and deleted.

use std::sync::Arc;

use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::jiff::{Timestamp, Unit};
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt};

use super::build::{Slice, Source};
use super::{SERVICE_NAME, SLICE_MANAGER};
use crate::context::Context;
use crate::crew::is_namespace_terminating;
use crate::error::{Attempt, Result, is_not_found};
use crate::ownership::describe;
use crate::template::generate_name;

const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// Writes the differences; when it returns the shared store shows them.
pub async fn write(context: &Context, source: &Source, wanted: Vec<Slice>) -> Result<()> {
    let api: Api<EndpointSlice> = Api::namespaced(context.client.clone(), &source.namespace);
    let feed = &context.feeds.endpoint_slices;
    let mut existing = feed.select(&source.namespace, |slice| belongs(slice, source));
    existing.sort_by_key(|slice| slice.name_any());
    let (kept, missing) = pair(existing, wanted);
    let mut spare = Vec::new();
    for (slice, content) in kept {
        let Some(content) = content else {
            spare.push(slice);
            continue;
        };
        let next = filled(source, &content, (*slice).clone());
        if same(&next, &slice) {
            continue;
        }
        let next = touched(next);
        let written = api
            .replace(&slice.name_any(), &PostParams::default(), &next)
            .await
            .attempt("update", describe(&*slice))?;
        feed.wait_seen(&written).await;
    }
    for content in missing {
        let slice = touched(filled(source, &content, EndpointSlice::default()));
        match api.create(&PostParams::default(), &slice).await {
            Err(error) if is_namespace_terminating(&error) => return Ok(()),
            created => {
                let created = created.attempt("create an endpoint slice for", &source.name)?;
                feed.wait_seen(&created).await;
            }
        }
    }
    for slice in spare {
        match api.delete(&slice.name_any(), &DeleteParams::default()).await {
            Err(error) if is_not_found(&error) => {}
            other => drop(other.attempt("delete", describe(&*slice))?),
        }
        feed.wait_going(&slice).await;
    }
    Ok(())
}

fn belongs(slice: &EndpointSlice, source: &Source) -> bool {
    slice.labels().get(SERVICE_NAME) == Some(&source.name)
        && slice.labels().get(SLICE_MANAGER).map(String::as_str) == Some(source.manager)
        && slice.metadata.deletion_timestamp.is_none()
}

type Pairs = (Vec<(Arc<EndpointSlice>, Option<Slice>)>, Vec<Slice>);

/// Gives each wanted content the existing slice that is nearest to it.
fn pair(existing: Vec<Arc<EndpointSlice>>, mut wanted: Vec<Slice>) -> Pairs {
    let mut pairs: Vec<(Arc<EndpointSlice>, Option<Slice>)> =
        existing.into_iter().map(|slice| (slice, None)).collect();
    let closeness: [fn(&EndpointSlice, &Slice) -> bool; 3] = [
        |slice, content| slice.ports == content.ports && slice.endpoints == content.endpoints,
        |slice, content| slice.ports == content.ports,
        |_, _| true,
    ];
    for close in closeness {
        for (slice, content) in pairs.iter_mut().filter(|(_, content)| content.is_none()) {
            let found = wanted.iter().position(|wanted| {
                // The type of addresses cannot be changed.
                wanted.address_type == slice.address_type && close(slice, wanted)
            });
            if let Some(index) = found {
                *content = Some(wanted.remove(index));
            }
        }
    }
    (pairs, wanted)
}

fn filled(source: &Source, content: &Slice, mut slice: EndpointSlice) -> EndpointSlice {
    let mut labels = source.labels.clone();
    labels.insert(SLICE_MANAGER.to_owned(), source.manager.to_owned());
    labels.insert(SERVICE_NAME.to_owned(), source.name.clone());
    if slice.metadata.name.is_none() {
        slice.metadata = ObjectMeta {
            generate_name: Some(generate_name(&source.name)),
            namespace: Some(source.namespace.clone()),
            owner_references: Some(vec![source.owner.clone()]),
            ..ObjectMeta::default()
        };
    }
    slice.metadata.labels = Some(labels);
    slice.address_type = content.address_type.to_owned();
    slice.ports = content.ports.clone();
    slice.endpoints = Some(content.endpoints.clone().unwrap_or_default());
    slice
}

fn same(a: &EndpointSlice, b: &EndpointSlice) -> bool {
    a.metadata.labels == b.metadata.labels
        && a.ports.as_deref().unwrap_or_default() == b.ports.as_deref().unwrap_or_default()
        && a.endpoints.as_deref().unwrap_or_default() == b.endpoints.as_deref().unwrap_or_default()
}

fn touched(mut slice: EndpointSlice) -> EndpointSlice {
    let now = Timestamp::now();
    let now = now.round(Unit::Second).unwrap_or(now);
    slice.annotations_mut().insert(TRIGGER_TIME.to_owned(), now.to_string());
    slice
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn slice(name: &str, port: i32, addresses: &[&str]) -> Arc<EndpointSlice> {
        let endpoints: Vec<_> = addresses.iter().map(|a| json!({"addresses": [a]})).collect();
        Arc::new(
            serde_json::from_value(json!({"metadata": {"name": name}, "addressType": "IPv4",
                "ports": [{"port": port}], "endpoints": endpoints}))
            .expect("a slice"),
        )
    }

    fn content(port: i32, addresses: &[&str]) -> Slice {
        let slice = slice("", port, addresses);
        Slice {
            address_type: "IPv4",
            ports: slice.ports.clone(),
            endpoints: slice.endpoints.clone(),
        }
    }

    #[test]
    fn slices_are_used_again_where_they_fit_best() {
        let existing = vec![slice("a", 1, &["x"]), slice("b", 2, &["x"]), slice("c", 3, &["x"])];
        let wanted = vec![content(2, &["x", "y"]), content(1, &["x"])];
        let (pairs, missing) = pair(existing, wanted);
        assert!(missing.is_empty());
        assert_eq!(pairs[0].1, Some(content(1, &["x"])));
        assert_eq!(pairs[1].1, Some(content(2, &["x", "y"])));
        assert_eq!(pairs[2].1, None, "left over");
    }
}
