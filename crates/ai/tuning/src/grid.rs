//! Every combination once, in the order of nested loops: the first parameter
//! outermost, the last innermost, each from its smallest value or first word.

use crate::axis::{Axis, Point};
use crate::error::Fault;
use crate::points::{Axes, Tried};
use crate::space::{Domain, Double, Space};
use crate::text;

/// A grid must know each value of each parameter.
pub(crate) fn faults(space: &Space) -> Vec<Fault> {
    let endless = space.parameters.iter().enumerate().filter(|(_, parameter)| {
        matches!(parameter.domain, Domain::Double(Double { step: None, count: None, .. }))
    });
    let fault = |(at, _)| {
        let hint = "give step or count, or use algorithm random or tpe";
        Fault::new(format!("parameters[{at}].step"), "is missing, which a grid needs", hint)
    };
    endless.map(fault).collect()
}

/// As the space has them, and doubles with a count as that many words.
pub(crate) fn axes(space: &Space) -> Axes {
    Axes::of(space, |parameter| match &parameter.domain {
        Domain::Double(double @ Double { step: None, count: Some(count), .. }) => {
            Axis::Words(values(double, *count))
        }
        domain => Axis::new(domain),
    })
}

/// None when every point was tried.
pub(crate) fn next(axes: &Axes, tried: &Tried) -> Option<Point> {
    axes.untried_from(axes.first(), tried)
}

/// Both ends as they are and the rest evenly between, on the double's scale.
fn values(double: &Double, count: u32) -> Vec<String> {
    let axis = Axis::new(&Domain::Double(*double));
    let last = count.saturating_sub(1).max(1);
    let mut values: Vec<String> = (0..=last)
        .map(|at| match at {
            0 => text::of_double(double.min),
            at if at == last => text::of_double(double.max),
            at => short(double, &axis.text(axis.at(f64::from(at) / f64::from(last)))),
        })
        .collect();
    // In a range of few doubles some fall together.
    values.dedup();
    values
}

/// With twelve digits: beyond them is the error of the division or logarithm,
/// `0.30000000000000004`. As it is where that would merge neighbours.
fn short(double: &Double, exact: &str) -> String {
    let Double { min, max, .. } = *double;
    let apart = max - min > min.abs().max(max.abs()) * 1e-7;
    let value = text::to_double(exact).and_then(|value| text::to_double(&format!("{value:.11e}")));
    match value {
        Some(value) if apart && min < value && value < max => text::of_double(value),
        _ => exact.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Scale;

    fn counted(min: f64, max: f64, scale: Scale, count: u32) -> Vec<String> {
        values(&Double { min, max, scale, step: None, count: Some(count) }, count)
    }

    #[test]
    fn counts_are_even_on_the_scale_and_keep_the_ends() {
        assert_eq!(counted(0.0, 0.3, Scale::Linear, 4), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(counted(1e-5, 0.1, Scale::Log, 5), ["1e-5", "0.0001", "0.001", "0.01", "0.1"]);
        let third = 1.0 / 3.0;
        let ends = counted(third, 2.0 * third, Scale::Linear, 2);
        assert_eq!(ends, [text::of_double(third), text::of_double(2.0 * third)]);
    }

    #[test]
    fn a_range_of_two_doubles_has_two_values() {
        assert_eq!(counted(1.0, 1.0 + f64::EPSILON, Scale::Linear, 9).len(), 2);
    }
}
