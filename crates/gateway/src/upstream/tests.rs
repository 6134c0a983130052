use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use async_trait::async_trait;

use super::*;
use crate::admission::{Asked, Denied, Target};

struct Everybody;

#[async_trait]
impl Admission for Everybody {
    async fn admit(&self, _: Asked<'_>, _: &Target) -> Result<Arc<str>, Denied> {
        Ok("somebody".into())
    }
}

fn post(body: &'static str) -> Request<Body> {
    Request::post("/").header("host", "x").body(Body::from(body)).unwrap()
}

/// The close has reached this machine, and the runtime had no turn to hear of it.
#[tokio::test]
async fn a_request_that_goes_once_is_not_sent_into_a_closed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (closed, closing) = mpsc::channel();
    let (close, closes) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut some) = (stream.unwrap(), [0; 1024]);
            let _ = stream.read(&mut some).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
            closes.recv().unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    });
    let pool = Pool::new(Arc::new(Everybody));
    let endpoint = Endpoint { address, namespace: "a".into(), pod: None };
    for number in 0..20 {
        let answer = pool.send(&endpoint, post("once")).await;
        let answer = answer.unwrap_or_else(|failure| panic!("number {number}: {failure:?}"));
        axum::body::to_bytes(answer.into_body(), 10).await.unwrap();
        close.send(()).unwrap();
        closing.recv().unwrap();
    }
}
