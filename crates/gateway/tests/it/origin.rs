//! What tenants serve is one origin: none speaks for the others.

use axum::Router;
use axum::routing::any;

use crate::support::{Served, serve};

#[tokio::test]
async fn an_answer_speaks_for_its_own_route() {
    let set = [
        ("set-cookie", "session=1; Path=/; HttpOnly"),
        ("set-cookie", "dais_session=stolen; Path=/"),
        ("set-cookie", "theme=dark; Path=/serve/a/digits/ui; Domain=.example"),
        ("clear-site-data", "\"cookies\""),
        ("service-worker-allowed", "/"),
        ("x-mine", "stays"),
    ];
    let answer = any(move || async move { axum::response::AppendHeaders(set) });
    let served = Served::to(&[(1, &[serve(Router::new().fallback(answer)).await])]).await;
    let answer = served.get("/serve/a/digits/").await;
    let headers = answer.headers();
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    assert_eq!(
        cookies,
        ["session=1; HttpOnly; Path=/serve/a/digits", "theme=dark; Path=/serve/a/digits/ui"]
    );
    assert!(!headers.contains_key("clear-site-data"), "{headers:?}");
    assert!(!headers.contains_key("service-worker-allowed"), "{headers:?}");
    assert_eq!(headers["x-mine"], "stays");
}
