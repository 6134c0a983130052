//! Evenly stepped numbers, whole or not, counted by level from 0.
//!
//! Each level owns a cell of the unit interval: as wide as every other on a
//! linear scale, and on a log scale from half a step below to half a step
//! above. Models work on the unit interval, so neither the size of the numbers
//! nor that of the range can overflow there.

use crate::space::{Double, Int, Scale};
use crate::text;

pub(crate) struct Lattice {
    numbers: Numbers,
    /// Up to 2^64.
    levels: u128,
    /// The lower edge of the first cell and the width of all, in logarithms.
    log: Option<(f64, f64)>,
}

enum Numbers {
    Whole { min: i64, step: u64 },
    Stepped { min: f64, max: f64, step: f64, decimals: usize },
}

impl Lattice {
    pub(crate) fn of_int(int: &Int) -> Self {
        let step = int.step.map_or(1, i64::unsigned_abs).max(1);
        let levels = u128::from(int.max.abs_diff(int.min) / step) + 1;
        Self::new(Numbers::Whole { min: int.min, step }, levels, int.scale)
    }

    pub(crate) fn of_double(double: &Double, step: f64) -> Self {
        let Double { min, max, .. } = *double;
        let steps = (max - min) / step;
        // What rounding may have taken from the last step: 0.3 / 0.1 is below 3.
        let error = 4.0 * f64::EPSILON * (steps + min.abs().max(max.abs()) / step);
        let levels = (steps + error).floor() as u128 + 1;
        let decimals = text::decimals(min).max(text::decimals(step));
        Self::new(Numbers::Stepped { min, max, step, decimals }, levels, double.scale)
    }

    fn new(numbers: Numbers, levels: u128, scale: Scale) -> Self {
        let mut lattice = Self { numbers, levels, log: None };
        if scale == Scale::Log {
            let lowest = lattice.log_edge(0, -1.0);
            let highest = lattice.log_edge(lattice.last(), 1.0);
            lattice.log = Some((lowest, highest - lowest));
        }
        lattice
    }

    pub(crate) fn levels(&self) -> u128 {
        self.levels
    }

    pub(crate) fn is_linear(&self) -> bool {
        self.log.is_none()
    }

    fn last(&self) -> u64 {
        u64::try_from(self.levels - 1).unwrap_or(u64::MAX)
    }

    fn step(&self) -> f64 {
        match self.numbers {
            Numbers::Whole { step, .. } => step as f64,
            Numbers::Stepped { step, .. } => step,
        }
    }

    /// The number of a level, not rounded to its decimals.
    fn raw(&self, level: u64) -> f64 {
        match self.numbers {
            Numbers::Whole { min, step } => min as f64 + level as f64 * step as f64,
            Numbers::Stepped { min, step, .. } => min + level as f64 * step,
        }
    }

    pub(crate) fn text(&self, level: u64) -> String {
        match self.numbers {
            Numbers::Whole { min, step } => {
                (i128::from(min) + i128::from(level) * i128::from(step)).to_string()
            }
            Numbers::Stepped { min, max, decimals, .. } => {
                text::of_double(text::rounded(self.raw(level), decimals).clamp(min, max))
            }
        }
    }

    /// The level that this text names; none when it lies outside or between two.
    pub(crate) fn level(&self, text: &str) -> Option<u64> {
        match self.numbers {
            Numbers::Whole { min, step } => {
                let value: i64 = text.parse().ok().filter(|value| *value >= min)?;
                let distance = value.abs_diff(min);
                let level = distance.is_multiple_of(step).then_some(distance / step)?;
                (level <= self.last()).then_some(level)
            }
            Numbers::Stepped { min, step, .. } => {
                let value = text::to_double(text)?;
                let level = ((value - min) / step).round();
                if !(0.0..self.levels as f64).contains(&level) {
                    return None;
                }
                let written = text::to_double(&self.text(level as u64))?;
                ((written - value).abs() <= step * 1e-6).then_some(level as u64)
            }
        }
    }

    /// The level whose cell this part of the unit interval lies in.
    pub(crate) fn at(&self, unit: f64) -> u64 {
        let level = match self.log {
            None => (unit * self.levels as f64).floor(),
            Some((lowest, width)) => {
                ((libm::exp(lowest + unit * width) - self.raw(0)) / self.step()).round()
            }
        };
        (level.max(0.0) as u64).min(self.last())
    }

    /// Where the level's own number lies in the unit interval.
    pub(crate) fn unit(&self, level: u64) -> f64 {
        match self.log {
            None => (level as f64 + 0.5) / self.levels as f64,
            Some((lowest, width)) => (libm::log(self.raw(level)) - lowest) / width,
        }
    }

