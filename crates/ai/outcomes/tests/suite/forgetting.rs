use dais_outcomes::{Exposure, Row, Whose};

use crate::databases::{HOUR, NOW, PROJECT, TEST, exposure, fixtures, of_request, of_subject};

#[tokio::test]
async fn a_test_that_is_forgotten_leaves_nothing_and_others_stay() {
    for fixture in fixtures().await {
        fixture.expose(0..4).await;
        let other =
            Exposure { test: "other".to_owned(), request: "other".to_owned(), ..exposure(0) };
        fixture.store.record(&[other]).await.unwrap();
        fixture.take(&[of_request("r2", 1.0), of_subject(9, 1.0), of_request("other", 1.0)]).await;
        let row = Row {
            whose: Whose::Subject { test: TEST.to_owned(), subject: 0 },
            value: 1.0,
            time: None,
        };
        fixture.store.import((PROJECT, TEST), ("dataset:x", "v1"), &[row], NOW).await.unwrap();
        let mut tests = fixture.store.tests().await.unwrap();
        tests.sort();
        assert_eq!(tests, [TEST, "other"]);
        fixture.store.forget(TEST).await.unwrap();
        fixture.store.forget(TEST).await.unwrap();
        assert_eq!(fixture.store.tests().await.unwrap(), ["other"]);
        let counts = fixture.store.count((PROJECT, "other"), HOUR).await.unwrap();
        assert_eq!((counts.variants["a"].subjects, counts.joined), (1, 1));
    }
}

#[tokio::test]
async fn outcomes_do_not_wait_for_ever() {
    for fixture in fixtures().await {
        fixture.take(&[of_request("never", 1.0)]).await;
        assert_eq!(fixture.store.expire(NOW + HOUR).await.unwrap(), 0);
        assert_eq!(fixture.store.expire(NOW + 31 * 24 * HOUR).await.unwrap(), 1);
        assert_eq!(fixture.store.count((PROJECT, TEST), HOUR).await.unwrap().waiting, 0);
    }
}
