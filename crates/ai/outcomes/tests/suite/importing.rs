use dais_outcomes::{Measure, Row, Whose};

use crate::databases::{Fixture, HOUR, NOW, PROJECT, TEST, fixtures};

const SERIES: &str = "dataset:sales";

async fn import(fixture: &Fixture, version: &str, rows: &[Row]) {
    let metric = (SERIES, version);
    fixture.store.import((PROJECT, TEST), metric, rows, NOW).await.unwrap();
}

async fn mean(fixture: &Fixture) -> f64 {
    let measure = Measure::Mean { of: SERIES, covariate: None };
    let found = fixture.store.summarise(TEST, measure, HOUR).await.unwrap();
    found["a"].mean().unwrap()
}

fn of_subject(subject: i64, value: f64, time: Option<i64>) -> Row {
    Row { whose: Whose::Subject { test: TEST.to_owned(), subject }, value, time }
}

#[tokio::test]
async fn a_newer_version_takes_the_place_of_the_one_before() {
    for fixture in fixtures().await {
        fixture.expose(0..4).await;
        assert_eq!(fixture.store.imported(TEST, SERIES).await.unwrap(), None);
        let rows = [of_subject(0, 4.0, None), of_subject(2, 2.0, Some(NOW + 1))];
        import(&fixture, "v1", &rows).await;
        assert_eq!(fixture.store.imported(TEST, SERIES).await.unwrap().as_deref(), Some("v1"));
        assert!((mean(&fixture).await - 3.0).abs() < 1e-12);
        // The last row is outside the window.
        import(&fixture, "v2", &[of_subject(0, 10.0, None), of_subject(2, 7.0, Some(0))]).await;
        assert!((mean(&fixture).await - 5.0).abs() < 1e-12);
    }
}

#[tokio::test]
async fn requests_are_those_of_the_test() {
    for fixture in fixtures().await {
        fixture.expose(0..4).await;
        let of_request = |request: &str, value| Row {
            whose: Whose::Request(request.to_owned()),
            value,
            time: Some(NOW + 1),
        };
        let rows: Vec<Row> =
            ["r0", "r2", "unknown"].into_iter().map(|name| of_request(name, 2.0)).collect();
        import(&fixture, "v1", &rows).await;
        assert!((mean(&fixture).await - 2.0).abs() < 1e-12);
        let counts = fixture.store.count((PROJECT, TEST), HOUR).await.unwrap();
        assert_eq!((counts.joined, counts.waiting), (2, 0));
    }
}

#[tokio::test]
async fn a_large_dataset_is_imported_whole() {
    for fixture in fixtures().await {
        fixture.expose(0..2).await;
        let rows: Vec<Row> = (0..1300).map(|_| of_subject(0, 1.0, None)).collect();
        import(&fixture, "v1", &rows).await;
        assert!((mean(&fixture).await - 1300.0).abs() < 1e-9);
    }
}
