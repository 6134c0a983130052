//! The HTTP side, in process.

use axum::Router;
use axum::body::Body;
use dais_labeling::{May, Policy, Scope, router};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::databases::{Fixture, PROJECT, fixtures, overlap};

struct Client(Router);

impl Client {
    fn of(fixture: &Fixture) -> Self {
        Self(Router::new().nest("/labeling/p/{project}", router(fixture.labeling.clone())))
    }

    async fn bytes(
        &self,
        (user, may): (&str, May),
        (method, path): (&str, &str),
        body: impl Into<Body>,
    ) -> (StatusCode, Vec<u8>) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/labeling/p/{PROJECT}/{path}"))
            .body(body.into())
            .unwrap();
        let scope = Scope { project: PROJECT.to_owned(), user: user.to_owned(), may };
        request.extensions_mut().insert(scope);
        let response = self.0.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    async fn call(&self, who: (&str, May), at: (&str, &str), body: Value) -> (u16, Value) {
        let (status, bytes) = self.bytes(who, at, body.to_string()).await;
        (status.as_u16(), serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

const ADA: (&str, May) = ("ada", May::Annotate);
const RITA: (&str, May) = ("rita", May::Review);
const MIA: (&str, May) = ("mia", May::Manage);

const LINES: &str = r#"{"key": "a", "data": {"text": "x"}, "gold": {"choices": ["cat"]}}
{"key": "b", "data": {"text": "y"}}
{"key": "c", "data": {"text": "z"}}
"#;

#[tokio::test]
async fn from_a_file_to_a_file() {
    for fixture in fixtures().await {
        fixture.texts(Policy { review: true, ..overlap(1) }).await;
        let client = Client::of(&fixture);
        let import = ("POST", "cats/tasks?format=json-lines");
        let (status, taken) = client.bytes(MIA, import, LINES).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&taken));
        let taken: Value = serde_json::from_slice(&taken).unwrap();
        assert_eq!(taken, json!({ "new": 3, "known": 0, "lost": [] }));

        let (_, next) = client.call(ADA, ("POST", "cats/next"), json!(null)).await;
        assert_eq!(next["held"]["task"]["key"], "b");
        let (status, turn) = client
            .call(
                ADA,
                ("PUT", "cats/tasks/2/draft"),
                json!({ "version": 0, "answer": { "choices": ["cat"] } }),
            )
            .await;
        assert_eq!((status, &turn["version"]), (200, &json!(1)));
        let stale = json!({ "version": 0, "answer": { "choices": ["dog"] } });
        let (status, refused) = client.call(ADA, ("PUT", "cats/tasks/2/draft"), stale).await;
        assert_eq!((status, &refused["field"]), (409, &json!("version")));
        assert!(refused["hint"].as_str().unwrap().contains("load the task again"));
        let edit = json!({ "version": 1, "answer": { "choices": ["dog"] } });
        assert_eq!(client.call(ADA, ("POST", "cats/tasks/2/submit"), edit).await.0, 200);
        let (status, held) = client.call(ADA, ("POST", "cats/undo"), json!(null)).await;
        assert_eq!((status, &held["held"]["turn"]["state"]), (200, &json!("leased")));
        let edit = json!({ "version": 3, "answer": { "choices": ["dog"] } });
        assert_eq!(client.call(ADA, ("POST", "cats/tasks/2/submit"), edit).await.0, 200);
        client.call(ADA, ("POST", "cats/next"), json!(null)).await;
        let skip = json!({ "reason": "no text" });
        assert_eq!(client.call(ADA, ("POST", "cats/tasks/3/skip"), skip).await.0, 200);
        let (_, none) = client.call(ADA, ("POST", "cats/next"), json!(null)).await;
        assert_eq!(none, json!({ "held": null }));

        let (_, waiting) = client.call(RITA, ("GET", "cats/review?limit=5"), json!(null)).await;
        let version = waiting["items"][0]["turn"]["version"].clone();
        let decide = json!({ "annotator": "ada", "version": version, "decision": "accept" });
        assert_eq!(client.call(RITA, ("POST", "cats/tasks/2/review"), decide).await.0, 200);
        let (_, figures) = client.call(RITA, ("GET", "cats/statistics"), json!(null)).await;
        assert_eq!(figures["annotators"][0]["accepted"], 1);
        let (_, csv) = client.bytes(RITA, ("GET", "cats/export?format=csv"), "").await;
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.contains("b,y,ada,dog,"), "{csv}");
        let at = ("GET", "cats/export/report?format=label-studio&only=all");
        let (_, report) = client.call(RITA, at, json!(null)).await;
        assert_eq!(report["files"][0]["path"], "label-studio.json");
    }
}

/// Every route with the least that somebody must be allowed.
const ROUTES: [(&str, &str, May); 19] = [
    ("GET", "cats", May::Annotate),
    ("GET", "cats/progress", May::Annotate),
    ("POST", "cats/next", May::Annotate),
    ("POST", "cats/undo", May::Annotate),
    ("GET", "cats/tasks", May::Annotate),
    ("GET", "cats/tasks/1", May::Annotate),
    ("PUT", "cats/tasks/1/draft", May::Annotate),
    ("POST", "cats/tasks/1/submit", May::Annotate),
    ("POST", "cats/tasks/1/skip", May::Annotate),
    ("GET", "cats/review", May::Review),
    ("POST", "cats/tasks/1/review", May::Review),
    ("GET", "cats/statistics", May::Review),
    ("GET", "cats/export?format=csv", May::Review),
    ("GET", "cats/export/report?format=csv", May::Review),
    ("POST", "cats/tasks?format=csv", May::Manage),
    ("POST", "cats/assign", May::Manage),
    ("POST", "cats/release", May::Manage),
    ("GET", "cats/predictions", May::Review),
    ("POST", "cats/predictions/again", May::Manage),
];

