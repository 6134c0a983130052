//! Tests of how pages are found and sent, on pages of their own.

use std::io::Write;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use super::{Page, answer};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

fn pages() -> Vec<Page> {
    let page = |path, etag, content: &str, gzip: bool| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        let content = if gzip { packed } else { content.as_bytes().to_vec() };
        Page { path, etag, gzip, content: content.leak() }
    };
    vec![
        page("index.html", "\"i\"", "<html>", true),
        page("assets/main-1a2b.js", "\"m\"", "let x", true),
        page("logo.png", "\"l\"", "png", false),
    ]
}

fn get(path: &str, headers: &[(header::HeaderName, &'static str)]) -> Response {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
        .collect();
    answer(&pages(), path, &headers)
}

async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn every_address_of_the_application_is_the_application() {
    for (path, accept) in [
        ("/", "*/*"),
        ("/sign-in", "*/*"),
        ("/p/vision/jobs/train", "*/*"),
        ("/p/vision/jobs/train.v2", HTML),
    ] {
        let response = get(path, &[(header::ACCEPT, accept)]);
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(text(response).await, "<html>");
    }
}

#[tokio::test]
async fn missing_files_are_missing() {
    for (path, accept) in
        [("/favicon.ico", "*/*"), ("/assets/old-9f.js", "*/*"), ("/assets/old", HTML)]
    {
        let response = get(path, &[(header::ACCEPT, accept)]);
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn files_are_compressed_and_cached() {
    let gzip = (header::ACCEPT_ENCODING, "br, gzip");
    let response = get("/assets/main-1a2b.js", std::slice::from_ref(&gzip));
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let cache = response.headers()[header::CACHE_CONTROL].to_str().unwrap();
    assert!(cache.contains("immutable"));
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("text/javascript"));

    let plain = get("/assets/main-1a2b.js", &[]);
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    assert_eq!(text(plain).await, "let x");
    let image = get("/logo.png", &[gzip]);
    assert!(!image.headers().contains_key(header::CONTENT_ENCODING));
    assert_eq!(text(image).await, "png");
}

#[test]
fn an_unchanged_file_is_not_sent_again() {
    let response = get("/", &[(header::IF_NONE_MATCH, "W/\"x\", \"i\"")]);
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    let changed = get("/", &[(header::IF_NONE_MATCH, "\"old\"")]);
    assert_eq!(changed.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_pages_it_says_how_to_build_them() {
    let response = answer(&[], "/", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(response).await.contains("npm run build"));
}
