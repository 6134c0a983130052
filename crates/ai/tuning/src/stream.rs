//! Random numbers that depend on the seed and the number of the trial alone.
//!
//! ChaCha8 has 2^64 independent streams for one key, and the uniform and
//! normal draws are made here and with `libm`, so that neither a newer `rand`
//! nor another C library changes what a search under way tries next.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// The seed is the key, the trial's number picks the stream.
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(number);
        Self(rng)
    }

    /// Evenly from [0, 1), with all 53 bits of a double.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly from 0 to `below - 1`; 0 when there is no other choice. The
    /// product's high word is biased by at most `below` / 2^64 (Lemire 2019).
    pub(crate) fn below(&mut self, below: u128) -> u64 {
        let word = u128::from(self.0.next_u64());
        if below > u128::from(u64::MAX) {
            return word as u64;
        }
        ((word * below) >> 64) as u64
    }

    /// From the normal distribution around `mean` (Box and Muller 1958), cut
    /// off outside [0, 1]. `mean` lies inside and `deviation` is at most 1, so
    /// at least a third of the draws do.
    pub(crate) fn normal_within_unit(&mut self, mean: f64, deviation: f64) -> f64 {
        for _ in 0..64 {
            let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
            let drawn = mean + deviation * radius * libm::cos(std::f64::consts::TAU * self.unit());
            if (0.0..=1.0).contains(&drawn) {
                return drawn;
            }
        }
        mean.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seed: u64, number: u64) -> [u64; 3] {
        let mut stream = Stream::new(seed, number);
        [(); 3].map(|()| stream.below(u128::from(u64::MAX) + 1))
    }

    #[test]
    fn each_trial_has_a_stream_of_its_own() {
        assert_eq!(words(1, 5), words(1, 5));
        assert_ne!(words(1, 5), words(1, 6));
        assert_ne!(words(1, 5), words(2, 5));
    }

    #[test]
    fn draws_are_even_and_inside() {
        let mut stream = Stream::new(7, 0);
        let mut counts = [0; 6];
        let mut sum = 0.0;
        for _ in 0..60_000 {
            counts[stream.below(6) as usize] += 1;
            sum += stream.unit();
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert!((sum / 60_000.0 - 0.5).abs() < 0.01);
        assert_eq!(stream.below(1), 0);
    }

    #[test]
    fn the_normal_has_its_mean_and_deviation() {
        let mut stream = Stream::new(7, 1);
        let drawn: Vec<f64> = (0..20_000).map(|_| stream.normal_within_unit(0.5, 0.1)).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - 0.5).abs() < 0.005 && (variance.sqrt() - 0.1).abs() < 0.005);
        assert!((0..1_000).all(|_| (0.0..=1.0).contains(&stream.normal_within_unit(0.0, 1.0))));
    }
}
