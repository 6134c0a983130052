//! What a catalog says holds: which datasets there are, and how much a project may hold.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dais_data::{Catalog, Limits};
use serde_json::json;

use crate::server::{SQLITE, Server};

/// Datasets that are there, and bytes that the project may hold.
#[derive(Default)]
struct Told {
    datasets: Mutex<Vec<&'static str>>,
    limit: Mutex<Option<u64>>,
    broken: Mutex<bool>,
}

#[async_trait]
impl Catalog for Told {
    async fn holds(&self, project: &str, dataset: &str) -> Result<bool, String> {
        assert_eq!(project, "team");
        match *self.broken.lock().expect("whole") {
            true => Err("nobody answers".to_owned()),
            false => Ok(self.datasets.lock().expect("whole").contains(&dataset)),
        }
    }

    async fn limit(&self, _project: &str) -> Result<Option<u64>, String> {
        Ok(*self.limit.lock().expect("whole"))
    }
}

async fn server() -> (Server, Arc<Told>) {
    let server = Server::start(SQLITE, Limits::default()).await;
    let told = Arc::new(Told::default());
    server.data.abide_by(told.clone());
    (server, told)
}

#[tokio::test]
async fn a_version_is_of_a_dataset_that_there_is() {
    let (server, told) = server().await;
    let upload = server.begin().await;
    server.call("PUT", &format!("uploads/{upload}/files/a"), "1").await;
    let commit = format!("uploads/{upload}/commit");
    let (status, answer) = server.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert_eq!((status, &answer["code"]), (404, &json!("no_dataset")), "{answer}");
    assert!(answer["message"].as_str().expect("words").contains("dais upload"), "{answer}");
    let blobs = server.directory.path().join("data/team/blobs");
    assert!(!blobs.exists(), "nothing was stored");
    *told.broken.lock().expect("whole") = true;
    let (status, answer) = server.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert_eq!((status, &answer["code"]), (503, &json!("unknown")), "{answer}");
    *told.broken.lock().expect("whole") = false;
    // The upload is whole, and is committed once the dataset was made.
    told.datasets.lock().expect("whole").push("d");
    let (status, answer) = server.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert_eq!(status, 201, "{answer}");
    told.datasets.lock().expect("whole").clear();
    let scope = dais_data::Scope { project: "team".into(), user: "ada".into(), write: true };
    let files = vec![("a".to_owned(), b"2".to_vec())];
    let refused = server.data.add_version(&scope, ("d", None), files).await;
    assert!(refused.expect_err("refuses").to_string().contains("no Dataset 'd'"));
}

#[tokio::test]
async fn a_limit_that_changes_holds_at_once() {
    let (server, told) = server().await;
    told.datasets.lock().expect("whole").push("d");
    server.version("d", &[("a", "12345")]).await;
    *told.limit.lock().expect("whole") = Some(8);
    let upload = server.begin().await;
    let file = format!("uploads/{upload}/files/b");
    let (status, answer) = server.call("PUT", &file, "123456").await;
    assert_eq!((status, &answer["code"]), (413, &json!("quota_exceeded")), "{answer}");
    *told.limit.lock().expect("whole") = Some(11);
    assert_eq!(server.call("PUT", &file, "123456").await.0, 200);
    assert_eq!(server.call("GET", "usage", "").await.1, json!({"used": 11, "limit": 11}));
}