    /// The level's part of the unit interval.
    pub(crate) fn cell(&self, level: u64) -> (f64, f64) {
        let levels = self.levels as f64;
        let (from, to) = match self.log {
            None => (level as f64 / levels, (level as f64 + 1.0) / levels),
            Some((lowest, width)) => {
                let edge = |side| (self.log_edge(level, side) - lowest) / width;
                (edge(-1.0), edge(1.0))
            }
        };
        let from = if level == 0 { 0.0 } else { from };
        (from, if level == self.last() { 1.0 } else { to })
    }

    /// The logarithm of the number half a step below (-1) or above (1). A first
    /// cell as wide as its number would reach down to 0; half of that will do.
    fn log_edge(&self, level: u64, side: f64) -> f64 {
        let (number, step) = (self.raw(level), self.step());
        let part = (side * 0.5 * (step / number)).max(-0.5);
        // Neither a step far above its number nor one near the largest double overflows.
        if part > 1.0 {
            return libm::log(step) + libm::log(0.5 + number / step);
        }
        libm::log(number) + libm::log1p(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubles(min: f64, max: f64, step: f64, scale: Scale) -> Lattice {
        Lattice::of_double(&Double { min, max, scale, step: Some(step), count: None }, step)
    }

    fn ints(min: i64, max: i64, step: Option<i64>, scale: Scale) -> Lattice {
        Lattice::of_int(&Int { min, max, scale, step })
    }

    fn all(lattice: &Lattice) -> Vec<String> {
        (0..=lattice.last()).map(|level| lattice.text(level)).collect()
    }

    #[test]
    fn steps_are_written_without_rounding_errors() {
        let tenths = doubles(0.0, 0.3, 0.1, Scale::Linear);
        assert_eq!(all(&tenths), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(all(&doubles(0.05, 0.3, 0.1, Scale::Linear)), ["0.05", "0.15", "0.25"]);
        assert_eq!(all(&doubles(1e-5, 3.5e-5, 1e-5, Scale::Log)), ["1e-5", "2e-5", "3e-5"]);
        assert_eq!(all(&ints(-3, 4, Some(3), Scale::Linear)), ["-3", "0", "3"]);
        assert_eq!(doubles(0.0, 1.0, 1e-12, Scale::Linear).levels(), 1_000_000_000_001);
    }

    #[test]
    fn texts_between_two_levels_are_none() {
        let tenths = doubles(0.0, 0.3, 0.1, Scale::Linear);
        assert_eq!(tenths.level("0.30000000000000004"), Some(3));
        for text in ["0.15", "0.4", "-0.1", "x", "nan"] {
            assert_eq!(tenths.level(text), None, "{text}");
        }
        let threes = ints(-3, 4, Some(3), Scale::Linear);
        assert_eq!(threes.level("3"), Some(2));
        for text in ["4", "6", "-6", "3.0", "99999999999999999999"] {
            assert_eq!(threes.level(text), None, "{text}");
        }
    }

    #[test]
    fn the_ends_of_all_whole_numbers_are_reached() {
        let whole = ints(i64::MIN, i64::MAX, None, Scale::Linear);
        assert_eq!(whole.levels(), 1 << 64);
        assert_eq!(whole.text(0), i64::MIN.to_string());
        assert_eq!(whole.text(whole.at(1.0)), i64::MAX.to_string());
        assert_eq!(whole.level(&i64::MAX.to_string()), Some(u64::MAX));
    }

    #[test]
    fn cells_fill_the_unit_interval_and_hold_their_level() {
        for lattice in [
            ints(1, 20, None, Scale::Log),
            ints(1, 20, Some(7), Scale::Log),
            ints(-5, 5, None, Scale::Linear),
            doubles(0.001, 0.1, 0.003, Scale::Log),
            doubles(5e-324, 1e-320, 5e-324, Scale::Log),
        ] {
            let mut end = 0.0;
            for level in 0..=lattice.last() {
                let (from, to) = lattice.cell(level);
                assert!((from - end).abs() < 1e-9 && to > from, "{level}: {from} {to} {end}");
                let unit = lattice.unit(level);
                assert!(from <= unit && unit <= to, "{level}: {from} {unit} {to}");
                assert_eq!(lattice.at(unit), level);
                assert_eq!(lattice.at(from + (to - from) * 0.01), level);
                end = to;
            }
            assert_eq!(end, 1.0);
        }
    }
}
