//! Which traces are kept. By default all of them.
//!
//! *Head* sampling decides by the trace id alone, before anything is spent on the trace;
//! *tail* sampling looks at what became of it: failed and slow traces are kept, and a
//! share of the rest. Both are pure: no clock, no chance, so every part of the platform
//! and every restart decides alike about one trace.

mod tail;

use std::time::Duration;

pub use tail::Tail;

use crate::error::{Error, Result};

/// Settings of the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Share of traces, from 0 to 1, that is taken in at all. Where a caller outside has
    /// decided already, by the sampled flag of W3C Trace Context, that decision counts.
    pub head: f64,
    /// `None` keeps all that head sampling let in.
    pub tail: Option<TailSampling>,
}

/// What is kept of the traces that are taken in.
#[derive(Debug, Clone, PartialEq)]
pub struct TailSampling {
    /// Traces with a span of at least this duration are kept, as are those with an error.
    pub slow: Duration,
    /// Share of the other traces, from 0 to 1, that is kept.
    pub ratio: f64,
    /// A trace that nothing happened to is given up when no span of it has come for so
    /// long. Until then its spans are in memory alone: a crash loses them.
    pub quiet: Duration,
    /// Spans in memory at most, some 450 bytes each. Past it the traces that have been
    /// quiet for the longest are given up early.
    pub waiting: usize,
}

impl Default for Sampling {
    /// Keeps everything.
    fn default() -> Self {
        Sampling { head: 1.0, tail: None }
    }
}

impl Default for TailSampling {
    /// Failed traces, those of a second and longer, and a tenth of the others.
    fn default() -> Self {
        TailSampling {
            slow: Duration::from_secs(1),
            ratio: 0.1,
            quiet: Duration::from_secs(10),
            waiting: 50_000,
        }
    }
}

impl Sampling {
    /// Whether a trace about which nobody has decided yet is begun as a sampled one.
    pub fn keeps(&self, trace_id: &[u8; 16]) -> bool {
        is_within(trace_id, self.head)
    }

    /// # Errors
    /// [`Error::Setting`] for a share that is none.
    pub fn check(&self) -> Result<()> {
        let ratios =
            [("head", Some(self.head)), ("tail.ratio", self.tail.as_ref().map(|t| t.ratio))];
        for (name, ratio) in ratios {
            if let Some(found) = ratio.filter(|ratio| !(0.0..=1.0).contains(ratio)) {
                return Err(Error::Setting(format!(
                    "sampling.{name} is {found}; a share is a number from 0 to 1"
                )));
            }
        }
        Ok(())
    }
}

/// OpenTelemetry's consistent sampling: the last 56 bits of a trace id are random (W3C
/// Trace Context level 2), and those ids are kept that are not below 1 - ratio of their
/// range. A trace that is kept at one ratio is kept at every larger one.
fn is_within(trace_id: &[u8; 16], ratio: f64) -> bool {
    const RANGE: u64 = 1 << 56;
    let [.., a, b, c, d, e, f, g] = *trace_id;
    let random = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
    // Exact: a double has 53 bits, and the ends of the range are powers of two.
    let threshold = ((1.0 - ratio) * RANGE as f64) as u64;
    random >= threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(random: u64) -> [u8; 16] {
        (0xffff_u128 << 64 | u128::from(random)).to_be_bytes()
    }

    #[test]
    fn a_share_of_the_ids_is_kept_and_the_same_ones_at_every_larger_share() {
        let step = (1 << 56) / 1000;
        let kept = |ratio| -> Vec<u64> {
            (0..1000).filter(|at| is_within(&id(at * step), ratio)).collect()
        };
        assert_eq!((kept(1.0).len(), kept(0.0).len()), (1000, 0));
        let (some, more) = (kept(0.25), kept(0.5));
        assert!((249..=251).contains(&some.len()), "{}", some.len());
        assert!(some.iter().all(|at| more.contains(at)));
    }

    #[test]
    fn only_the_random_part_of_an_id_counts() {
        assert_eq!(is_within(&id(1 << 55), 0.5), is_within(&id(1 << 55 | 1 << 63), 0.5));
        assert!(is_within(&id((1 << 56) - 1), 0.001));
        assert!(!is_within(&id(0), 0.999));
    }

    #[test]
    fn a_share_that_is_none_is_refused() {
        for head in [-0.1, 1.1, f64::NAN] {
            assert!(Sampling { head, tail: None }.check().is_err(), "{head}");
        }
        let tail = Some(TailSampling { ratio: 2.0, ..TailSampling::default() });
        let error = Sampling { tail, ..Sampling::default() }.check().unwrap_err().to_string();
        assert!(error.contains("tail.ratio"), "{error}");
        Sampling::default().check().unwrap();
    }
}
