//! A port that somebody else holds gets nothing.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::routing::any;
use dais_gateway::{Admission, Asked, Denied, Target};
use http::{Method, StatusCode};
use tokio::net::TcpStream;

use crate::support::{OneToken, Served, serve};

/// Lets nothing go to these ports; notes for whom it was asked.
#[derive(Default)]
struct Held {
    ports: Vec<u16>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Admission for Held {
    async fn admit(&self, asked: Asked<'_>, target: &Target) -> Result<Arc<str>, Denied> {
        OneToken.admit(asked, target).await
    }

    fn answers(&self, connection: &TcpStream, namespace: &str) -> io::Result<()> {
        self.asked.lock().unwrap().push(namespace.to_owned());
        match self.ports.contains(&connection.peer_addr()?.port()) {
            true => Err(io::Error::new(io::ErrorKind::PermissionDenied, "port 1 is held")),
            false => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_port_held_by_a_stranger_gets_no_request() {
    let heard = Arc::new(AtomicUsize::new(0));
    let counted = heard.clone();
    let spy = any(move || async move { counted.fetch_add(1, Ordering::Relaxed).to_string() });
    let spy = serve(Router::new().fallback(spy)).await;
    let honest = serve(Router::new().fallback(any(|| async { "honest" }))).await;
    let held = Arc::new(Held { ports: vec![spy.port()], ..Held::default() });
    let served = Served::behind(held.clone()).await;

    served.apply(&[(1, &[spy])], None);
    let answer = served.get("/serve/a/digits/").await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert!(answer.text().await.unwrap().contains("port 1 is held"));
    let upgrade = served.request(Method::GET, "/serve/a/digits/").header("connection", "upgrade");
    let answer = upgrade.header("upgrade", "websocket").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);

    served.apply(&[(1, &[spy, honest])], None);
    for _ in 0..4 {
        assert_eq!(served.get("/serve/a/digits/").await.text().await.unwrap(), "honest");
    }
    assert_eq!(heard.load(Ordering::Relaxed), 0);
    assert!(held.asked.lock().unwrap().iter().all(|namespace| namespace == "a"));
}
