use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn split(salt: &str, percent: f64, weights: &[f64]) -> Split {
    let named = |(at, weight): (usize, &f64)| (format!("variant-{at}").into(), *weight);
    Split {
        salt: salt.to_owned(),
        percent,
        excluded: HashSet::new(),
        variants: weights.iter().enumerate().map(named).collect(),
    }
}

fn variant(split: &Split, key: &str) -> Arc<str> {
    split.share(Some(key)).variant.unwrap()
}

/// Whether `seen` of `all` is what chance `share` gives: within six standard deviations,
/// which is missed once in five hundred million.
fn is_likely(seen: usize, all: usize, share: f64) -> bool {
    let expected = all as f64 * share;
    let deviation = (expected * (1.0 - share)).sqrt();
    (seen as f64 - expected).abs() <= 6.0 * deviation + 1.0
}

/// Reckoned apart from this code, by Python's `hashlib`.
#[test]
fn the_hash_is_the_one_that_is_written_down() {
    assert_eq!(hash(&["salt", "key", "user-1"]), 0xc4a4_de36_902e_2f2b);
    assert_eq!(hash(&["salt", "take part", "user-1"]), 0xaa41_9eb3_d1d1_7c79);
    assert_eq!(hash(&["salt", "variant", "a", "user-1"]), 0x15b6_dd83_c0c4_7094);
    assert_eq!(hash(&["", "", ""]), 0x9d90_8ecf_b6b2_56de);
    assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]), "parts do not run together");
    assert!(unit(0) > 0.0 && unit(u64::MAX) < 1.0);
}

/// A change here moves people from one variant to another in tests that are running.
#[test]
fn assignments_stay_where_they_are() {
    let split = split("experiment-1", 80.0, &[1.0, 2.0, 3.0]);
    let shares: String = (0..40)
        .map(|user| {
            let share = split.share(Some(&format!("user-{user}")));
            let name = share.variant.unwrap();
            if share.key_hash.is_some() { name.chars().last().unwrap() } else { '-' }
        })
        .collect();
    assert_eq!(shares, "-1121---102002212012222121022-102-121121");
}

#[test]
fn whoever_takes_no_part_gets_the_first_variant_uncounted() {
    let first = Share { variant: Some("variant-0".into()), key_hash: None };
    let mut all = split("s", 100.0, &[0.0, 1.0]);
    assert_eq!(all.share(None), first);
    assert_eq!(&*variant(&all, "somebody"), "variant-1");
    assert!(all.share(Some("somebody")).key_hash.is_some());
    all.excluded.insert("somebody".to_owned());
    assert_eq!(all.share(Some("somebody")), first);
    assert_eq!(split("s", 0.0, &[1.0, 1.0]).share(Some("somebody")), first);
    let without_weight = split("s", 100.0, &[0.0, 0.0]);
    assert_eq!(&*variant(&without_weight, "somebody"), "variant-0");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn variants_get_their_share(salt in "[a-z]{1,8}", weights in prop::collection::vec(0.1..10.0, 2..5)) {
        const KEYS: usize = 4000;
        let split = split(&salt, 100.0, &weights);
        let mut counts = HashMap::<Arc<str>, usize>::new();
        for key in 0..KEYS {
            *counts.entry(variant(&split, &key.to_string())).or_default() += 1;
        }
        let total: f64 = weights.iter().sum();
        for ((name, weight), _) in split.variants.iter().zip(&weights) {
            let seen = counts.get(name).copied().unwrap_or_default();
            prop_assert!(is_likely(seen, KEYS, weight / total), "{seen} of {KEYS} for {weight}/{total}");
        }
    }

    #[test]
    fn a_growing_weight_moves_keys_only_into_its_variant(
        weights in prop::collection::vec(0.0..10.0, 2..5),
        grown in any::<prop::sample::Index>(),
        growth in 0.1..10.0,
    ) {
        let grown = grown.index(weights.len());
        let mut more = weights.clone();
        more[grown] += growth;
        let (before, after) = (split("s", 100.0, &weights), split("s", 100.0, &more));
        for key in 0..500 {
            let (old, new) = (variant(&before, &key.to_string()), variant(&after, &key.to_string()));
            prop_assert!(old == new || new == after.variants[grown].0, "{key}: {old} to {new}");
        }
    }

    #[test]
    fn whoever_takes_part_does_so_while_the_share_grows(low in 0.0..100.0, more in 0.0..50.0) {
        let (before, after) = (split("s", low, &[1.0]), split("s", low + more, &[1.0]));
        let mut taking = 0;
        for key in 0..2000 {
            let key = key.to_string();
            let takes_part = before.share(Some(&key)).key_hash.is_some();
            taking += usize::from(takes_part);
            prop_assert!(!takes_part || after.share(Some(&key)).key_hash.is_some());
        }
        prop_assert!(is_likely(taking, 2000, low / 100.0), "{taking} of 2000 at {low} %");
    }

    /// Of those who get a variant under one salt, half get it under another, and taking
    /// part says nothing of which one.
    #[test]
    fn another_salt_is_another_assignment(one in "[a-z]{4}", other in "[A-Z]{4}") {
        let (first, second) = (split(&one, 100.0, &[1.0, 1.0]), split(&other, 50.0, &[1.0, 1.0]));
        let keys: Vec<String> = (0..4000).map(|key| key.to_string()).collect();
        let chosen: Vec<&String> =
            keys.iter().filter(|key| &*variant(&first, key) == "variant-0").collect();
        let again = chosen.iter().filter(|key| &*second.choose(key).unwrap() == "variant-0").count();
        prop_assert!(is_likely(again, chosen.len(), 0.5), "{again} of {}", chosen.len());
        let taking: Vec<&String> = keys.iter().filter(|key| second.takes_part(key)).collect();
        let zeros = taking.iter().filter(|key| &*variant(&second, key) == "variant-0").count();
        prop_assert!(is_likely(zeros, taking.len(), 0.5), "{zeros} of {}", taking.len());
    }
}
