//! The two densities of each parameter, fitted to a history.

use super::Tpe;
use super::density::{Kernels, Shares, recency};
use crate::axis::{Axis, Place, Point};
use crate::history::Seen;
use crate::points::Axes;
use crate::stream::Stream;

/// More good trials than this would blur what is good about them.
const MOST_GOOD: usize = 25;

/// Lattices up to this size are modelled by the probability of each cell,
/// larger ones by the density in it: by then the same to a part in a thousand.
const MOST_CELLS: u128 = 4096;

pub(super) struct Model<'a> {
    candidates: u32,
    sides: Vec<(&'a Axis, Sides)>,
}

/// What speaks for a place, and what against it.
enum Sides {
    Numbers { good: Kernels, rest: Kernels },
    Words { good: Shares, rest: Shares },
}

impl<'a> Model<'a> {
    pub(super) fn new(tpe: &Tpe, axes: &'a Axes, seen: &[Seen]) -> Self {
        let (good, rest) = parted(tpe.gamma, seen);
        let side = |at: usize, axis: &'a Axis| {
            let places = |side: &[&Seen]| side.iter().map(|seen| seen.point[at]).collect();
            let (good, rest): (Vec<Place>, Vec<Place>) = (places(&good), places(&rest));
            (axis, Sides::new(axis, &good, &rest, tpe.prior_weight))
        };
        let sides = axes.iter().enumerate().map(|(at, (_, axis))| side(at, axis)).collect();
        Self { candidates: tpe.candidates, sides }
    }

    /// The most promising of some candidates, for each parameter by itself.
    pub(super) fn draw(&self, stream: &mut Stream) -> Point {
        let best = |(axis, sides): &(&Axis, Sides)| {
            let mut best = (f64::NEG_INFINITY, 0);
            for _ in 0..self.candidates.max(1) {
                let place = sides.draw(axis, stream);
                let score = sides.score(axis, place);
                if score > best.0 || best.0 == f64::NEG_INFINITY {
                    best = (score, place);
                }
            }
            best.1
        };
        self.sides.iter().map(best).collect()
    }

    /// The logarithm of `l / g` over all parameters.
    pub(super) fn score(&self, point: &[Place]) -> f64 {
        let scores = self.sides.iter().zip(point);
        scores.map(|((axis, sides), place)| sides.score(axis, *place)).sum()
    }
}

/// The best part of the measured trials, and everything else, failures and
/// running ones too; both with the oldest first.
fn parted(gamma: f64, seen: &[Seen]) -> (Vec<&Seen>, Vec<&Seen>) {
    let mut measured: Vec<&Seen> = seen.iter().filter(|seen| seen.merit.is_measured()).collect();
    measured.sort_by(|a, b| a.merit.compare(&b.merit));
    let most = ((gamma * measured.len() as f64).ceil() as usize).clamp(1, MOST_GOOD);
    let mut good: Vec<&Seen> = measured.into_iter().take(most).collect();
    good.sort_by_key(|seen| seen.number);
    let is_good = |seen: &&Seen| good.iter().any(|other| std::ptr::eq(*other, *seen));
    let rest = seen.iter().filter(|seen| !is_good(seen)).collect();
    (good, rest)
}

impl Sides {
    /// Places with the oldest first.
    fn new(axis: &Axis, good: &[Place], rest: &[Place], prior_weight: f64) -> Self {
        if let Axis::Words(words) = axis {
            let shares = |places: &[Place]| Shares::new(words.len(), places, prior_weight);
            return Self::Words { good: shares(good), rest: shares(rest) };
        }
        let kernels = |places: &[Place]| {
            let units: Vec<f64> = places.iter().map(|place| axis.unit(*place)).collect();
            Kernels::new(&units, &recency(units.len()), prior_weight)
        };
        Self::Numbers { good: kernels(good), rest: kernels(rest) }
    }

