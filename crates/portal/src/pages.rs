//! The embedded pages: one application, whose addresses are all its own.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;

use crate::session::wants_page;

/// One file of `web/dist`, as the build script stored it.
pub(crate) struct Page {
    path: &'static str,
    etag: &'static str,
    /// Whether `content` is compressed.
    gzip: bool,
    content: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Scripts only from here; styles also inline, since Ant Design writes them.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'self'; \
    form-action 'self'; frame-ancestors 'none'";

/// The names under here carry a hash of their content.
const HASHED: &str = "assets/";

const UNBUILT: &str = "The pages are not in this build of dais. Build them with\n\n    \
    cd web && npm ci && npm run build\n\nand then build dais again. Everything else works: \
    see /api/openapi.json and `dais --help`.\n";

pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    answer(PAGES, uri.path(), &headers)
}

fn answer(pages: &[Page], path: &str, headers: &HeaderMap) -> Response {
    let path = path.trim_start_matches('/');
    let find = |path: &str| pages.iter().find(|page| page.path == path);
    if let Some(page) = find(path) {
        return send(page, headers);
    }
    // An address of the application, made by its router: names in it may have
    // dots, so what a browser opens as a page is one even then.
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_page = !path.starts_with(HASHED) && (wants_page(headers) || !last.contains('.'));
    match find("index.html") {
        Some(index) if is_page => send(index, headers),
        Some(_) => (StatusCode::NOT_FOUND, "nothing has this address\n").into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, UNBUILT).into_response(),
    }
}

fn send(page: &Page, headers: &HeaderMap) -> Response {
    let cache = match page.path.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let kind = mime_guess::from_path(page.path).first_or_octet_stream();
    let text = kind.type_() == "text" || kind.subtype() == "javascript";
    let kind = if text { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let unchanged = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .any(|tags| tags.contains(page.etag));
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => content(page, headers),
    };
    let set = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::ETAG, page.etag),
        (header::VARY, "accept-encoding"),
    ] {
        set.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(kind) = HeaderValue::try_from(kind) {
        set.insert(header::CONTENT_TYPE, kind);
    }
    response
}

fn content(page: &Page, headers: &HeaderMap) -> Response {
    if !page.gzip {
        return Body::from(page.content).into_response();
    }
    let accepted = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|encodings| encodings.to_str().ok())
        .any(|encodings| encodings.contains("gzip") && !encodings.contains("gzip;q=0"));
    if accepted {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (encoding, Body::from(page.content)).into_response();
    }
    let mut plain = Vec::new();
    match GzDecoder::new(page.content).read_to_end(&mut plain) {
        Ok(_) => plain.into_response(),
        Err(error) => {
            tracing::error!(%error, page = page.path, "embedded page is damaged");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
