//! One parameter as an algorithm sees it: places that have a text, and for
//! numbers a spot in the unit interval.

use crate::lattice::Lattice;
use crate::space::{Domain, Double, Scale};
use crate::stream::Stream;
use crate::text;

/// A value of one parameter: its level, or the bits of a double where any
/// value between the ends will do. Comparable and hashable either way.
pub(crate) type Place = u64;

/// All parameters' places, in the order of the space.
pub(crate) type Point = Vec<Place>;

pub(crate) enum Axis {
    Words(Vec<String>),
    Steps(Lattice),
    Any(Range),
}

/// Any number between two ends.
pub(crate) struct Range {
    min: f64,
    max: f64,
    scale: Scale,
}

impl Axis {
    /// Assumes a domain without faults.
    pub(crate) fn new(domain: &Domain) -> Self {
        match domain {
            Domain::Categorical(categorical) => Self::Words(categorical.values.clone()),
            Domain::Int(int) => Self::Steps(Lattice::of_int(int)),
            Domain::Double(double @ Double { step: Some(step), .. }) => {
                Self::Steps(Lattice::of_double(double, *step))
            }
            Domain::Double(Double { min, max, scale, .. }) => {
                Self::Any(Range { min: *min, max: *max, scale: *scale })
            }
        }
    }

    /// How many places there are; none where they cannot be counted.
    pub(crate) fn levels(&self) -> Option<u128> {
        match self {
            Self::Words(words) => Some(words.len() as u128),
            Self::Steps(lattice) => Some(lattice.levels()),
            Self::Any(_) => None,
        }
    }

    pub(crate) fn text(&self, place: Place) -> String {
        match self {
            Self::Words(words) => words[place as usize].clone(),
            Self::Steps(lattice) => lattice.text(place),
            Self::Any(_) => text::of_double(f64::from_bits(place)),
        }
    }

    /// The place that a text names; none when there is no such place here.
    pub(crate) fn place(&self, text: &str) -> Option<Place> {
        match self {
            Self::Words(words) => words.iter().position(|word| word == text).map(|at| at as Place),
            Self::Steps(lattice) => lattice.level(text),
            Self::Any(range) => {
                let value = text::to_double(text)?;
                (range.min..=range.max).contains(&value).then(|| (value + 0.0).to_bits())
            }
        }
    }

    /// Each place alike, on the parameter's scale.
    pub(crate) fn uniform(&self, stream: &mut Stream) -> Place {
        match self {
            Self::Words(words) => stream.below(words.len() as u128),
            Self::Steps(lattice) if lattice.is_linear() => stream.below(lattice.levels()),
            Self::Steps(_) | Self::Any(_) => self.at(stream.unit()),
        }
    }

    /// The place at a spot of the unit interval; words lie there in their order.
    pub(crate) fn at(&self, unit: f64) -> Place {
        match self {
            Self::Words(words) => {
                ((unit * words.len() as f64) as Place).min(words.len() as Place - 1)
            }
            Self::Steps(lattice) => lattice.at(unit),
            Self::Any(range) => (range.at(unit) + 0.0).to_bits(),
        }
    }

    /// The inverse of [`Axis::at`].
    pub(crate) fn unit(&self, place: Place) -> f64 {
        match self {
            Self::Words(words) => (place as f64 + 0.5) / words.len() as f64,
            Self::Steps(lattice) => lattice.unit(place),
            Self::Any(range) => range.unit(f64::from_bits(place)),
        }
    }
}

impl Range {
    pub(crate) fn at(&self, unit: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => self.min + unit * (self.max - self.min),
            Scale::Log => {
                let (low, high) = (libm::log(self.min), libm::log(self.max));
                libm::exp(low + unit * (high - low))
            }
        };
        value.clamp(self.min, self.max)
    }

    fn unit(&self, value: f64) -> f64 {
        let unit = match self.scale {
            Scale::Linear => (value - self.min) / (self.max - self.min),
            Scale::Log => {
                let (low, high) = (libm::log(self.min), libm::log(self.max));
                (libm::log(value) - low) / (high - low)
            }
        };
        unit.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(min: f64, max: f64, scale: Scale) -> Axis {
        Axis::new(&Domain::Double(Double { min, max, scale, step: None, count: None }))
    }

    #[test]
    fn a_log_scale_gives_each_factor_alike() {
        let axis = range(1e-4, 1.0, Scale::Log);
        for (unit, value) in [(0.0, 1e-4), (0.25, 1e-3), (0.5, 1e-2), (1.0, 1.0)] {
            let at = f64::from_bits(axis.at(unit));
            assert!((at / value - 1.0).abs() < 1e-12, "{at}");
            assert!((axis.unit(axis.at(unit)) - unit).abs() < 1e-12);
        }
    }

    #[test]
    fn the_ends_are_inside_and_nothing_beyond() {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = range(0.1, 0.7, scale);
            let ends = [0.0, 1.0].map(|unit| f64::from_bits(axis.at(unit)));
            assert!(ends[0] - 0.1 < 1e-12 && 0.7 - ends[1] < 1e-12, "{ends:?}");
            assert!(axis.place("0.1").is_some() && axis.place("0.7").is_some());
            assert!(axis.place("0.09").is_none() && axis.place("0.71").is_none());
        }
    }

    #[test]
    fn one_number_has_one_place() {
        let axis = range(-1.0, 1.0, Scale::Linear);
        assert_eq!(axis.place("-0.0"), axis.place("0"));
        assert_eq!(axis.place("0.10"), axis.place("1e-1"));
    }
}
