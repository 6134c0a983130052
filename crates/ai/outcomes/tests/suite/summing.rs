use dais_outcomes::{Exposure, Measure, Outcome};
use dais_statistics::{Effect, EffectKind, Moments, PairMoments, Statistic};

use crate::databases::{HOUR, NOW, TEST, exposure, fixtures, of_subject};

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-9 * wanted.abs().max(1.0), "{found} is not {wanted}");
}

#[tokio::test]
async fn a_mean_is_of_all_subjects_and_sums_each_ones_values() {
    for fixture in fixtures().await {
        fixture.expose(0..6).await;
        let numbered = |id: &str, value| Outcome { id: id.to_owned(), ..of_subject(2, value) };
        fixture.take(&[of_subject(0, 3.0), numbered("1", 1.5), numbered("2", 2.5)]).await;
        let measure = Measure::Mean { of: "bought", covariate: None };
        let found = fixture.store.summarise(TEST, measure, HOUR).await.unwrap();
        let mut wanted = Moments::default();
        [3.0, 4.0, 0.0].into_iter().for_each(|value| wanted.observe(value));
        let Statistic::Mean(a) = found["a"] else { panic!("{found:?}") };
        assert_eq!(a.count(), 3);
        near(a.mean(), wanted.mean());
        near(a.variance(), wanted.variance());
        assert_eq!(
            found["b"],
            Statistic::Mean({
                let mut none = Moments::default();
                (0..3).for_each(|_| none.observe(0.0));
                none
            })
        );
    }
}

#[tokio::test]
async fn latency_and_errors_are_of_requests_and_vary_by_subject() {
    for fixture in fixtures().await {
        let request = |request: &str, subject, seconds, failed| Exposure {
            request: request.to_owned(),
            variant: "a".to_owned(),
            seconds,
            failed,
            ..exposure(subject)
        };
        let all =
            [request("1", 2, 1.0, true), request("2", 2, 3.0, false), request("3", 4, 8.0, false)];
        fixture.store.record(&all).await.unwrap();
        let of = |pairs: [(f64, f64); 2]| {
            let mut pair = PairMoments::default();
            pairs.into_iter().for_each(|(first, second)| pair.observe(first, second));
            Statistic::Ratio(pair)
        };
        let wanted = [
            (Measure::Latency, of([(4.0, 2.0), (8.0, 1.0)]), 4.0),
            (Measure::Errors, of([(1.0, 2.0), (0.0, 1.0)]), 1.0 / 3.0),
        ];
        for (measure, wanted, mean) in wanted {
            let found = fixture.store.summarise(TEST, measure, HOUR).await.unwrap()["a"];
            near(found.mean().unwrap(), mean);
            near(found.variance().unwrap(), wanted.variance().unwrap());
        }
    }
}

#[tokio::test]
async fn what_was_known_before_is_taken_into_account_and_what_came_later_is_not() {
    for fixture in fixtures().await {
        fixture.expose(0..400).await;
        // What everybody spent before explains all but one unit of what they spend now.
        let before = |subject: i64| f64::from(i32::try_from(subject / 2 % 10).unwrap());
        let outcome = |subject: i64, metric: &str, value, time| Outcome {
            metric: metric.to_owned(),
            time,
            ..of_subject(subject, value)
        };
        let mut all = Vec::new();
        for subject in 0..400 {
            let noise = f64::from(i32::try_from(subject / 2 % 3).unwrap()) - 1.0;
            let better = if subject % 2 == 1 { 0.5 } else { 0.0 };
            let spent = before(subject) + noise + better;
            all.push(outcome(subject, "spent", spent, NOW + 1));
            all.push(outcome(subject, "before", before(subject), NOW - HOUR));
        }
        all.push(Outcome { id: "2".to_owned(), ..outcome(0, "before", 1e9, NOW + 1) });
        fixture.take(&all).await;
        let measured = |covariate| Measure::Mean { of: "spent", covariate };
        let effect = async |covariate| {
            let found = fixture.store.summarise(TEST, measured(covariate), HOUR).await.unwrap();
            Effect::measure(&found["a"], &found["b"], EffectKind::Absolute).unwrap()
        };
        let (plain, adjusted) = (effect(None).await, effect(Some("before")).await);
        near(plain.estimate, 0.5);
        near(adjusted.estimate, 0.5);
        assert!(adjusted.standard_error < plain.standard_error / 2.0, "{plain:?} {adjusted:?}");
    }
}
