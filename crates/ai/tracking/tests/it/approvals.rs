//! Protected aliases: not moved directly, asked for, and who sees the requests.

use serde_json::{Value, json};

use crate::server::{Server, on_both};

/// Someone who works with models, in a project where `production` and
/// `champion` are protected.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    pub server: &'a Server,
    pub project: &'a str,
    pub name: &'a str,
    pub may_approve: bool,
}

impl<'a> Person<'a> {
    pub fn editor(server: &'a Server, name: &'a str) -> Person<'a> {
        Person { server, project: "solo", name, may_approve: false }
    }

    pub fn approver(server: &'a Server, name: &'a str) -> Person<'a> {
        Person { may_approve: true, ..Person::editor(server, name) }
    }

    /// Status and JSON of a call below `/api/2.0/`.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let path = format!("/mlflow/p/{}/api/2.0/{path}", self.project);
        let mut request = self.server.request(method, &path).header("x-user", self.name);
        request = request.header("x-protected", "production,champion");
        if self.may_approve {
            request = request.header("x-approver", "1");
        }
        if method != "GET" {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.expect("answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    pub async fn refused(&self, method: &str, path: &str, body: Value, (code, words): (u16, &str)) {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, code, "{method} {path}: {answer}");
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{path}: {message:?} does not say {words:?}");
        assert!(answer["error_code"].is_string(), "{answer}");
    }

    /// The number of a new request.
    pub async fn ask(&self, body: Value) -> i64 {
        let made = self.ok("POST", APPROVALS, body).await;
        made["model_approval"]["id"].as_i64().expect("a number")
    }

    pub async fn decide(&self, id: i64, verb: &str) -> (u16, Value) {
        let body = json!({ "reason": "because" });
        self.call("POST", &format!("{APPROVALS}/{id}/{verb}"), body).await
    }

    /// The version that `digits@production` points to.
    pub async fn production(&self) -> Option<String> {
        let path = "mlflow/registered-models/alias?name=digits&alias=production";
        let (_, answer) = self.call("GET", path, Value::Null).await;
        answer["model_version"]["version"].as_str().map(str::to_owned)
    }
}

pub const APPROVALS: &str = "dais/model-approvals";

/// The model `digits` with three versions.
pub async fn digits(server: &Server) {
    server.ok("POST", "registered-models/create", json!({ "name": "digits" })).await;
    for _ in 0..3 {
        let version = json!({ "name": "digits", "source": here(server, "solo") });
        server.ok("POST", "model-versions/create", version).await;
    }
}

/// An address of files that the server itself holds for a project.
pub fn here(server: &Server, project: &str) -> String {
    format!("{}/mlflow/p/{project}/api/2.0/mlflow-artifacts/artifacts/{FILES}", server.base)
}

/// Where the files of all versions of `digits` are.
pub const FILES: &str = "0/r/artifacts/model";

pub fn to(version: &str) -> Value {
    json!({ "name": "digits", "alias": "production", "version": version, "reason": "recall 0.91" })
}

