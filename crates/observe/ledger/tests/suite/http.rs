//! Refusals that name the field, and files that spreadsheets can open.

use axum::http::StatusCode;
use serde_json::Value;

use crate::databases::{DAY, everything, fixtures, job, member};

#[tokio::test]
async fn mistakes_are_refused_by_name() {
    for fixture in fixtures().await {
        for (path, field) in [
            ("use?since=yesterday", "since"),
            ("use?since=2026-11-24T00:00:00Z&until=2026-11-23T00:00:00Z", "since"),
            ("use?by=colour", "by"),
            ("use?by=entry", "by"),
            ("use?sort=size", "sort"),
            ("use?limit=0", "limit"),
            ("use?limit=many", "limit"),
            ("use?colour=red", "colour"),
            ("use?user=%00", "user"),
            ("series?step=minute", "step"),
            ("series?step=hour&since=300w", "step"),
            ("series?offset=8", "offset"),
            ("entries?before=there", "before"),
            ("entries?limit=-1", "limit"),
            ("entries.csv?before=.", "before"),
        ] {
            let (status, text) = fixture.ask_as(everything(), path).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {text}");
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(answer["error"]["field"], field, "{path}: {text}");
            assert!(!answer["error"]["hint"].as_str().unwrap().is_empty(), "{text}");
        }
        let long = "x".repeat(300);
        let (status, _) = fixture.ask_as(everything(), &format!("use?user={long}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn files_open_in_spreadsheets_and_run_nothing() {
    for fixture in fixtures().await {
        fixture
            .ledger
            .book(&[job("=HYPERLINK(1)", "risk", "a"), job("张三", "risk", "b")])
            .await
            .unwrap();
        let (_, text) = fixture.ask_as(everything(), &format!("use.csv?by=person&{DAY}")).await;
        assert!(text.starts_with("\u{feff}user,project,jobs,"), "{text}");
        assert!(text.contains("\r\n张三,,1,1,2,2,0,,,\r\n"), "{text}");
        assert!(text.contains("\r\n'=HYPERLINK(1),,1,1,"), "{text}");
        let (_, text) = fixture.ask_as(member("张三", &[]), &format!("entries.csv?{DAY}")).await;
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains(",TrainingJob,b,b-1,main,0,n1,1.5,1073741824,"), "{text}");
    }
}

#[tokio::test]
async fn a_file_holds_more_than_one_page() {
    for fixture in fixtures().await {
        let many: Vec<_> = (0..1100).map(|at| job("ann", "risk", &format!("j{at}"))).collect();
        fixture.ledger.book(&many).await.unwrap();
        let (_, text) = fixture.ask_as(everything(), &format!("entries.csv?{DAY}")).await;
        assert_eq!(text.lines().count(), 1101);
    }
}
