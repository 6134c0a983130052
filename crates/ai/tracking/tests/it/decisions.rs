//! Deciding on requests: four eyes, one transaction, nothing stale, a history that stays.

use serde_json::{Value, json};

use crate::approvals::{APPROVALS, Person, digits, here, to};
use crate::server::{Server, on_both};

async fn request(who: &Person<'_>, id: i64) -> Value {
    let found = who.ok("GET", &format!("{APPROVALS}/{id}"), Value::Null).await;
    found["model_approval"].clone()
}

/// Moves the alias as one does where it is not protected.
async fn unprotected(server: &Server, version: &str) {
    let alias = json!({ "name": "digits", "alias": "production", "version": version });
    server.ok("POST", "registered-models/alias", alias).await;
}

#[tokio::test]
async fn somebody_else_decides_and_the_history_says_who() {
    on_both(|server| async move {
        digits(&server).await;
        let (ada, root) = (Person::editor(&server, "ada"), Person::approver(&server, "root"));
        let id = ada.ask(to("1")).await;
        let approve = format!("{APPROVALS}/{id}/approve");
        ada.refused("POST", &approve, json!({ "reason": "r" }), (403, "ada may not decide")).await;
        ada.refused("POST", &approve, json!({}), (400, "'reason'")).await;
        let promoted = Person { may_approve: true, ..ada };
        for verb in ["approve", "reject"] {
            let path = format!("{APPROVALS}/{id}/{verb}");
            promoted.refused("POST", &path, json!({ "reason": "r" }), (403, "your own")).await;
        }
        root.refused("POST", &format!("{APPROVALS}/{id}/withdraw"), json!({}), (403, "ada's"))
            .await;
        assert_eq!(root.production().await, None);
        let (status, done) = root.decide(id, "approve").await;
        assert_eq!(status, 200, "{done}");
        let done = &done["model_approval"];
        for (field, wanted) in [
            ("state", "approved"),
            ("requested_by", "ada"),
            ("decided_by", "root"),
            ("reason", "recall 0.91"),
            ("decision_reason", "because"),
            ("version", "1"),
        ] {
            assert_eq!(done[field], wanted, "{field}");
        }
        assert!(done["decided_at"].as_i64() >= done["requested_at"].as_i64(), "{done}");
        assert_eq!(root.production().await.as_deref(), Some("1"));
        // Once is enough.
        for verb in ["approve", "reject"] {
            let path = format!("{APPROVALS}/{id}/{verb}");
            root.refused("POST", &path, json!({ "reason": "r" }), (409, "approved by root")).await;
        }
        assert_eq!(ada.decide(id, "withdraw").await.0, 409);
        // From there to the next, and away.
        ada.refused("POST", APPROVALS, to("1"), (409, "already points to version 1")).await;
        let second = ada.ask(to("2")).await;
        assert_eq!(request(&ada, second).await["from_version"], "1");
        assert_eq!(root.decide(second, "reject").await.0, 200);
        assert_eq!(root.production().await.as_deref(), Some("1"));
        let third = ada.ask(to("3")).await;
        assert_eq!(root.decide(third, "approve").await.0, 200);
        assert_eq!(root.production().await.as_deref(), Some("3"));
        let remove =
            json!({ "name": "digits", "alias": "production", "remove": true, "reason": "retired" });
        let fourth = ada.ask(remove).await;
        assert_eq!(root.decide(fourth, "approve").await.0, 200);
        assert_eq!(root.production().await, None);
        // The name changes, the model goes: the history stays.
        ada.ok(
            "POST",
            "mlflow/registered-models/rename",
            json!({ "name": "digits", "new_name": "d2" }),
        )
        .await;
        ada.ok("DELETE", "mlflow/registered-models/delete", json!({ "name": "d2" })).await;
        let past = ada.ok("GET", &format!("{APPROVALS}?name=d2"), Value::Null).await;
        let states: Vec<&str> = past["model_approvals"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["state"].as_str())
            .collect();
        assert_eq!(states, ["approved", "approved", "rejected", "approved"]);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_time_has_passed_by_is_not_applied() {
    on_both(|server| async move {
        digits(&server).await;
        let (ada, root) = (Person::editor(&server, "ada"), Person::approver(&server, "root"));
        unprotected(&server, "1").await;
        let id = ada.ask(to("3")).await;
        // Somebody lifted the protection for a while.
        unprotected(&server, "2").await;
        let shown = request(&ada, id).await;
        assert_eq!((&shown["stale"], &shown["current_version"]), (&json!(true), &json!("2")));
        let approve = format!("{APPROVALS}/{id}/approve");
        root.refused(
            "POST",
            &approve,
            json!({ "reason": "r" }),
            (409, "from version 1 to version 2"),
        )
        .await;
        assert_eq!(root.production().await.as_deref(), Some("2"));
        assert_eq!(request(&ada, id).await["state"], "open", "nothing was half done");
        assert_eq!(ada.decide(id, "withdraw").await.0, 200);
        // The same where there was no alias, and where it is to go.
        let alias = json!({ "name": "digits", "alias": "production" });
        server.ok("DELETE", "registered-models/alias", alias.clone()).await;
        let new = ada.ask(to("3")).await;
        unprotected(&server, "1").await;
        assert_eq!(root.decide(new, "approve").await.0, 409);
        assert_eq!(root.decide(new, "reject").await.0, 200);
        let gone = ada
            .ask(json!({ "name": "digits", "alias": "production", "remove": true, "reason": "r" }))
            .await;
        unprotected(&server, "2").await;
        assert_eq!(root.decide(gone, "approve").await.0, 409);
        assert_eq!(root.production().await.as_deref(), Some("2"));
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_is_not_approved_later() {
    on_both(|server| async move {
        digits(&server).await;
        let (ada, root) = (Person::editor(&server, "ada"), Person::approver(&server, "root"));
        let id = ada.ask(to("2")).await;
        ada.ok(
            "DELETE",
            "mlflow/model-versions/delete",
            json!({ "name": "digits", "version": "2" }),
        )
        .await;
        let closed = request(&ada, id).await;
        assert_eq!(
            (&closed["state"], &closed["decision_reason"]),
            (&json!("withdrawn"), &json!("the version was deleted"))
        );
        let id = ada.ask(to("1")).await;
        ada.ok("DELETE", "mlflow/registered-models/delete", json!({ "name": "digits" })).await;
        // Another model of the same name: not the one that was asked about.
        digits(&server).await;
        assert_eq!(root.decide(id, "approve").await.0, 409);
        assert_eq!(root.production().await, None);
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_one_wins() {
    on_both(|server| async move {
        digits(&server).await;
        let ada = Person::editor(&server, "ada");
        let asked = futures::future::join_all((0..8).map(|_| ada.call("POST", APPROVALS, to("1")))).await;
        let mut statuses: Vec<u16> = asked.iter().map(|(status, _)| *status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
        let found = ada.ok("GET", &format!("{APPROVALS}?state=open"), Value::Null).await;
        let id = found["model_approvals"][0]["id"].as_i64().expect("a number");
        let root = Person::approver(&server, "root");
        let decided = futures::future::join_all((0..8).map(|at| root.decide(id, if at % 2 == 0 { "approve" } else { "reject" }))).await;
        let won: Vec<&Value> = decided.iter().filter(|(status, _)| *status == 200).map(|(_, answer)| answer).collect();
        assert_eq!(won.len(), 1, "{decided:?}");
        let approved = won[0]["model_approval"]["state"] == "approved";
        assert_eq!(root.production().await.is_some(), approved);
        // Different models at the same moment get numbers of their own.
        for at in 0..6 {
            server.ok("POST", "registered-models/create", json!({ "name": format!("m{at}") })).await;
            server.ok("POST", "model-versions/create", json!({ "name": format!("m{at}"), "source": here(&server, "solo") })).await;
        }
        let asks = (0..6).map(|at| ada.ask(json!({ "name": format!("m{at}"), "alias": "champion", "version": 1, "reason": "r" })));
        let mut numbers = futures::future::join_all(asks).await;
        numbers.sort_unstable();
        assert_eq!(numbers, [2, 3, 4, 5, 6, 7]);
    })
    .await;
}
