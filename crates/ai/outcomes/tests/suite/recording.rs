use dais_outcomes::{Exposure, Outcomes, VariantCounts};

use crate::databases::{HOUR, NOW, PROJECT, TEST, exposure, fixtures};

#[tokio::test]
async fn a_request_counts_once_however_often_it_is_written() {
    for fixture in fixtures().await {
        let twice = [exposure(2), exposure(2), exposure(3)];
        fixture.store.record(&twice).await.unwrap();
        fixture.store.record(&twice).await.unwrap();
        let counts = fixture.store.count((PROJECT, TEST), HOUR).await.unwrap();
        let one = VariantCounts { subjects: 1, requests: 1, ..VariantCounts::default() };
        assert_eq!((counts.variants["a"], counts.variants["b"]), (one, one));
    }
}

#[tokio::test]
async fn the_first_variant_of_a_subject_stays_and_another_is_told() {
    for fixture in fixtures().await {
        let seen = |request: &str, variant: &str, time| Exposure {
            request: request.to_owned(),
            variant: variant.to_owned(),
            time,
            failed: variant == "b",
            ..exposure(2)
        };
        // The earlier one arrives later, in a batch of its own.
        fixture.store.record(&[seen("late", "b", NOW + 5)]).await.unwrap();
        let both = [seen("early", "a", NOW), seen("again", "a", NOW + 9)];
        fixture.store.record(&both).await.unwrap();
        let counts = fixture.store.count((PROJECT, TEST), HOUR).await.unwrap();
        let all = VariantCounts { subjects: 1, requests: 3, failures: 1, crossed: 1 };
        assert_eq!(counts.variants.into_iter().collect::<Vec<_>>(), [("a".to_owned(), all)]);
    }
}

#[tokio::test]
async fn more_than_a_statement_takes_are_written_and_found_again() {
    for fixture in fixtures().await {
        fixture.expose(0..1234).await;
        fixture.store.close().await;
        let again = Outcomes::open(&fixture.url).await.unwrap();
        let counts = again.count((PROJECT, TEST), HOUR).await.unwrap();
        assert_eq!((counts.variants["a"].subjects, counts.variants["b"].subjects), (617, 617));
    }
}

#[tokio::test]
async fn one_request_id_in_two_projects_is_two_requests() {
    for fixture in fixtures().await {
        let theirs =
            Exposure { project: "others".to_owned(), test: "their-uid".to_owned(), ..exposure(2) };
        fixture.store.record(&[exposure(2), theirs]).await.unwrap();
        for (project, test) in [(PROJECT, TEST), ("others", "their-uid")] {
            let counts = fixture.store.count((project, test), HOUR).await.unwrap();
            assert_eq!(counts.variants["a"].requests, 1, "{project}");
        }
    }
}
