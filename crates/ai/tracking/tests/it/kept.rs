//! What somebody approves is what serves: its files stay as they are, and two people it takes.

use serde_json::{Value, json};

use crate::approvals::{APPROVALS, FILES, Person, digits, to};
use crate::server::{Server, on_both};

const ACCOUNT: &str = "system:serviceaccount:solo:dais-workload";

/// Status and message of a change of a file by somebody who works in the project.
async fn change(server: &Server, method: &str, path: &str) -> (u16, String) {
    let path = format!("/mlflow/p/solo/api/2.0/mlflow-artifacts/artifacts/{path}");
    let request = server.request(method, &path).header("x-protected", "production,champion");
    let answer = request.body("weights").send().await.expect("answers");
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await.expect("JSON");
    (status, answer["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn files_stay_as_they_are_from_the_moment_somebody_is_asked() {
    on_both(|server| async move {
        digits(&server).await;
        let (ada, root) = (Person::editor(&server, "ada"), Person::approver(&server, "root"));
        let file = format!("{FILES}/model.onnx");
        assert_eq!(change(&server, "PUT", &file).await.0, 200, "nobody was asked");
        let id = ada.ask(to("1")).await;
        let stays = async || {
            for (method, path) in [
                ("PUT", file.as_str()),
                ("PUT", &format!("{FILES}/more/weights")),
                ("DELETE", &file),
                ("DELETE", FILES),
                ("DELETE", "0/r"),
                ("DELETE", "0"),
            ] {
                let (status, words) = change(&server, method, path).await;
                assert_eq!(status, 403, "{method} {path}: {words}");
                assert!(words.contains("version 1 of model 'digits'"), "{words}");
            }
        };
        stays().await;
        for path in ["0/r/artifacts/model2", "0/r/artifacts/notes", "1/r/artifacts/model"] {
            assert_eq!(change(&server, "PUT", path).await.0, 200, "{path} is nobody's matter");
        }
        assert_eq!(root.decide(id, "reject").await.0, 200);
        assert_eq!(change(&server, "PUT", &file).await.0, 200, "it was rejected");
        let id = ada.ask(to("1")).await;
        assert_eq!(root.decide(id, "approve").await.0, 200);
        stays().await;
        // Who lifts the protection lifts this too.
        let path = format!("/mlflow/p/solo/api/2.0/mlflow-artifacts/artifacts/{file}");
        let answer = server.request("PUT", &path).body("x").send().await.expect("answers");
        assert_eq!(answer.status(), 200);
    })
    .await;
}

#[tokio::test]
async fn what_had_the_alias_before_it_was_protected_stays_as_it_is_too() {
    on_both(|server| async move {
        digits(&server).await;
        let file = format!("{FILES}/model.onnx");
        let alias = json!({ "name": "digits", "alias": "champion", "version": "2" });
        server.ok("POST", "registered-models/alias", alias).await;
        let (status, words) = change(&server, "PUT", &file).await;
        assert!(status == 403 && words.contains("'champion'"), "{status} {words}");
    })
    .await;
}

/// The request is made while the upload is under way: whichever is first, the file that
/// somebody looks at is the one that serves.
#[tokio::test]
async fn an_upload_that_began_before_does_not_arrive_after() {
    on_both(|server| async move {
        digits(&server).await;
        let (more, body) = futures::channel::mpsc::unbounded::<Result<&str, std::io::Error>>();
        more.unbounded_send(Ok("half")).expect("open");
        let path = format!("/mlflow/p/solo/api/2.0/mlflow-artifacts/artifacts/{FILES}/model.onnx");
        let request = server.request("PUT", &path).header("x-protected", "production");
        let upload = tokio::spawn(request.body(reqwest::Body::wrap_stream(body)).send());
        let incoming = server.directory.path().join("artifacts/.incoming");
        while std::fs::read_dir(&incoming).expect("is there").next().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        Person::editor(&server, "ada").ask(to("1")).await;
        drop(more);
        assert_eq!(upload.await.expect("no panic").expect("answers").status(), 403);
        assert_eq!(server.request("GET", &path).send().await.expect("answers").status(), 404);
    })
    .await;
}

#[tokio::test]
async fn files_elsewhere_cannot_be_approved() {
    on_both(|server| async move {
        server.ok("POST", "registered-models/create", json!({ "name": "digits" })).await;
        let ada = Person::editor(&server, "ada");
        let climbing =
            format!("{}/mlflow/p/solo/api/2.0/mlflow-artifacts/artifacts/0/./m", server.base);
        for (at, source) in ["s3://b/m", "http://elsewhere/m", &climbing].into_iter().enumerate() {
            let version = json!({ "name": "digits", "source": source });
            server.ok("POST", "model-versions/create", version).await;
            let version = (at + 1).to_string();
            ada.refused("POST", APPROVALS, to(&version), (400, "may change after")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_of_programs_is_no_second_person() {
    on_both(|server| async move {
        digits(&server).await;
        let account = Person::editor(&server, ACCOUNT);
        account.refused("POST", APPROVALS, to("1"), (403, "no person")).await;
        // One that was asked for when that was allowed.
        let root = Person::approver(&server, "root");
        let id = Person::editor(&server, "ada").ask(to("1")).await;
        let database =
            sqlx::any::AnyPoolOptions::new().connect(&server.database).await.expect("opens");
        sqlx::query("UPDATE ml_alias_requests SET requested_by = $1")
            .bind(ACCOUNT)
            .execute(&database)
            .await
            .expect("updates");
        let (status, answer) = root.decide(id, "approve").await;
        assert_eq!(status, 403, "{answer}");
        assert!(
            answer["message"].as_str().is_some_and(|words| words.contains("no person")),
            "{answer}"
        );
        assert_eq!(root.production().await, None);
        assert_eq!(root.decide(id, "reject").await.0, 200);
    })
    .await;
}