#[tokio::test]
async fn each_route_wants_its_role() {
    for fixture in fixtures().await {
        fixture.texts(overlap(1)).await;
        let client = Client::of(&fixture);
        let body = json!({ "version": 0, "answer": { "choices": [] }, "reason": "x",
            "annotator": "ada", "decision": "accept", "tasks": [] });
        for (method, path, least) in ROUTES {
            for may in [May::Annotate, May::Review, May::Manage] {
                let mut body = body.clone();
                let members: &[&str] = match path.rsplit('/').next().unwrap() {
                    "draft" | "submit" => &["version", "answer"],
                    "skip" => &["reason"],
                    "review" => &["annotator", "version", "decision"],
                    "release" => &["annotator"],
                    _ => &["annotator", "tasks"],
                };
                body.as_object_mut().unwrap().retain(|key, _| members.contains(&key.as_str()));
                let (status, answer) = client.call(("eve", may), (method, path), body).await;
                let refused = status == 403;
                assert_eq!(refused, may < least, "{method} {path} as {may:?}: {status} {answer}");
            }
        }
    }
}

#[tokio::test]
async fn an_annotator_sees_nothing_of_others_or_of_known_answers() {
    for fixture in fixtures().await {
        fixture.texts(Policy { gold_rate: 1.0, ..overlap(2) }).await;
        let client = Client::of(&fixture);
        client.bytes(MIA, ("POST", "cats/tasks?format=json-lines"), LINES).await;
        for who in [ADA, ("bob", May::Annotate)] {
            let (_, next) = client.call(who, ("POST", "cats/next"), json!(null)).await;
            assert_eq!(next["held"]["task"]["task"], 1);
            let edit = json!({ "version": 0, "answer": { "choices": ["dog"] } });
            client.call(who, ("POST", "cats/tasks/1/submit"), edit).await;
        }
        let (_, whole) = client.call(ADA, ("GET", "cats/tasks/1"), json!(null)).await;
        let text = whole.to_string();
        assert!(!text.contains("bob") && !text.contains("gold") && !text.contains("agreement"));
        let (_, page) = client.call(ADA, ("GET", "cats/tasks?annotator=bob"), json!(null)).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert!(!page.to_string().contains("gold"));
        assert_eq!(client.call(ADA, ("GET", "cats/tasks/2"), json!(null)).await.0, 404);
        assert_eq!(client.call(ADA, ("GET", "cats/tasks?label=dog"), json!(null)).await.0, 403);
        let (_, progress) = client.call(ADA, ("GET", "cats/progress"), json!(null)).await;
        assert!(!progress.to_string().contains("bob"));
        let (_, whole) = client.call(RITA, ("GET", "cats/tasks/1"), json!(null)).await;
        assert_eq!(whole["turns"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words() {
    for fixture in fixtures().await {
        fixture.texts(overlap(1)).await;
        let client = Client::of(&fixture);
        let long = "長".repeat(90);
        for (who, at, body, status, field) in [
            (ADA, ("GET", "dogs"), json!(null), 404, "labelling project"),
            (ADA, ("GET", "%00"), json!(null), 404, "labelling project"),
            (ADA, ("GET", "cats/tasks/x"), json!(null), 404, "task"),
            (ADA, ("GET", "cats/tasks?limit=0"), json!(null), 400, "limit"),
            (ADA, ("GET", "cats/tasks?state=odd"), json!(null), 400, "state"),
            (ADA, ("GET", "cats/tasks?colour=red"), json!(null), 400, "query"),
            (ADA, ("POST", "cats/tasks/1/submit"), json!({ "version": "a" }), 400, "body"),
            (ADA, ("DELETE", "cats/tasks"), json!(null), 400, "method"),
            (ADA, ("GET", "cats/nowhere"), json!(null), 404, "address"),
            (RITA, ("GET", "cats/review?after=x"), json!(null), 400, "after"),
            (RITA, ("GET", "cats/export?format=docx"), json!(null), 400, "query"),
            (RITA, ("GET", "cats/export?format=coco"), json!(null), 400, "format"),
            (MIA, ("POST", "cats/tasks?format=csv&unsigned=answer"), json!(1), 400, "annotator"),
            (
                MIA,
                ("POST", "cats/assign"),
                json!({ "annotator": long, "tasks": [] }),
                400,
                "annotator",
            ),
        ] {
            let (found, answer) = client.call(who, at, body).await;
            assert_eq!((found, &answer["field"]), (status, &json!(field)), "{at:?} {answer}");
            assert!(!answer["hint"].as_str().unwrap().is_empty(), "{answer}");
            assert!(!answer["message"].as_str().unwrap().is_empty(), "{answer}");
        }
        let no_scope = Request::get("/labeling/p/team/cats").body(Body::empty()).unwrap();
        assert_eq!(client.0.clone().oneshot(no_scope).await.unwrap().status(), 403);
    }
}
