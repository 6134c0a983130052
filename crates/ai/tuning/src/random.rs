//! Each point alike (Bergstra and Bengio 2012), and how whatever draws keeps
//! from drawing what was tried.

use crate::axis::Point;
use crate::points::{Axes, Tried};
use crate::stream::Stream;

/// In a space of which half was tried, one in four billion is missed so, and
/// then found by a walk.
const DRAWS: usize = 32;

/// None when every point was tried.
pub(crate) fn next(axes: &Axes, tried: &Tried, stream: &mut Stream) -> Option<Point> {
    match untried(tried, || axes.uniform(stream)) {
        Ok(point) => Some(point),
        // Only where two ends are a few doubles apart.
        Err(point) if axes.size().is_none() => Some(point),
        // This favours points behind a run of tried ones; few are left by now.
        Err(point) => axes.untried_from(point, tried),
    }
}

/// A drawn point that nobody tried; the last one drawn when all were tried.
pub(crate) fn untried(tried: &Tried, mut draw: impl FnMut() -> Point) -> Result<Point, Point> {
    let mut point = draw();
    for _ in 1..DRAWS {
        if !tried.contains(&point) {
            return Ok(point);
        }
        point = draw();
    }
    if tried.contains(&point) { Err(point) } else { Ok(point) }
}
