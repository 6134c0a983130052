//! The OpenAPI documents, made once for each state of the catalogue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::request::Parts;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::openapi;
use crate::http::respond;
use crate::registry::Catalog;
use crate::status::Failure;

/// The documents of the catalogue that was asked about last, made on demand.
#[derive(Default)]
pub(crate) struct Documents {
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    catalog: Weak<Catalog>,
    documents: BTreeMap<String, Document>,
}

#[derive(Clone)]
struct Document {
    text: Bytes,
    hash: String,
}

impl Documents {
    /// A document by its path, made by `make` when it is not there.
    fn get(&self, catalog: &Arc<Catalog>, path: &str, make: impl FnOnce() -> Vec<u8>) -> Document {
        let same =
            |cache: &Cache| cache.catalog.upgrade().is_some_and(|one| Arc::ptr_eq(&one, catalog));
        {
            let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = cache.documents.get(path).filter(|_| same(&cache)) {
                return found.clone();
            }
        }
        let text = Bytes::from(make());
        let hash = Sha256::digest(&text).iter().map(|byte| format!("{byte:02X}")).collect();
        let made = Document { text, hash };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if !same(&cache) {
            *cache = Cache { catalog: Arc::downgrade(catalog), documents: BTreeMap::new() };
        }
        cache.documents.insert(path.to_owned(), made.clone());
        made
    }

    fn of_version(&self, catalog: &Arc<Catalog>, group: &str, version: &str) -> Document {
        self.get(catalog, &format!("{group}/{version}"), || {
            let (own, custom) = (openapi::built_in(catalog), openapi::custom(catalog));
            dais_schema::openapi::v3(group, version, &own, &custom)
        })
    }
}

/// `/openapi/v2`
pub(crate) fn v2(documents: &Documents, catalog: &Arc<Catalog>) -> Response {
    let made = documents.get(catalog, "v2", || {
        dais_schema::openapi::v2(&openapi::built_in(catalog), &openapi::custom(catalog))
    });
    respond::typed(200, "application/json", made.text)
}

/// `/openapi/v3` and what is below it.
pub(crate) fn v3(
    documents: &Documents,
    catalog: &Arc<Catalog>,
    rest: &[&str],
    parts: &Parts,
) -> Result<Response, Failure> {
    let (group, version) = match rest {
        [] => return Ok(index(catalog)),
        ["api", version] => ("", *version),
        ["apis", group, version] => (*group, *version),
        _ => return Err(respond::page_not_found()),
    };
    let served =
        catalog.group(group).is_some_and(|group| group.versions.iter().any(|one| one == version));
    if !served {
        return Err(respond::page_not_found());
    }
    let made = documents.of_version(catalog, group, version);
    let tag = format!("\"{}\"", made.hash);
    let unchanged =
        parts.headers.get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let mut response = if unchanged {
        respond::not_modified()
    } else {
        respond::typed(200, "application/json", made.text)
    };
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, value);
    }
    let hashed = parts.uri.query().is_some_and(|query| query.contains("hash="));
    if hashed {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
    }
    Ok(response)
}

/// The hash of a document changes with the catalogue; to know it without making
/// all documents, it is that of what the document is made from.
fn index(catalog: &Arc<Catalog>) -> Response {
    let mut paths = Map::new();
    for group in catalog.groups() {
        for version in &group.versions {
            let path = if group.name.is_empty() {
                format!("api/{version}")
            } else {
                format!("apis/{}/{version}", group.name)
            };
            let hash = input_hash(catalog, &group.name, version);
            paths.insert(
                path.clone(),
                json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}")}),
            );
        }
    }
    let text = json!({"paths": Value::Object(paths)}).to_string();
    respond::typed(200, "application/json", Bytes::from(text))
}

fn input_hash(catalog: &Catalog, group: &str, version: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    for resource in catalog.in_version(group, version) {
        hasher.update(&resource.plural);
        hasher.update(resource.epoch().to_le_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02X}")).collect()
}
