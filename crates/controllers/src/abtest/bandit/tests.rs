use std::collections::BTreeMap;

use dais_api::abtest::{Metric, TestVariant};
use dais_statistics::Counts;

use super::*;
use crate::seams::MetricReading;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn spec() -> ABTestSpec {
    let variant =
        |name: &str| TestVariant { name: name.to_owned(), weight: 1.0, ..TestVariant::default() };
    ABTestSpec {
        variants: vec![variant("a"), variant("b"), variant("c")],
        metrics: vec![Metric { name: "bought".to_owned(), ..Metric::default() }],
        primary: "bought".to_owned(),
        bandit: Some(BanditRule { every_seconds: Some(60), ..BanditRule::default() }),
        ..ABTestSpec::default()
    }
}

fn reading(successes: [u64; 3]) -> TestReading {
    let of = |successes| Statistic::Proportion(Counts { count: 1000, successes });
    let names = ["a", "b", "c"].map(str::to_owned);
    let variants: BTreeMap<_, _> = names.into_iter().zip(successes.map(of)).collect();
    let metrics = vec![MetricReading { variants, message: None }];
    TestReading { metrics, ..TestReading::default() }
}

#[test]
fn shares_follow_what_does_better_when_it_is_time() {
    let (spec, found) = (spec(), reading([100, 200, 100]));
    let mut status = ABTestStatus { start_time: Some(Time(at(0))), ..ABTestStatus::default() };
    let early = renew(&spec, &status, (&found, 1), at(59)).unwrap();
    assert_eq!(early.rounds, 0);
    let due = renew(&spec, &status, (&found, 1), at(60)).unwrap();
    assert_eq!(due.rounds, 1);
    assert!(due.shares[1] > 0.85, "{due:?}");
    assert!(due.shares.iter().all(|share| *share >= 0.05), "{due:?}");
    assert_eq!(due, renew(&spec, &status, (&found, 1), at(60)).unwrap());
    status.bandit = Some(due.clone());
    assert_eq!(shares(&spec, &status), due.shares);
    assert_eq!(renew(&spec, &status, (&found, 1), at(119)).unwrap(), due);
}

#[test]
fn without_a_bandit_the_weights_say_it() {
    let mut spec = spec();
    spec.bandit = None;
    spec.variants[0].weight = 2.0;
    assert_eq!(shares(&spec, &ABTestStatus::default()), [0.5, 0.25, 0.25]);
    spec.variants.iter_mut().for_each(|variant| variant.weight = 0.0);
    let third = 1.0 / 3.0;
    assert_eq!(declared(&spec), [third, third, third]);
}
