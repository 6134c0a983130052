//! All parameters together: points of the space, their texts, and the walk
//! from one to the next.

use std::collections::{BTreeMap, HashSet};

use crate::axis::{Axis, Place, Point};
use crate::space::{Parameter, Space};
use crate::stream::Stream;

/// The points that some trial of the history has, whatever became of it.
pub(crate) type Tried = HashSet<Point>;

pub(crate) struct Axes {
    names: Vec<String>,
    axes: Vec<Axis>,
}

impl Axes {
    /// Assumes a space without faults.
    pub(crate) fn new(space: &Space) -> Self {
        Self::of(space, |parameter| Axis::new(&parameter.domain))
    }

    pub(crate) fn of(space: &Space, axis: impl Fn(&Parameter) -> Axis) -> Self {
        let names = space.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        Self { names, axes: space.parameters.iter().map(axis).collect() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Axis)> {
        self.names.iter().map(String::as_str).zip(&self.axes)
    }

    /// How many points there are; none where they cannot be counted. A number
    /// beyond 128 bits is cut there, and nobody will ever see the difference.
    pub(crate) fn size(&self) -> Option<u128> {
        let mut levels = self.axes.iter().map(Axis::levels);
        levels.try_fold(1u128, |size, levels| Some(size.saturating_mul(levels?)))
    }

    pub(crate) fn texts(&self, point: &[Place]) -> BTreeMap<String, String> {
        let texts = self.iter().zip(point);
        texts.map(|((name, axis), place)| (name.to_owned(), axis.text(*place))).collect()
    }

    /// The point that these texts name; none when it is not in the space.
    pub(crate) fn point(&self, texts: &BTreeMap<String, String>) -> Option<Point> {
        self.iter().map(|(name, axis)| axis.place(texts.get(name)?)).collect()
    }

    pub(crate) fn first(&self) -> Point {
        vec![0; self.axes.len()]
    }

    pub(crate) fn uniform(&self, stream: &mut Stream) -> Point {
        self.axes.iter().map(|axis| axis.uniform(stream)).collect()
    }

    /// From here on, in the order of nested loops with the last parameter
    /// innermost and around at the end, the first point that nobody tried.
    /// None when all were tried, and in a space that cannot be counted.
    /// Takes at most one step more than there are tried points.
    pub(crate) fn untried_from(&self, mut point: Point, tried: &Tried) -> Option<Point> {
        if self.size()? <= tried.len() as u128 {
            return None;
        }
        while tried.contains(&point) {
            self.advance(&mut point);
        }
        Some(point)
    }

    fn advance(&self, point: &mut [Place]) {
        for (place, axis) in point.iter_mut().zip(&self.axes).rev() {
            if axis.levels().is_some_and(|levels| u128::from(*place) + 1 < levels) {
                *place += 1;
                return;
            }
            *place = 0;
        }
    }
}
