use dais_outcomes::{Measure, Outcome};
use dais_statistics::{Counts, Statistic};

use crate::databases::{
    Fixture, HOUR, NOW, PROJECT, TEST, exposure, fixtures, of_request, of_subject,
};

/// Subjects with an outcome, of how many.
async fn bought(fixture: &Fixture, variant: &str) -> (u64, u64) {
    let measure = Measure::Proportion { of: "bought", covariate: None };
    let found = fixture.store.summarise(TEST, measure, HOUR).await.unwrap();
    match found[variant] {
        Statistic::Proportion(Counts { count, successes }) => (successes, count),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_outcome_counts_once_for_its_request_metric_and_id() {
    for fixture in fixtures().await {
        fixture.expose(0..4).await;
        let first = of_request("r2", 1.0);
        let numbered = |id: &str| Outcome { id: id.to_owned(), ..first.clone() };
        assert_eq!(fixture.take(&[first.clone(), first.clone()]).await, (1, 1));
        assert_eq!(fixture.take(&[Outcome { value: 9.0, ..first.clone() }]).await, (0, 1));
        assert_eq!(fixture.take(&[numbered("x"), numbered("y"), numbered("x")]).await, (2, 1));
        assert_eq!(fixture.take(&[of_subject(2, 1.0), of_subject(0, 0.0)]).await, (2, 0));
        assert_eq!(bought(&fixture, "a").await, (1, 2));
    }
}

#[tokio::test]
async fn an_outcome_may_come_before_its_exposure() {
    for fixture in fixtures().await {
        assert_eq!(fixture.take(&[of_request("r2", 1.0), of_subject(4, 1.0)]).await, (2, 0));
        let counts = fixture.store.count((PROJECT, TEST), HOUR).await.unwrap();
        assert_eq!((counts.joined, counts.waiting), (0, 1));
        fixture.expose(0..6).await;
        let counts = fixture.store.count((PROJECT, TEST), HOUR).await.unwrap();
        assert_eq!((counts.joined, counts.waiting), (2, 0));
        assert_eq!(bought(&fixture, "a").await, (2, 3));
        // And is still the same outcome.
        assert_eq!(fixture.take(&[of_request("r2", 1.0)]).await, (0, 1));
    }
}

#[tokio::test]
async fn an_outcome_outside_the_window_is_kept_and_not_counted() {
    for fixture in fixtures().await {
        fixture.expose(0..8).await;
        let at = |subject, time| Outcome { time, ..of_subject(subject, 1.0) };
        let late = Outcome { time: NOW + HOUR + 1, ..of_request("r6", 1.0) };
        let early = at(4, NOW - HOUR);
        fixture.take(&[at(0, NOW + HOUR), at(2, NOW - 1000), early, late]).await;
        assert_eq!(bought(&fixture, "a").await, (2, 4));
        let counts = fixture.store.count((PROJECT, TEST), HOUR).await.unwrap();
        assert_eq!((counts.joined, counts.late), (4, 1));
        // A longer window counts it.
        let counts = fixture.store.count((PROJECT, TEST), 2 * HOUR).await.unwrap();
        assert_eq!(counts.late, 0);
        let measure = Measure::Proportion { of: "bought", covariate: None };
        let found = fixture.store.summarise(TEST, measure, 2 * HOUR).await.unwrap();
        assert!(matches!(found["a"], Statistic::Proportion(Counts { successes: 3, .. })));
    }
}

#[tokio::test]
async fn a_request_of_another_project_is_not_known() {
    for fixture in fixtures().await {
        fixture.store.record(&[exposure(2)]).await.unwrap();
        let taken = fixture.store.take("others", &[of_request("r2", 1.0)], NOW).await.unwrap();
        assert_eq!((taken.new, taken.duplicates), (1, 0));
        assert_eq!(bought(&fixture, "a").await, (0, 1));
        assert_eq!(fixture.store.count(("others", "x"), HOUR).await.unwrap().waiting, 1);
        assert_eq!(fixture.take(&[of_request("r2", 1.0)]).await, (1, 0));
        assert_eq!(bought(&fixture, "a").await, (1, 1));
    }
}

#[tokio::test]
async fn more_than_a_statement_takes_are_taken() {
    for fixture in fixtures().await {
        fixture.expose(0..1200).await;
        let all: Vec<Outcome> = (0..1200).map(|n| of_request(&format!("r{n}"), 1.0)).collect();
        assert_eq!(fixture.take(&all).await, (1200, 0));
        assert_eq!(bought(&fixture, "b").await, (600, 600));
    }
}
