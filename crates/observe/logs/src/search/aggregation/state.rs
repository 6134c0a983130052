//! What has been counted so far. States of segments and windows merge into one.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Kind, Metric};

/// Distinct values are counted exactly up to this many; beyond, from the smallest
/// hashes, with an error of about one in √65536: 0.4 %.
const SKETCH: usize = 65_536;

/// What names a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Integer(i64),
    Bool(bool),
    /// Bits of a number, turned so that they order as it does.
    Float(u64),
    Text(String),
    /// A word of one segment's column; becomes text when the segment is done.
    Ordinal(usize, u64),
    /// The range or filter in this place of the request.
    Place(usize),
}

impl Key {
    pub fn float(value: f64) -> Key {
        let bits = value.to_bits();
        Key::Float(if bits >> 63 == 0 { bits | 1 << 63 } else { !bits })
    }

    pub fn as_float(bits: u64) -> f64 {
        f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits })
    }
}

#[derive(Debug, Default)]
pub struct Bucket {
    pub count: u64,
    pub below: Vec<State>,
}

#[derive(Debug)]
pub enum State {
    Buckets(HashMap<Key, Bucket>),
    Numbers(Numbers),
    Distinct(Distinct),
    Values(Vec<f64>),
}

#[derive(Debug, Clone)]
pub struct Numbers {
    pub count: u64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
}

#[derive(Debug, Default)]
pub struct Distinct {
    /// Of the segment that is being read.
    pub seen: std::collections::HashSet<Key>,
    hashes: BTreeSet<u64>,
    /// Larger hashes than this were dropped.
    is_sketch: bool,
}

impl State {
    pub fn new(kind: &Kind) -> State {
        match kind {
            Kind::Metric { metric: Metric::Cardinality, .. } => {
                State::Distinct(Distinct::default())
            }
            Kind::Metric { metric: Metric::Percentiles(_), .. } => State::Values(Vec::new()),
            Kind::Metric { .. } => State::Numbers(Numbers {
                count: 0,
                sum: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
            }),
            _ => State::Buckets(HashMap::new()),
        }
    }

    pub fn merge(&mut self, other: State) {
        match (self, other) {
            (State::Buckets(ours), State::Buckets(theirs)) => {
                for (key, bucket) in theirs {
                    match ours.entry(key) {
                        std::collections::hash_map::Entry::Vacant(vacant) => {
                            vacant.insert(bucket);
                        }
                        std::collections::hash_map::Entry::Occupied(mut held) => {
                            let held = held.get_mut();
                            held.count += bucket.count;
                            merge_all(&mut held.below, bucket.below);
                        }
                    }
                }
            }
            (State::Numbers(ours), State::Numbers(theirs)) => {
                ours.count += theirs.count;
                ours.sum += theirs.sum;
                ours.min = ours.min.min(theirs.min);
                ours.max = ours.max.max(theirs.max);
            }
            (State::Distinct(ours), State::Distinct(theirs)) => {
                ours.is_sketch |= theirs.is_sketch;
                ours.hashes.extend(theirs.hashes);
                ours.shrink();
            }
            (State::Values(ours), State::Values(theirs)) => ours.extend(theirs),
            // States of one request have one shape.
            _ => {}
        }
    }
}

/// Merges lists of states that belong to the same aggregations.
pub fn merge_all(ours: &mut Vec<State>, theirs: Vec<State>) {
    if ours.is_empty() {
        *ours = theirs;
        return;
    }
    ours.iter_mut().zip(theirs).for_each(|(ours, theirs)| ours.merge(theirs));
}

impl Numbers {
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }
}

impl Distinct {
    pub fn add<T: Hash>(&mut self, value: &T) {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        self.hashes.insert(hasher.finish());
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.hashes.len() > SKETCH {
            self.hashes.pop_last();
            self.is_sketch = true;
        }
    }

    /// How many distinct values there were, as nearly as is known.
    pub fn estimate(&self) -> u64 {
        match self.hashes.last() {
            Some(largest) if self.is_sketch => {
                let share = *largest as f64 / u64::MAX as f64;
                ((self.hashes.len() - 1) as f64 / share) as u64
            }
            _ => self.hashes.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_order_as_numbers_and_come_back() {
        let numbers = [-7.5, -0.25, 0.0, 0.25, 1e300];
        let keys: Vec<Key> = numbers.iter().map(|number| Key::float(*number)).collect();
        assert!(keys.is_sorted());
        for (key, number) in keys.iter().zip(numbers) {
            let Key::Float(bits) = key else { unreachable!("made of floats") };
            assert_eq!(Key::as_float(*bits), number);
        }
    }

    #[test]
    fn distinct_values_are_exact_when_few_and_close_when_many() {
        let mut few = Distinct::default();
        (0..1000).chain(0..1000).for_each(|number: u64| few.add(&number));
        assert_eq!(few.estimate(), 1000);
        let mut many = Distinct::default();
        (0..300_000).for_each(|number: u64| many.add(&number));
        let error = (many.estimate() as f64 / 300_000.0 - 1.0).abs();
        assert!(error < 0.02, "{}", many.estimate());
    }
}
