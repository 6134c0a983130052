//! Reading a request's path: `/apis/apps/v1/namespaces/x/deployments/web/scale`.
//!
//! Pure text: whether the resource is served is the catalogue's business.

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    Resource(ResourcePath),
    /// `/healthz`, `/apis`, `/apis/apps/v1`, `/openapi/v3/api/v1`, …
    Other(String),
}

/// The parts of a path to a resource; absent parts are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourcePath {
    pub group: String,
    pub version: String,
    pub namespace: String,
    pub resource: String,
    pub name: String,
    pub subresource: String,
    /// What follows the subresource (`pods/x/proxy/a/b`).
    pub rest: Vec<String>,
    /// The old `/watch/` prefix.
    pub watch: bool,
}

impl Path {
    pub fn parse(path: &str) -> Path {
        parse_resource(path).map_or_else(|| Path::Other(path.to_owned()), Path::Resource)
    }
}

fn parse_resource(path: &str) -> Option<ResourcePath> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut parts: Vec<String> = path.split('/').map(decode).collect();
    if parts.iter().any(String::is_empty) {
        return None;
    }
    let root = parts.remove(0);
    let mut found = ResourcePath::default();
    match (root.as_str(), parts.len()) {
        ("api", 2..) => {}
        ("apis", 3..) => found.group = parts.remove(0),
        _ => return None,
    }
    found.version = parts.remove(0);
    if parts[0] == "watch" && parts.len() > 1 {
        found.watch = true;
        parts.remove(0);
    }
    // `/namespaces/x` is the namespace itself; `/namespaces/x/status` and
    // `/finalize` are its parts; anything longer lies inside the namespace.
    if parts[0] == "namespaces" && parts.len() > 1 {
        let own_part = parts.len() == 3 && matches!(parts[2].as_str(), "status" | "finalize");
        found.namespace.clone_from(&parts[1]);
        if parts.len() > 2 && !own_part {
            parts.drain(..2);
        }
    }
    let mut parts = parts.into_iter();
    found.resource = parts.next().unwrap_or_default();
    found.name = parts.next().unwrap_or_default();
    found.subresource = parts.next().unwrap_or_default();
    found.rest = parts.collect();
    Some(found)
}

/// Percent-decoding; a malformed escape stays as it is.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

/// A text as one segment of a path, or one value of a query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> (String, String, String, String, String) {
        let Path::Resource(found) = Path::parse(path) else { panic!("{path} names no resource") };
        (found.group, found.namespace, found.resource, found.name, found.subresource)
    }

    fn strings(parts: (&str, &str, &str, &str, &str)) -> (String, String, String, String, String) {
        (parts.0.into(), parts.1.into(), parts.2.into(), parts.3.into(), parts.4.into())
    }

    #[test]
    fn namespaced_and_cluster_paths() {
        for (path, expected) in [
            ("/api/v1/pods", ("", "", "pods", "", "")),
            ("/api/v1/namespaces", ("", "", "namespaces", "", "")),
            ("/api/v1/namespaces/x/", ("", "x", "namespaces", "x", "")),
            ("/api/v1/namespaces/x/finalize", ("", "x", "namespaces", "x", "finalize")),
            ("/api/v1/namespaces/x/pods/y/log", ("", "x", "pods", "y", "log")),
            ("/apis/apps/v1/namespaces/x/deployments/y", ("apps", "x", "deployments", "y", "")),
            ("/api/v1/watch/namespaces/x/configmaps", ("", "x", "configmaps", "", "")),
            ("/api/v1/nodes/a%20b", ("", "", "nodes", "a b", "")),
        ] {
            assert_eq!(parts(path), strings(expected), "{path}");
        }
    }

    #[test]
    fn other_paths() {
        for path in [
            "/",
            "/api",
            "/api/v1",
            "/apis/apps/v1",
            "/healthz",
            "//api/v1/pods",
            "/API/v1/pods",
            "",
        ] {
            assert!(matches!(Path::parse(path), Path::Other(_)), "{path}");
        }
    }
}