    fn draw(&self, axis: &Axis, stream: &mut Stream) -> Place {
        match self {
            Self::Numbers { good, .. } => axis.at(good.draw(stream)),
            Self::Words { good, .. } => good.draw(stream),
        }
    }

    fn score(&self, axis: &Axis, place: Place) -> f64 {
        let (good, rest) = match (self, axis) {
            (Self::Words { good, rest }, _) => (good.share(place), rest.share(place)),
            (Self::Numbers { good, rest }, Axis::Steps(lattice))
                if lattice.levels() <= MOST_CELLS =>
            {
                let (from, to) = lattice.cell(place);
                (good.probability(from, to), rest.probability(from, to))
            }
            (Self::Numbers { good, rest }, _) => {
                let unit = axis.unit(place);
                (good.density(unit), rest.density(unit))
            }
        };
        libm::log(good) - libm::log(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Merit;
    use crate::space::{Categorical, Domain, Double, Parameter, Scale, Space};

    fn axes() -> Axes {
        let double = Double { min: 0.0, max: 1.0, scale: Scale::Linear, step: None, count: None };
        let words = Categorical { values: ["a", "b", "c"].map(str::to_owned).to_vec() };
        let parameter = |name: &str, domain| Parameter { name: name.to_owned(), domain };
        let parameters = vec![
            parameter("x", Domain::Double(double)),
            parameter("kind", Domain::Categorical(words)),
        ];
        Axes::new(&Space { parameters })
    }

    /// Costs as far from 0.7 as `x` lies, and 1 more for any kind but b.
    fn seen() -> Vec<Seen> {
        let trial = |number: u64| {
            let (x, kind) = ((number as f64 + 0.5) / 40.0, number % 3);
            let cost = (x - 0.7).abs() + if kind == 1 { 0.0 } else { 1.0 };
            Seen { number, point: vec![x.to_bits(), kind], merit: Merit::Finished(cost) }
        };
        (0..40).map(trial).collect()
    }

    #[test]
    fn the_good_are_the_best_tenth_and_the_rest_is_everything_else() {
        let mut seen = seen();
        seen[0].merit = Merit::Failed;
        seen[1].merit = Merit::Running;
        seen[2].merit = Merit::Stopped(-9.0);
        let (good, rest) = parted(0.1, &seen);
        let numbers: Vec<u64> = good.iter().map(|seen| seen.number).collect();
        // A tenth of 38 measured ones, in the order of their age.
        assert_eq!(numbers, [22, 25, 28, 31]);
        assert_eq!(rest.len(), 36);
        let many: Vec<&Seen> = parted(0.5, &seen).0;
        assert_eq!(many.len(), 19);
    }

    #[test]
    fn the_model_goes_where_the_good_ones_are() {
        let (axes, seen) = (axes(), seen());
        let model = Model::new(&Tpe::default(), &axes, &seen);
        let mut stream = Stream::new(3, 3);
        let points: Vec<Point> = (0..200).map(|_| model.draw(&mut stream)).collect();
        let near = points.iter().filter(|p| (f64::from_bits(p[0]) - 0.7).abs() < 0.2).count();
        assert!(near > 150, "{near} of 200 near the best");
        let right = points.iter().filter(|p| p[1] == 1).count();
        assert!(right > 150, "{right} of 200 of the best kind");
        let score = |x: f64, kind| model.score(&[x.to_bits(), kind]);
        assert!(score(0.7, 1) > score(0.1, 1) && score(0.7, 1) > score(0.7, 0));
    }

    #[test]
    fn where_another_runs_is_less_promising() {
        let axes = axes();
        let mut history = seen();
        let score = |history: &[Seen]| {
            Model::new(&Tpe::default(), &axes, history).score(&[0.7f64.to_bits(), 1])
        };
        let before = score(&history);
        for number in 40..44 {
            let point = vec![0.7f64.to_bits(), 1];
            history.push(Seen { number, point, merit: Merit::Running });
        }
        assert!(score(&history) < before - 0.1, "{} {before}", score(&history));
    }
}