#[tokio::test]
async fn nobody_moves_a_protected_alias_directly() {
    on_both(|server| async move {
        digits(&server).await;
        let alias = json!({ "name": "digits", "alias": "production", "version": "1" });
        server.ok("POST", "registered-models/alias", alias.clone()).await;
        let production = json!({ "name": "digits", "version": "2", "stage": "Production" });
        server.ok("POST", "model-versions/transition-stage", production.clone()).await;
        // Not even whoever may approve.
        for who in [Person::editor(&server, "ada"), Person::approver(&server, "root")] {
            for (method, path, body, words) in [
                (
                    "POST",
                    "registered-models/alias",
                    alias.clone(),
                    "`dais promote models:/digits/1 production",
                ),
                (
                    "POST",
                    "registered-models/alias",
                    json!({ "name": "digits", "alias": "Champion", "version": 1 }),
                    "may approve",
                ),
                (
                    "DELETE",
                    "registered-models/alias",
                    json!({ "name": "digits", "alias": "production" }),
                    "--remove",
                ),
                (
                    "POST",
                    "model-versions/transition-stage",
                    json!({ "name": "digits", "version": 3, "stage": "production" }),
                    "stage Production",
                ),
                (
                    "POST",
                    "model-versions/transition-stage",
                    json!({ "name": "digits", "version": 2, "stage": "None" }),
                    "stage Production",
                ),
                (
                    "DELETE",
                    "model-versions/delete",
                    json!({ "name": "digits", "version": "1" }),
                    "'production'",
                ),
                (
                    "DELETE",
                    "model-versions/delete",
                    json!({ "name": "digits", "version": "2" }),
                    "'Production'",
                ),
                (
                    "DELETE",
                    "registered-models/delete",
                    json!({ "name": "digits" }),
                    "deleting the model",
                ),
                (
                    "POST",
                    "registered-models/rename",
                    json!({ "name": "digits", "new_name": "other" }),
                    "renaming",
                ),
            ] {
                who.refused(method, &format!("mlflow/{path}"), body, (403, words)).await;
            }
            assert_eq!(who.production().await.as_deref(), Some("1"));
        }
        // What is not protected goes its way.
        let ada = Person::editor(&server, "ada");
        let free = json!({ "name": "digits", "alias": "candidate", "version": "3" });
        ada.ok("POST", "mlflow/registered-models/alias", free.clone()).await;
        ada.ok("DELETE", "mlflow/registered-models/alias", free).await;
        let staging = json!({ "name": "digits", "version": "3", "stage": "Staging" });
        ada.ok("POST", "mlflow/model-versions/transition-stage", staging).await;
        ada.ok(
            "DELETE",
            "mlflow/model-versions/delete",
            json!({ "name": "digits", "version": "3" }),
        )
        .await;
        ada.ok("POST", "mlflow/registered-models/create", json!({ "name": "m" })).await;
        ada.ok("DELETE", "mlflow/registered-models/delete", json!({ "name": "m" })).await;
        // Where nobody asked what is protected, no alias moves at all.
        let unasked = server
            .request("POST", "/mlflow/api/2.0/mlflow/registered-models/alias")
            .header("x-unasked", "1");
        let answer = unasked.body(alias.to_string()).send().await.expect("answers");
        assert_eq!(answer.status(), 500);
    })
    .await;
}

