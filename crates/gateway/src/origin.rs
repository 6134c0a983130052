//! What a service says to browsers holds for the service's own paths and no further.
//!
//! All that tenants serve is one origin, and cookies know no ports: a cookie for `/` would
//! reach every other service, and the portal. So an answer's cookies are kept to its route,
//! and what speaks for a whole origin is taken away. What a page's script writes into
//! `document.cookie` passes no gateway.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::forward::OUR_COOKIES;
use crate::table::Rule;

/// Clear-Site-Data (W3C), Service-Worker-Allowed (W3C Service Workers, 3.4), Alt-Svc (RFC 7838).
const OF_ORIGINS: [HeaderName; 3] = [
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("service-worker-allowed"),
    header::ALT_SVC,
];

/// Keeps an answer to its route.
pub fn keep(rule: &Rule, headers: &mut HeaderMap) {
    for name in OF_ORIGINS {
        headers.remove(name);
    }
    if !headers.contains_key(header::SET_COOKIE) {
        return;
    }
    let seen = rule.replacement.as_deref();
    let set = headers.get_all(header::SET_COOKIE).iter();
    let cookies: Vec<HeaderValue> = set.filter_map(|set| kept(&rule.prefix, seen, set)).collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// The cookie for paths of the route alone (RFC 6265, sections 4.1 and 5.2); `None` for one
/// of the platform's names. `seen` is what the service sees in place of the prefix.
fn kept(prefix: &str, seen: Option<&str>, set: &HeaderValue) -> Option<HeaderValue> {
    let mut parts = set.as_bytes().split(|byte| *byte == b';');
    let cookie = parts.next()?.trim_ascii();
    let name = cookie.split(|byte| *byte == b'=').next()?.trim_ascii();
    if OUR_COOKIES.iter().any(|ours| ours.as_bytes() == name) {
        return None;
    }
    let (mut written, mut path) = (cookie.to_vec(), None);
    for part in parts.map(<[u8]>::trim_ascii) {
        let (name, value) = match part.iter().position(|byte| *byte == b'=') {
            Some(at) => (part[..at].trim_ascii(), part[at + 1..].trim_ascii()),
            None => (part, &[][..]),
        };
        if name.eq_ignore_ascii_case(b"path") {
            path = std::str::from_utf8(value).ok();
        } else if !name.eq_ignore_ascii_case(b"domain") {
            written.extend_from_slice(b"; ");
            written.extend_from_slice(part);
        }
    }
    written.extend_from_slice(b"; Path=");
    written.extend_from_slice(outside(prefix, seen, path).as_bytes());
    HeaderValue::from_bytes(&written).ok()
}

/// A path as the service sees it, as browsers see it; the route itself for any other.
fn outside(prefix: &str, seen: Option<&str>, path: Option<&str>) -> String {
    let prefix = prefix.trim_end_matches('/');
    let below = |path: &str, root: &str| -> Option<String> {
        let rest = path.strip_prefix(root.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    let rest = path.and_then(|path| {
        let seen = seen.and_then(|root| below(path, root));
        below(path, prefix).or(seen)
    });
    format!("{prefix}{}", rest.as_deref().unwrap_or_default().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(replacement: Option<&str>, set: &str) -> Option<String> {
        let kept = kept("/app/a/b", replacement, &HeaderValue::from_str(set).unwrap())?;
        Some(kept.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_stays_with_its_route() {
        for (set, is) in [
            ("s=1; Path=/; HttpOnly", "s=1; HttpOnly; Path=/app/a/b"),
            ("s=1", "s=1; Path=/app/a/b"),
            ("s=1; path=/admin/; Secure", "s=1; Secure; Path=/app/a/b/admin"),
            ("s=1; Path=/app/a/b/x", "s=1; Path=/app/a/b/x"),
            ("s=1; Path=/app/a/b/x; Path=/; Domain=.example", "s=1; Path=/app/a/b"),
            ("s=1; Path=x", "s=1; Path=/app/a/b"),
            ("s=a=b; Max-Age=0; DOMAIN = x", "s=a=b; Max-Age=0; Path=/app/a/b"),
        ] {
            assert_eq!(cookie(Some("/"), set).as_deref(), Some(is), "{set}");
        }
        // A service that sees its whole path.
        for path in ["/", "/app/a/bc", "/app/a", "/app/a/c"] {
            let kept = cookie(None, &format!("s=1; Path={path}"));
            assert_eq!(kept.as_deref(), Some("s=1; Path=/app/a/b"), "{path}");
        }
        let below = cookie(Some("/base"), "s=1; Path=/base/x");
        assert_eq!(below.as_deref(), Some("s=1; Path=/app/a/b/x"));
        assert_eq!(cookie(Some("/base"), "s=1; Path=/x").as_deref(), Some("s=1; Path=/app/a/b"));
    }

    #[test]
    fn nobody_sets_cookies_of_the_platform() {
        for set in ["dais_session=x", " dais_visit =x; Path=/", "dais_session"] {
            assert_eq!(cookie(Some("/"), set), None, "{set}");
        }
    }
}
