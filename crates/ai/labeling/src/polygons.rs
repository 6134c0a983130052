//! Areas of polygons and of what two of them share.
//!
//! Polygons may be concave and may cross themselves; what is inside is told by the
//! even-odd rule. The plane is cut at every corner and crossing into horizontal slabs. In
//! a slab edges do not cross, so what is inside is trapezoids, and a trapezoid's area is
//! its height times its width at half height: exact but for rounding.

pub(crate) type Point = [f64; 2];

#[derive(Clone, Copy)]
struct Edge {
    low: Point,
    high: Point,
}

impl Edge {
    fn x_at(&self, y: f64) -> f64 {
        let share = (y - self.low[1]) / (self.high[1] - self.low[1]);
        self.low[0] + share * (self.high[0] - self.low[0])
    }

    fn spans(&self, y: f64) -> bool {
        self.low[1] < y && y < self.high[1]
    }
}

/// Edges that are not level, lower end first.
fn edges(points: &[Point]) -> Vec<Edge> {
    let next = points.iter().cycle().skip(1);
    let pairs = points.iter().zip(next).filter(|(from, to)| from[1] != to[1]);
    pairs
        .map(|(from, to)| match from[1] < to[1] {
            true => Edge { low: *from, high: *to },
            false => Edge { low: *to, high: *from },
        })
        .collect()
}

/// Where two edges cross, if they do at one point.
fn crossing(a: &Edge, b: &Edge) -> Option<f64> {
    let bottom = a.low[1].max(b.low[1]);
    let top = a.high[1].min(b.high[1]);
    if bottom >= top {
        return None;
    }
    let below = a.x_at(bottom) - b.x_at(bottom);
    let above = a.x_at(top) - b.x_at(top);
    if below * above >= 0.0 {
        return None;
    }
    Some(bottom + (top - bottom) * below / (below - above))
}

fn cuts(edges: &[Edge]) -> Vec<f64> {
    let mut cuts: Vec<f64> = edges.iter().flat_map(|e| [e.low[1], e.high[1]]).collect();
    for (at, one) in edges.iter().enumerate() {
        cuts.extend(edges[at + 1..].iter().filter_map(|other| crossing(one, other)));
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    cuts
}

/// `[from, to)` pairs of x inside a polygon at height `y`.
fn inside(edges: &[Edge], y: f64) -> Vec<[f64; 2]> {
    let crossed = edges.iter().filter(|edge| edge.spans(y));
    let mut at: Vec<f64> = crossed.map(|edge| edge.x_at(y)).collect();
    at.sort_by(f64::total_cmp);
    at.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn width(intervals: &[[f64; 2]]) -> f64 {
    intervals.iter().map(|[from, to]| to - from).sum()
}

fn shared_width(a: &[[f64; 2]], b: &[[f64; 2]]) -> f64 {
    let overlap = |x: &[f64; 2], y: &[f64; 2]| (x[1].min(y[1]) - x[0].max(y[0])).max(0.0);
    a.iter().map(|x| b.iter().map(|y| overlap(x, y)).sum::<f64>()).sum()
}

/// In the square of the points' unit.
pub(crate) fn area(points: &[Point]) -> f64 {
    let edges = edges(points);
    slabs(&cuts(&edges), |y| width(&inside(&edges, y)))
}

fn slabs(cuts: &[f64], width_at: impl Fn(f64) -> f64) -> f64 {
    cuts.windows(2).map(|cut| (cut[1] - cut[0]) * width_at((cut[0] + cut[1]) / 2.0)).sum()
}

/// The area that two polygons share, divided by the area of both together; 0 to 1.
pub(crate) fn intersection_over_union(a: &[Point], b: &[Point]) -> f64 {
    if apart(a, b) {
        return 0.0;
    }
    let (of_a, of_b) = (edges(a), edges(b));
    let all: Vec<Edge> = of_a.iter().chain(&of_b).copied().collect();
    let shared = slabs(&cuts(&all), |y| shared_width(&inside(&of_a, y), &inside(&of_b, y)));
    let union = area(a) + area(b) - shared;
    if union > 0.0 { (shared / union).clamp(0.0, 1.0) } else { 0.0 }
}

fn apart(a: &[Point], b: &[Point]) -> bool {
    let range = |points: &[Point], axis: usize| {
        points.iter().fold((f64::MAX, f64::MIN), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        })
    };
    [0, 1].into_iter().any(|axis| {
        let ((a_low, a_high), (b_low, b_high)) = (range(a, axis), range(b, axis));
        a_high <= b_low || b_high <= a_low
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
    }

    const SQUARE: [Point; 4] = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]];

    fn moved(points: &[Point], x: f64, y: f64) -> Vec<Point> {
        points.iter().map(|p| [p[0] + x, p[1] + y]).collect()
    }

    #[test]
    fn squares_that_overlap_by_a_quarter() {
        close(area(&SQUARE), 4.0);
        close(intersection_over_union(&SQUARE, &moved(&SQUARE, 1.0, 1.0)), 1.0 / 7.0);
        close(intersection_over_union(&SQUARE, &SQUARE), 1.0);
        close(intersection_over_union(&SQUARE, &moved(&SQUARE, 2.0, 0.0)), 0.0);
    }

    #[test]
    fn concave_shapes_and_both_directions() {
        // An L of three unit squares against the missing corner and half of a leg.
        let l = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]];
        let right = [[1.0, 0.0], [1.0, 2.0], [2.0, 2.0], [2.0, 0.0]];
        close(area(&l), 3.0);
        close(intersection_over_union(&l, &right), 1.0 / 4.0);
        let reversed: Vec<Point> = l.iter().rev().copied().collect();
        close(intersection_over_union(&l, &reversed), 1.0);
    }

    #[test]
    fn a_bow_tie_is_its_two_triangles() {
        let bow = [[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]];
        close(area(&bow), 2.0);
        close(intersection_over_union(&bow, &SQUARE), 0.5);
    }

    /// Computed once with shapely 2: two stars of five points, one turned and moved.
    #[test]
    fn stars_as_shapely_has_them() {
        let star = |turn: f64, x: f64, y: f64| -> Vec<Point> {
            let corner = |at: usize| {
                let radius = if at.is_multiple_of(2) { 10.0 } else { 4.0 };
                let angle = turn + at as f64 * std::f64::consts::PI / 5.0;
                [x + radius * angle.cos(), y + radius * angle.sin()]
            };
            (0..10).map(corner).collect()
        };
        let (a, b) = (star(0.0, 20.0, 20.0), star(0.4, 23.0, 18.0));
        close(area(&a), SHAPELY_AREA);
        close(intersection_over_union(&a, &b), SHAPELY_IOU);
    }

    const SHAPELY_AREA: f64 = 117.557_050_458_494_63;
    const SHAPELY_IOU: f64 = 0.408_095_903_633_584_44;
}