#[tokio::test]
async fn requests_are_checked_listed_and_paged() {
    on_both(|server| async move {
        digits(&server).await;
        let ada = Person::editor(&server, "ada");
        for (body, code, words) in [
            (json!({}), 400, "'name'"),
            (json!({ "name": "digits" }), 400, "'alias'"),
            (json!({ "name": "digits", "alias": "a b", "version": 1, "reason": "r" }), 400, "'alias'"),
            (json!({ "name": "digits", "alias": "production", "reason": "r" }), 400, "'version'"),
            (json!({ "name": "digits", "alias": "production", "version": "0", "reason": "r" }), 400, "'version'"),
            (json!({ "name": "digits", "alias": "production", "version": "x'", "reason": "r" }), 400, "'version'"),
            (json!({ "name": "digits", "alias": "production", "version": 1 }), 400, "'reason'"),
            (json!({ "name": "digits", "alias": "production", "version": 1, "reason": " \n" }), 400, "'reason'"),
            (json!({ "name": "digits", "alias": "production", "version": 1, "reason": "r".repeat(2001) }), 400, "2000"),
            (json!({ "name": "digits", "alias": "production", "version": 1, "reason": "\u{1b}[2J" }), 400, "control character"),
            (json!({ "name": "digits", "alias": "production", "version": 1, "remove": true, "reason": "r" }), 400, "'remove'"),
            (json!({ "name": "digits", "alias": "production", "remove": "yes", "reason": "r" }), 400, "boolean"),
            (json!({ "name": "digits", "alias": "free", "version": 1, "reason": "r" }), 400, "not protected"),
            (json!({ "name": "digits", "alias": "production", "version": 9, "reason": "r" }), 404, "version=9"),
            (json!({ "name": "none", "alias": "production", "version": 1, "reason": "r" }), 404, "none"),
            (json!({ "name": "digits", "alias": "production", "remove": true, "reason": "r" }), 409, "does not exist"),
        ] {
            ada.refused("POST", APPROVALS, body, (code, words)).await;
        }
        for (path, code, words) in [
            ("?state=moon", 400, "'state'"),
            ("?max_results=0", 400, "'max_results'"),
            ("?page_token=x", 400, "'page_token'"),
            ("/x", 404, "x not found"),
            ("/7", 404, "7 not found"),
            ("/99999999999999999999", 404, "not found"),
        ] {
            ada.refused("GET", &format!("{APPROVALS}{path}"), Value::Null, (code, words)).await;
        }
        let long = "语".repeat(2000);
        let first = ada.ask(json!({ "name": "digits", "alias": "production", "version": 1, "reason": long })).await;
        assert_eq!(first, 1);
        let bob = Person::editor(&server, "bob");
        bob.refused("POST", APPROVALS, to("2"), (409, "request 1 of ada")).await;
        for _ in 0..2 {
            let id = bob.ask(json!({ "name": "digits", "alias": "champion", "version": "3", "reason": "r" })).await;
            assert_eq!(bob.decide(id, "withdraw").await.0, 200);
        }
        let numbers = |found: &Value| -> Vec<i64> {
            found["model_approvals"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_i64()).collect()
        };
        let all = ada.ok("GET", APPROVALS, Value::Null).await;
        assert_eq!(numbers(&all), [3, 2, 1], "newest first");
        assert_eq!(all["protected_aliases"], json!(["production", "champion"]));
        assert_eq!((&all["may_approve"], &all["user"]), (&json!(false), &json!("ada")));
        let open = ada.ok("GET", &format!("{APPROVALS}?state=open&name=digits"), Value::Null).await;
        let shown = &open["model_approvals"][0];
        assert_eq!((&shown["version"], &shown["from_version"]), (&json!("1"), &Value::Null));
        assert_eq!((&shown["requested_by"], &shown["stale"]), (&json!("ada"), &json!(false)));
        assert_eq!(shown["reason"], json!(long));
        let page = ada.ok("GET", &format!("{APPROVALS}?max_results=2"), Value::Null).await;
        assert_eq!(numbers(&page), [3, 2]);
        // What comes meanwhile moves nothing.
        bob.ask(json!({ "name": "digits", "alias": "champion", "version": 2, "reason": "r" })).await;
        let token = page["next_page_token"].as_str().expect("another page");
        let page = ada.ok("GET", &format!("{APPROVALS}?max_results=2&page_token={token}"), Value::Null).await;
        assert_eq!((numbers(&page), &page["next_page_token"]), (vec![1], &Value::Null));
        let none = ada.ok("GET", &format!("{APPROVALS}?name=other"), Value::Null).await;
        assert_eq!(none["model_approvals"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn another_projects_requests_are_as_if_they_were_not_there() {
    on_both(|server| async move {
        digits(&server).await;
        let id = Person::editor(&server, "ada").ask(to("1")).await;
        let stranger = Person { project: "other", ..Person::approver(&server, "eve") };
        let path = |rest: &str| format!("{APPROVALS}/{id}{rest}");
        stranger.refused("GET", &path(""), Value::Null, (404, "not found")).await;
        for verb in ["approve", "reject", "withdraw"] {
            let (status, answer) = stranger.decide(id, verb).await;
            assert_eq!(status, 404, "{verb}: {answer}");
        }
        let seen = stranger.ok("GET", APPROVALS, Value::Null).await;
        assert_eq!(seen["model_approvals"], json!([]));
        stranger.refused("POST", APPROVALS, to("1"), (404, "digits")).await;
        // Their own project counts from its own start.
        let api = "mlflow/registered-models/create";
        stranger.ok("POST", api, json!({ "name": "digits" })).await;
        let version = json!({ "name": "digits", "source": here(&server, "other") });
        stranger.ok("POST", "mlflow/model-versions/create", version).await;
        assert_eq!(stranger.ask(to("1")).await, 1);
        let mine = Person::editor(&server, "ada").ok("GET", APPROVALS, Value::Null).await;
        assert_eq!(mine["model_approvals"].as_array().map(Vec::len), Some(1));
    })
    .await;
}
