//! Tails and quantiles, to twelve digits.
//!
//! From `statrs` where it is that exact; it was compared with `mpmath`. Its normal
//! tail is good to ten digits, and to four at 30 deviations: that is `libm`'s. Its
//! quantile of Student's t is good to eight digits in the middle and wrong by a
//! tenth far out: here it is solved for. And its tail of Student's t goes through
//! `ν / (ν + t²)`, so close to 1 that with many users digits are lost: from
//! [`MANY`] on, that is a series.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use statrs::distribution::{ChiSquared, Continuous, ContinuousCDF, Normal, StudentsT};

/// From these degrees of freedom on the series is exact to the last digits, down to
/// tails of 10⁻³⁰.
const MANY: f64 = 1000.0;

/// Newton's method doubles its digits each time; what it has not found by then is
/// not there.
const STEPS: usize = 100;

pub(crate) fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / TAU.sqrt()
}

/// How often a standard normal is above `x`.
pub(crate) fn normal_tail(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// How often chi-squared is above `x`; NaN for degrees of freedom that are none.
pub(crate) fn chi_squared_tail(x: f64, degrees: f64) -> f64 {
    ChiSquared::new(degrees).map_or(f64::NAN, |chi| chi.sf(x))
}

/// How often Student's t is above `t`, from 0.
pub(crate) fn student_tail(t: f64, degrees: f64) -> f64 {
    if degrees < MANY {
        return StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |student| student.sf(t));
    }
    // Hill, "Algorithm 395: Student's t-distribution" (CACM 13, 1970): the normal
    // deviate with the same tail.
    let a = degrees - 0.5;
    let b = 48.0 * a * a;
    let y = a * (t * t / degrees).ln_1p();
    let second = ((-0.4 * y - 3.3) * y - 24.0) * y - 85.5;
    normal_tail(y.sqrt() * (1.0 + (y + 3.0 + second / (0.8 * y * y + 100.0 + b)) / b))
}

/// What Student's t stays below with probability `p`, from 0.5.
pub(crate) fn student_quantile(p: f64, degrees: f64) -> f64 {
    let Ok(student) = StudentsT::new(0.0, 1.0, degrees) else { return f64::NAN };
    let wanted = 1.0 - p;
    let mut t = normal_quantile(p);
    if wanted <= 0.0 || t <= 0.0 {
        return t;
    }
    // Student's tails are the heavier ones: the quantile is above the normal one.
    let (mut lower, mut upper) = (0.0, f64::INFINITY);
    for _ in 0..STEPS {
        let tail = student_tail(t, degrees);
        if tail > wanted {
            lower = t;
        } else {
            upper = t;
        }
        // On the logarithm of the tail, which is close to straight.
        let step = tail * (tail / wanted).ln() / student.pdf(t);
        let next = t + step;
        let next = if next > lower && next < upper {
            next
        } else if upper.is_finite() {
            f64::midpoint(lower, upper)
        } else {
            2.0 * t
        };
        if (next - t).abs() <= f64::EPSILON * t {
            return next;
        }
        t = next;
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Degrees of freedom, t, tail: 40 digits of `mpmath`, rounded.
    const TAILS: [(f64, f64, f64); 12] = [
        (1.0, 0.5, 0.35241638234956673),
        (1.0, 6.0, 0.05256845671125343),
        (2.5, 2.0, 0.078_695_747_878_983),
        (10.0, 2.0, 0.036_694_017_385_370_18),
        (10.0, 6.0, 6.605_443_017_739_28e-5),
        (99.5, 2.0, 0.024_112_933_313_489_24),
        (99.5, 6.0, 1.6044211817927907e-8),
        (999.0, 2.0, 0.022_885_308_486_878_5),
        (999.0, 6.0, 1.3781345344522072e-9),
        (1001.0, 2.0, 0.022885038276710146),
        (1001.0, 6.0, 1.3772356637953631e-9),
        (5000.0, 6.0, 1.0560481416526935e-9),
    ];

    /// Degrees of freedom, probability, quantile.
    const QUANTILES: [(f64, f64, f64); 11] = [
        (1.0, 0.9, 3.077_683_537_175_254),
        (1.0, 0.99975, 1273.2392829359043),
        (2.5, 0.975, 3.5746548420036818),
        (2.5, 0.99975, 24.147_654_460_827_75),
        (10.0, 0.975, 2.2281388519862742),
        (99.5, 0.9, 1.2901178824236916),
        (99.5, 0.99975, 3.598_947_686_962_651),
        (999.0, 0.975, 1.9623414611334496),
        (1001.0, 0.975, 1.9623367052808795),
        (1001.0, 0.99975, 3.4921918681162033),
        (5000.0, 0.9, 1.2817209053357185),
    ];

    fn assert_close(found: f64, expected: f64, what: &str) {
        let off = (found / expected - 1.0).abs();
        assert!(off < 2e-12, "{what}: {found} instead of {expected}, off by {off}");
    }

    #[test]
    fn student_is_exact_to_twelve_digits() {
        for (degrees, t, tail) in TAILS {
            assert_close(student_tail(t, degrees), tail, &format!("tail {degrees} {t}"));
        }
        for (degrees, p, quantile) in QUANTILES {
            assert_close(student_quantile(p, degrees), quantile, &format!("{degrees} {p}"));
        }
    }

    #[test]
    fn the_normal_and_chi_squared_are_exact_to_twelve_digits() {
        let tails = [
            (-3.0, 0.998_650_101_968_369_9),
            (0.0, 0.5),
            (1.0, 0.15865525393145705),
            (6.0, 9.865_876_450_376_98e-10),
            (30.0, 4.906_713_927_148_187e-198),
        ];
        for (x, tail) in tails {
            assert_close(normal_tail(x), tail, &format!("normal {x}"));
        }
        let quantiles = [
            (0.75, 0.674_489_750_196_081_7),
            (0.975, 1.9599639845400539),
            (0.9999, 3.7190164854557084),
        ];
        for (p, quantile) in quantiles {
            assert_close(normal_quantile(p), quantile, &format!("quantile {p}"));
        }
        let tails = [
            (1.0, 0.1, 0.751_829_634_045_849_2),
            (1.0, 10.0, 0.0015654022580025497),
            (2.0, 5.0, 0.082_084_998_623_898_8),
            (4.0, 40.0, 4.3284226071209714e-8),
            (9.0, 9.0, 0.43727418891386706),
            (30.0, 100.0, 1.8568023365102386e-9),
        ];
        for (degrees, x, tail) in tails {
            assert_close(chi_squared_tail(x, degrees), tail, &format!("chi-squared {degrees} {x}"));
        }
    }

    /// Where the series takes over, nothing jumps.
    #[test]
    fn student_is_the_same_from_both_sides() {
        for t in [0.01, 0.3, 1.0, 2.5, 5.0, 10.0] {
            let below = student_tail(t, MANY * (1.0 - f64::EPSILON));
            assert!((below / student_tail(t, MANY) - 1.0).abs() < 5e-12, "{t}");
        }
    }
}
