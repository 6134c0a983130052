//! Densities fitted to a few places: a mixture of normals over the unit
//! interval for numbers, smoothed shares for words.

use crate::axis::Place;
use crate::stream::Stream;

/// Trials of this recency weigh fully (Bergstra, Yamins, Cox 2013: the linear
/// forgetting of Hyperopt); older ones less, the oldest hardly anything.
const FULL_WEIGHTS: usize = 25;

/// How much each of `count` trials weighs, the oldest first.
pub(super) fn recency(count: usize) -> Vec<f64> {
    let fading = count.saturating_sub(FULL_WEIGHTS);
    let least = 1.0 / count.max(1) as f64;
    let weight = |at: usize| match at {
        at if at >= fading => 1.0,
        at => least + (1.0 - least) * at as f64 / fading.saturating_sub(1).max(1) as f64,
    };
    (0..count).map(weight).collect()
}

/// A mixture of normal distributions, each cut off outside the unit interval:
/// one around each trial, as wide as the larger gap to its neighbours (section
/// 4.2 of Bergstra et al. 2011), and a broad one, the prior, over everything.
pub(super) struct Kernels(Vec<Kernel>);

struct Kernel {
    mean: f64,
    deviation: f64,
    /// Of the mixture; all sum up to 1.
    share: f64,
    /// Of the uncut normal, inside the unit interval.
    inside: f64,
}

const PRIOR_MEAN: f64 = 0.5;
const PRIOR_DEVIATION: f64 = 1.0;

impl Kernels {
    /// `units` with a weight each. The prior's weight is above 0, so that no
    /// density is 0 anywhere.
    pub(super) fn new(units: &[f64], weights: &[f64], prior_weight: f64) -> Self {
        let total = weights.iter().sum::<f64>() + prior_weight;
        let trials = units.iter().zip(weights).zip(widths(units));
        let kernel = |((mean, weight), width): ((&f64, &f64), f64)| {
            Kernel::new(*mean, width, weight / total)
        };
        let prior = Kernel::new(PRIOR_MEAN, PRIOR_DEVIATION, prior_weight / total);
        Self(trials.map(kernel).chain([prior]).collect())
    }

    pub(super) fn draw(&self, stream: &mut Stream) -> f64 {
        let mut left = stream.unit();
        for kernel in &self.0 {
            left -= kernel.share;
            if left < 0.0 {
                return stream.normal_within_unit(kernel.mean, kernel.deviation);
            }
        }
        stream.normal_within_unit(PRIOR_MEAN, PRIOR_DEVIATION)
    }

    pub(super) fn density(&self, unit: f64) -> f64 {
        self.0.iter().map(|kernel| kernel.share * kernel.density(unit) / kernel.inside).sum()
    }

    pub(super) fn probability(&self, from: f64, to: f64) -> f64 {
        let part = |kernel: &Kernel| (kernel.below(to) - kernel.below(from)) / kernel.inside;
        self.0.iter().map(|kernel| kernel.share * part(kernel)).sum()
    }
}

impl Kernel {
    fn new(mean: f64, deviation: f64, share: f64) -> Self {
        let uncut = Self { mean, deviation, share, inside: 1.0 };
        Self { inside: uncut.below(1.0) - uncut.below(0.0), ..uncut }
    }

    fn density(&self, unit: f64) -> f64 {
        let distance = (unit - self.mean) / self.deviation;
        let height = 1.0 / (self.deviation * std::f64::consts::TAU.sqrt());
        height * libm::exp(-0.5 * distance * distance)
    }

    /// The probability of anything below `unit`.
    fn below(&self, unit: f64) -> f64 {
        let distance = (unit - self.mean) / self.deviation;
        0.5 * libm::erfc(-distance * std::f64::consts::FRAC_1_SQRT_2)
    }
}

/// For each mean the larger gap to a neighbour or to the end of the interval,
/// but for the outermost of several the gap to their neighbour: the way to the
/// end says nothing about them. Never narrower than a hundredth, and in a small
/// history broader: what few trials say is not to be taken so exactly.
fn widths(means: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<(f64, usize)> = means.iter().copied().zip(0..).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let kernels = means.len() as f64 + 1.0;
    let narrowest = 1.0 / (1.0 + kernels).min(100.0);
    let mut widths = vec![0.0; sorted.len()];
    for (rank, (mean, at)) in sorted.iter().enumerate() {
        let below = rank.checked_sub(1).map(|rank| mean - sorted[rank].0);
        let above = sorted.get(rank + 1).map(|(next, _)| next - mean);
        let gap = match (below, above) {
            (Some(below), Some(above)) => below.max(above),
            (Some(gap), None) | (None, Some(gap)) => gap,
            (None, None) => mean.max(1.0 - mean),
        };
        widths[*at] = gap.clamp(narrowest, 1.0);
    }
    widths
}

