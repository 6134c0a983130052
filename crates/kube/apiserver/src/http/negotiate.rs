//! The Accept header: in which encoding and in which shape an answer goes out.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::registry::Resource;
use crate::status::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Json,
    Yaml,
}

/// What the client wants to see of an object or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Object,
    /// `as=Table`
    Table,
    /// `as=PartialObjectMetadata`
    Metadata,
    /// `as=PartialObjectMetadataList`
    MetadataList,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept {
    pub encoding: Encoding,
    pub shape: Shape,
    pub pretty: bool,
    /// Tables and metadata of `v1beta1`, which differ in the name alone.
    pub beta: bool,
}

impl Accept {
    pub const JSON: Accept =
        Accept { encoding: Encoding::Json, shape: Shape::Object, pretty: false, beta: false };
}

/// The first refusal is worded by the router of Kubernetes, the second by its handlers.
const NONE_AVAILABLE: &str = "406: Not Acceptable\n\nAvailable representations: ";
const ONLY_THESE: &str = "only the following media types are accepted: ";
const OBJECT_TYPES: &str =
    "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const WATCH_TYPES: &str =
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

struct Clause<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl Clause<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }
}

/// What to answer in. `listing` allows a stream where `watch` asks for one.
///
/// # Errors
/// 406, worded as Kubernetes words it, where nothing that is accepted can be given.
pub fn accept(headers: &HeaderMap, listing: bool, watch: bool) -> Result<Accept, Failure> {
    let header = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header.trim().is_empty() {
        return Ok(Accept::JSON);
    }
    let mut clauses: Vec<Clause<'_>> =
        header.split(',').map(clause).filter(|one| one.quality > 0.0).collect();
    clauses.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    let mut known = false;
    for clause in &clauses {
        if let Some(encoding) = encoding(clause.media) {
            known = true;
            if watch && encoding == Encoding::Yaml {
                continue;
            }
            if let Some(shape) = shape(clause) {
                let pretty = clause.parameter("pretty") == Some("1");
                return Ok(Accept {
                    encoding,
                    shape,
                    pretty,
                    beta: clause.parameter("v") == Some("v1beta1"),
                });
            }
        }
    }
    Err(refusal(known, listing, watch))
}

/// Whether what is answered can have the shape that was asked for.
///
/// # Errors
/// 406 where one object is wanted of a list, or the other way round.
pub fn check_shape(accept: Accept, resource: &Resource, list: bool) -> Result<(), Failure> {
    let package = match resource.group.split('.').next().unwrap_or_default() {
        "" => "core",
        first => first,
    };
    let name = if list { &resource.list_kind } else { &resource.kind };
    let go_type = if resource.custom.is_some() {
        "*unstructured.Unstructured".to_owned()
    } else {
        format!("*{package}.{name}")
    };
    let why = match (accept.shape, list) {
        (Shape::Metadata, true) => format!(
            "you requested PartialObjectMetadata, but the requested object is a list ({go_type})"
        ),
        (Shape::MetadataList, false) => {
            format!(
                "you requested PartialObjectMetadataList, but the requested object is not a list ({go_type})"
            )
        }
        _ => return Ok(()),
    };
    Err(Failure::new(406, "NotAcceptable", why))
}

fn refusal(known: bool, listing: bool, watch: bool) -> Failure {
    if known {
        let types = if watch { WATCH_TYPES } else { OBJECT_TYPES };
        return Failure::new(406, "NotAcceptable", format!("{ONLY_THESE}{types}"));
    }
    let mut types = OBJECT_TYPES.to_owned();
    if listing {
        types.push_str(", ");
        types.push_str(WATCH_TYPES);
    }
    let mut failure = Failure::new(406, "NotAcceptable", format!("{NONE_AVAILABLE}{types}"));
    failure.details = Some(Box::new(serde_json::json!({})));
    failure
}

fn clause(text: &str) -> Clause<'_> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let quality = parameters
        .iter()
        .find(|(key, _)| *key == "q")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(1.0);
    Clause { media, parameters, quality }
}

fn encoding(media: &str) -> Option<Encoding> {
    match media {
        "application/json" | "*/*" => Some(Encoding::Json),
        "application/yaml" => Some(Encoding::Yaml),
        _ => None,
    }
}

fn shape(clause: &Clause<'_>) -> Option<Shape> {
    let Some(target) = clause.parameter("as") else { return Some(Shape::Object) };
    let group = clause.parameter("g").unwrap_or_default();
    let version = clause.parameter("v").unwrap_or_default();
    if group != "meta.k8s.io" || !matches!(version, "v1" | "v1beta1") {
        return None;
    }
    match target {
        "Table" => Some(Shape::Table),
        "PartialObjectMetadata" => Some(Shape::Metadata),
        "PartialObjectMetadataList" => Some(Shape::MetadataList),
        _ => None,
    }
}
