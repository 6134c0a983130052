use serde_json::{Value, json};

use crate::server::on_both;

#[tokio::test]
async fn versions_are_numbered_immutable_and_not_repeated() {
    on_both(|server| async move {
        let mut heard = server.data.subscribe();
        let first = [("train/a.csv", "1,2"), ("labels 数.csv", "x")];
        let (status, one) = server.version("digits", &first).await;
        assert_eq!(
            (status, &one["version"], &one["files"], &one["bytes"]),
            (201, &json!("v1"), &json!(2), &json!(4)),
            "{one}"
        );
        assert_eq!((&one["created"], &one["createdBy"]), (&json!(true), &json!("ada")));
        let event = heard.recv().await.expect("an event");
        assert_eq!(
            (event.project.as_str(), event.dataset.as_str(), event.version.name.as_str()),
            ("team", "digits", "v1")
        );
        assert_eq!(json!(event.version.digest), one["digest"]);

        let (status, two) =
            server.version("digits", &[("train/a.csv", "1,2"), ("train/b.csv", "3")]).await;
        assert_eq!((status, &two["version"]), (201, &json!("v2")));
        let (status, again) = server.version("digits", &[first[1], first[0]]).await;
        assert_eq!(
            (status, &again["version"], &again["created"]),
            (200, &json!("v1"), &json!(false))
        );
        assert_eq!(again["digest"], one["digest"]);

        let (_, all) = server.call("GET", "datasets/digits/versions", "").await;
        let names: Vec<&Value> =
            all["versions"].as_array().expect("versions").iter().map(|v| &v["name"]).collect();
        assert_eq!(names, ["v1", "v2"]);
        let (_, list) = server.call("GET", "datasets", "").await;
        assert_eq!(list["datasets"][0]["latest"]["name"], "v2");
        for name in ["v2", "latest", two["digest"].as_str().expect("a digest")] {
            let (status, shown) =
                server.call("GET", &format!("datasets/digits/versions/{name}"), "").await;
            assert_eq!(
                (status, &shown["version"]["name"], &shown["files"][1]["path"]),
                (200, &json!("v2"), &json!("train/b.csv"))
            );
        }

        let file = server
            .request("GET", "team/datasets/digits/versions/v1/files/train/a.csv")
            .send()
            .await
            .expect("answers");
        assert_eq!(file.headers()["content-disposition"], "attachment");
        assert_eq!(file.text().await.expect("text"), "1,2");
        let (status, _) =
            server.call("GET", "datasets/digits/versions/v1/files/train/b.csv", "").await;
        assert_eq!(status, 404);
    })
    .await;
}

#[tokio::test]
async fn another_project_sees_nothing() {
    on_both(|server| async move {
        let (_, made) = server.version("secret", &[("f", "x")]).await;
        let digest = made["digest"].as_str().expect("a digest").to_owned();
        let upload = server.begin().await;
        for (method, path) in [
            ("GET", "datasets/secret/versions".to_owned()),
            ("GET", "datasets/secret/versions/v1".to_owned()),
            ("GET", format!("datasets/secret/versions/{digest}")),
            ("GET", "datasets/secret/versions/v1/files/f".to_owned()),
            ("GET", "datasets/secret/diff?from=v1&to=v1".to_owned()),
            ("GET", "datasets/secret/versions/v1/preview/f".to_owned()),
            ("GET", format!("code/{digest}")),
            ("GET", format!("uploads/{upload}")),
            ("PUT", format!("uploads/{upload}/files/f")),
            ("DELETE", format!("uploads/{upload}")),
        ] {
            let status = server
                .request(method, &format!("other/{path}"))
                .send()
                .await
                .expect("answers")
                .status();
            assert_eq!(status, 404, "{method} {path}");
        }
        let list: Value = server
            .request("GET", "other/datasets")
            .send()
            .await
            .expect("answers")
            .json()
            .await
            .expect("json");
        assert_eq!(list, json!({ "datasets": [] }));
        // Content that only the other project has cannot be claimed by its digest.
        let own: Value = server
            .request("POST", "other/uploads")
            .send()
            .await
            .expect("answers")
            .json()
            .await
            .expect("json");
        let own = own["upload"].as_str().expect("an id");
        let (_, shown) = server.call("GET", "datasets/secret/versions/v1", "").await;
        let claim = server
            .request("POST", &format!("other/uploads/{own}/reuse"))
            .json(&json!({ "files": shown["files"] }));
        let claim: Value = claim.send().await.expect("answers").json().await.expect("json");
        assert_eq!(claim, json!({ "missing": ["f"] }));
    })
    .await;
}

#[tokio::test]
async fn what_the_project_has_need_not_be_sent_again() {
    on_both(|server| async move {
        server.version("one", &[("big", "content")]).await;
        let (_, shown) = server.call("GET", "datasets/one/versions/v1", "").await;
        let mut wanted = shown["files"].clone();
        wanted[0]["path"] = json!("renamed");
        let absent =
            json!({ "path": "absent", "digest": format!("sha256:{}", "0".repeat(64)), "size": 1 });
        wanted.as_array_mut().expect("files").push(absent);
        let upload = server.begin().await;
        let (_, answer) = server
            .call(
                "POST",
                &format!("uploads/{upload}/reuse"),
                json!({ "files": wanted }).to_string(),
            )
            .await;
        assert_eq!(answer, json!({ "missing": ["absent"] }));
        let (status, made) =
            server.call("POST", &format!("uploads/{upload}/commit"), r#"{"dataset":"two"}"#).await;
        assert_eq!((status, &made["bytes"]), (201, &json!(7)), "{made}");
        let (status, _) = server.call("GET", "datasets/two/versions/v1/files/renamed", "").await;
        assert_eq!(status, 200);
    })
    .await;
}
