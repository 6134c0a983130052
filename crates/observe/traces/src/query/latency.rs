//! Durations, counted so that their percentiles can be told.

use std::collections::BTreeMap;

/// Each power of two is cut into so many buckets: a percentile is off by 1.6 % at most.
const CUTS: u32 = 32;
const CUT_BITS: u32 = CUTS.ilog2();

/// Counts per bucket; only those that are not empty take memory.
#[derive(Debug, Default)]
pub struct Latency {
    buckets: BTreeMap<u32, u64>,
    count: u64,
}

impl Latency {
    /// Nanoseconds; a span that ended before it began took no time.
    pub fn add(&mut self, duration: i64) {
        *self.buckets.entry(bucket(u64::try_from(duration).unwrap_or(0))).or_default() += 1;
        self.count += 1;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The duration, in nanoseconds, that a share of all does not exceed (nearest rank).
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return middle(*bucket);
            }
        }
        0
    }
}

/// Values below [`CUTS`] have a bucket each.
fn bucket(value: u64) -> u32 {
    if value < u64::from(CUTS) {
        return value as u32;
    }
    let octave = value.ilog2() - CUT_BITS;
    let cut = (value >> octave) as u32 - CUTS;
    (octave + 1) * CUTS + cut
}

fn middle(bucket: u32) -> u64 {
    if bucket < CUTS {
        return u64::from(bucket);
    }
    let octave = bucket / CUTS - 1;
    let lowest = u64::from(bucket % CUTS + CUTS) << octave;
    lowest + (1 << octave) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_the_values_around_its_middle() {
        for value in (0..63).flat_map(|bit| [1_u64 << bit, (1 << bit) + (1 << bit) / 3]) {
            let (found, exact) = (middle(bucket(value)) as f64, value as f64);
            assert!((found - exact).abs() <= exact / 60.0, "{value} became {found}");
        }
        assert!((0..100_000).is_sorted_by_key(bucket));
        assert!(middle(bucket(i64::MAX as u64)) > 1 << 62);
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_durations() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile(0.5), 0);
        (1..=100).rev().for_each(|duration| latency.add(duration * 1_000_000));
        latency.add(-5);
        let close = |share, exact: f64| {
            let found = latency.quantile(share) as f64 / 1e6;
            assert!((found - exact).abs() <= exact / 60.0, "{share}: {found}, not {exact}");
        };
        close(0.5, 50.0);
        close(0.95, 95.0);
        close(1.0, 100.0);
        assert_eq!((latency.quantile(0.0), latency.count()), (0, 101));
    }
}