/// How probable each word is: a mixture of one even spread for the prior and,
/// for each trial, its own word with a little of every other.
pub(super) struct Shares(Vec<f64>);

impl Shares {
    /// Places with the oldest first, of a parameter with so many words.
    pub(super) fn new(words: usize, places: &[Place], prior_weight: f64) -> Self {
        let weights = recency(places.len());
        let total = weights.iter().sum::<f64>() + prior_weight;
        let little = prior_weight / (places.len() + 1) as f64;
        let row = 1.0 + little * words as f64;
        let spread = prior_weight / total / words as f64;
        let smoothed: f64 = weights.iter().map(|weight| weight / total * little / row).sum();
        let mut shares = vec![spread + smoothed; words];
        for (place, weight) in places.iter().zip(weights) {
            shares[*place as usize] += weight / total / row;
        }
        Self(shares)
    }

    pub(super) fn draw(&self, stream: &mut Stream) -> Place {
        let mut left = stream.unit();
        for (at, share) in self.0.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return at as Place;
            }
        }
        self.0.len() as Place - 1
    }

    pub(super) fn share(&self, place: Place) -> f64 {
        self.0[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_sum_up_to_one() {
        let kernels = Kernels::new(&[0.1, 0.15, 0.8], &[1.0, 0.5, 1.0], 1.0);
        let cells = 10_000;
        let middle = |cell: usize| (cell as f64 + 0.5) / cells as f64;
        let sum: f64 = (0..cells).map(|cell| kernels.density(middle(cell)) / cells as f64).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert!((kernels.probability(0.0, 1.0) - 1.0).abs() < 1e-12);
        let tenth = kernels.probability(0.1, 0.2);
        let summed: f64 =
            (1000..2000).map(|cell| kernels.density(middle(cell)) / cells as f64).sum();
        assert!((tenth - summed).abs() < 1e-6, "{tenth} {summed}");
        let shares = Shares::new(4, &[0, 2, 2], 1.0);
        assert!((shares.0.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn draws_follow_the_density() {
        let kernels = Kernels::new(&[0.2, 0.25, 0.9], &[1.0; 3], 0.5);
        let mut stream = Stream::new(1, 1);
        let inside =
            (0..20_000).filter(|_| (0.1..0.4).contains(&kernels.draw(&mut stream))).count();
        let expected = kernels.probability(0.1, 0.4) * 20_000.0;
        assert!((inside as f64 - expected).abs() < 300.0, "{inside} {expected}");
        let shares = Shares::new(3, &[1, 1, 2], 1.0);
        let drawn = (0..20_000).filter(|_| shares.draw(&mut stream) == 1).count();
        assert!((drawn as f64 - shares.share(1) * 20_000.0).abs() < 300.0, "{drawn}");
    }

    /// Worked by hand; 0.1 has its neighbour at 0.1, but with three trials and
    /// the prior nothing is narrower than a fifth.
    #[test]
    fn a_kernel_is_as_wide_as_its_larger_gap() {
        for (width, expected) in widths(&[0.9, 0.2, 0.1]).iter().zip([0.7, 0.7, 0.2]) {
            assert!((width - expected).abs() < 1e-12, "{width} {expected}");
        }
        assert_eq!(widths(&[0.25]), [0.75]);
    }

    /// Worked by hand: two trials of word 0, three words, prior weight 1. Each
    /// trial's row is (4/3, 1/3, 1/3) / 2, the prior's (1, 1, 1) / 3.
    #[test]
    fn shares_are_smoothed() {
        let shares = Shares::new(3, &[0, 0], 1.0);
        let expected = [(2.0 * 4.0 / 6.0 + 1.0 / 3.0) / 3.0, (2.0 / 6.0 + 1.0 / 3.0) / 3.0];
        assert!((shares.share(0) - expected[0]).abs() < 1e-12);
        assert!((shares.share(2) - expected[1]).abs() < 1e-12);
    }

    #[test]
    fn old_trials_fade() {
        assert_eq!(recency(25), vec![1.0; 25]);
        let weights = recency(50);
        assert_eq!((weights[0], weights[24], weights[25]), (1.0 / 50.0, 1.0, 1.0));
        assert_eq!(recency(26)[0], 1.0 / 26.0);
        assert!(recency(0).is_empty());
    }
}
