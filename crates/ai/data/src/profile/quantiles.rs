//! Quantiles of a stream in bounded memory.
//!
//! Buffers of [`SIZE`] values, each of the next level standing for twice as
//! many: a full one is sorted, and every second value goes up (Manku,
//! Rajagopalan and Lindsay, "Approximate medians in one pass", 1998). Up to
//! [`SIZE`] values it is exact; of n values a rank is off by at most
//! n · log2(n / SIZE) / SIZE, 2 % of a thousand million, and usually by far
//! less, since what is left out is now above and now below.

const SIZE: usize = 1024;

#[derive(Default)]
pub(crate) struct Quantiles {
    levels: Vec<Vec<f64>>,
    /// Alternates from one full buffer to the next.
    odd: bool,
    count: u64,
}

impl Quantiles {
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.put(0, value);
    }

    fn put(&mut self, level: usize, value: f64) {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(value);
        if self.levels[level].len() <= SIZE {
            return;
        }
        // An odd one out stays, so that nothing is counted twice or not at all.
        let last = self.levels[level].pop();
        let mut full = std::mem::take(&mut self.levels[level]);
        self.levels[level].extend(last);
        full.sort_by(f64::total_cmp);
        self.odd = !self.odd;
        for value in full.into_iter().skip(usize::from(self.odd)).step_by(2) {
            self.put(level + 1, value);
        }
    }

    pub fn exact(&self) -> bool {
        self.levels.len() <= 1
    }

    /// The smallest value that so large a part of all values does not exceed, for each part.
    pub fn at(&self, parts: &[f64]) -> Vec<f64> {
        let mut all: Vec<(f64, u64)> = Vec::new();
        for (level, values) in self.levels.iter().enumerate() {
            all.extend(values.iter().map(|value| (*value, 1 << level)));
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut found, mut below, mut next) = (Vec::new(), 0, all.iter().peekable());
        for part in parts {
            let rank = (part * self.count as f64).ceil().max(1.0) as u64;
            while let Some((value, weight)) = next.peek() {
                if below + weight >= rank || next.len() == 1 {
                    found.push(*value);
                    break;
                }
                below += weight;
                next.next();
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_streams_are_exact_and_large_ones_within_their_bound() {
        let mut small = Quantiles::default();
        (1..=100).rev().for_each(|value| small.add(f64::from(value)));
        assert!(small.exact());
        assert_eq!(small.at(&[0.0, 0.25, 0.5, 0.99, 1.0]), [1.0, 25.0, 50.0, 99.0, 100.0]);
        let count = 1_000_000_u64;
        let mut large = Quantiles::default();
        // A permutation: the factor is coprime to the count.
        (0..count).for_each(|at| large.add((at * 7_368_787 % count) as f64));
        assert!(!large.exact());
        let bound = (count as f64 / SIZE as f64).log2() / SIZE as f64;
        for part in [0.01, 0.25, 0.5, 0.75, 0.99] {
            let found = large.at(&[part])[0] / count as f64;
            assert!((found - part).abs() <= bound, "{part}: {found}");
        }
        let kept: usize = large.levels.iter().map(Vec::len).sum();
        assert!(kept <= SIZE * large.levels.len() && large.levels.len() < 12);
        assert!(Quantiles::default().at(&[0.5]).is_empty());
    }
}
