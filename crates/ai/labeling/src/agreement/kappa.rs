//! Agreement beyond chance, from counts.

use std::collections::BTreeMap;

/// How two raters put items into categories: `(a, b)` → items that the first put into `a`
/// and the second into `b`.
pub(crate) type Confusion = BTreeMap<(usize, usize), u64>;

/// Cohen's κ of two raters (Cohen 1960). None without items, and where chance alone
/// explains all agreement (both used one category throughout).
pub(crate) fn cohen(counts: &Confusion) -> Option<f64> {
    let all: u64 = counts.values().sum();
    if all == 0 {
        return None;
    }
    let (mut first, mut second) = (BTreeMap::new(), BTreeMap::new());
    let mut agreeing = 0;
    for ((a, b), count) in counts {
        *first.entry(*a).or_insert(0) += count;
        *second.entry(*b).or_insert(0) += count;
        agreeing += if a == b { *count } else { 0 };
    }
    let share = |count: u64| count as f64 / all as f64;
    let by_chance = |(at, count): (&usize, &u64)| {
        share(*count) * share(second.get(at).copied().unwrap_or_default())
    };
    beyond(share(agreeing), first.iter().map(by_chance).sum())
}

/// Fleiss' κ of any number of raters, item by item (Fleiss 1971).
///
/// With n ratings of an item, of which n_j in category j, its agreement is
/// Σ n_j (n_j − 1) / (n (n − 1)). Items may have different n: the mean is over items and a
/// category's share over all their ratings; with equal n that is Fleiss' own formula. Items
/// with fewer than two ratings say nothing and are left out.
#[derive(Clone, Debug)]
pub(crate) struct Fleiss {
    items: u64,
    agreement: f64,
    ratings: Vec<u64>,
}

impl Fleiss {
    pub(crate) fn new(categories: usize) -> Self {
        Self { items: 0, agreement: 0.0, ratings: vec![0; categories] }
    }

    /// `times` items whose ratings fell into the categories as `counts` says.
    pub(crate) fn add(&mut self, counts: &[u64], times: u64) {
        let all: u64 = counts.iter().sum();
        if all < 2 {
            return;
        }
        let agreeing: u64 = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
        self.items += times;
        self.agreement += agreeing as f64 / (all * (all - 1)) as f64 * times as f64;
        for (sum, count) in self.ratings.iter_mut().zip(counts) {
            *sum += count * times;
        }
    }

    /// None without items, and where all ratings are of one category.
    pub(crate) fn kappa(&self) -> Option<f64> {
        if self.items == 0 {
            return None;
        }
        let all: u64 = self.ratings.iter().sum();
        let share = |count: &u64| *count as f64 / all as f64;
        let expected = self.ratings.iter().map(|count| share(count).powi(2)).sum();
        beyond(self.agreement / self.items as f64, expected)
    }
}

fn beyond(observed: f64, expected: f64) -> Option<f64> {
    let room = 1.0 - expected;
    (room > 1e-12).then(|| (observed - expected) / room)
}
