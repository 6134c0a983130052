//! How a variant differs from the control: the estimate that every method of
//! testing starts from, and how far it may be off.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::pair::PairMoments;
use crate::statistic::Statistic;

/// In which unit a difference is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EffectKind {
    /// In units of the metric: 0.12 after 0.10 is 0.02.
    Absolute,
    /// As a share of the control's value: 0.12 after 0.10 is 0.2.
    #[default]
    Relative,
}

/// Which way a metric should go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Better {
    #[default]
    Higher,
    Lower,
}

impl Better {
    /// An effect so that more is better.
    pub fn improvement(self, effect: f64) -> f64 {
        match self {
            Self::Higher => effect,
            Self::Lower => -effect,
        }
    }
}

/// The difference of a variant from the control, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    pub kind: EffectKind,
    pub estimate: f64,
    pub standard_error: f64,
    /// Of Welch and Satterthwaite, from the variances of the two arms.
    pub degrees_of_freedom: f64,
    /// Observations in both arms together.
    pub count: u64,
    /// The control's value, without adjustment.
    pub control: f64,
    /// The variant's value, without adjustment.
    pub variant: f64,
    /// What a unit of the covariate was taken to add; 0 without adjustment.
    pub theta: f64,
}

/// One arm, its variance per observation, and what is adjusted away.
struct Side {
    count: f64,
    mean: f64,
    variance: f64,
    /// θ times the covariate's mean.
    explained: f64,
    /// θ times the covariance of outcome and covariate.
    shared: f64,
    /// θ² times the covariate's variance.
    of_covariate: f64,
    /// Of the outcome alone.
    unadjusted: f64,
}

impl Effect {
    /// Compares two arms on one metric.
    ///
    /// The relative effect divides by the control's magnitude, so that its sign
    /// always says which arm has more; `gbstats` divides by the value, and differs
    /// where the control is below 0. Its variance is that of the delta method,
    /// which needs a control that is surely apart from 0.
    ///
    /// With a covariate, θ is pooled over the two arms, and the relative effect
    /// is that of the adjusted difference against the control's plain value, as
    /// in `gbstats`.
    ///
    /// # Errors
    /// [`Error::TooFew`] below two observations in an arm, and [`Error::NoVariance`]
    /// where an arm's values are all alike: neither says how sure the estimate is.
    pub fn measure(control: &Statistic, variant: &Statistic, kind: EffectKind) -> Result<Self> {
        if !control.same_kind(variant) {
            return Err(Error::DifferentKinds);
        }
        let fewest = control.count().min(variant.count());
        if fewest < 2 {
            return Err(Error::TooFew { count: fewest, needed: 2 });
        }
        let theta = pooled_slope(control, variant)?;
        let (a, b) = (Side::new(control, theta)?, Side::new(variant, theta)?);
        if a.variance <= 0.0 || b.variance <= 0.0 {
            return Err(Error::NoVariance);
        }
        let difference = (b.mean - b.explained) - (a.mean - a.explained);
        let (estimate, variance) = match kind {
            EffectKind::Absolute => (difference, a.variance / a.count + b.variance / b.count),
            EffectKind::Relative if a.mean == 0.0 => return Err(Error::ZeroBaseline),
            EffectKind::Relative => (difference / a.mean.abs(), relative_variance(&a, &b)),
        };
        let effect = Self {
            kind,
            estimate,
            standard_error: variance.sqrt(),
            degrees_of_freedom: welch(&a, &b),
            count: control.count().saturating_add(variant.count()),
            control: a.mean,
            variant: b.mean,
            theta,
        };
        effect.usable()
    }

    /// The absolute effect, to decide whether there is one at all: with the variance that
    /// the arms have each, or that they have where they are alike, whichever is larger.
    ///
    /// [`Effect::measure`] is wrong too often with few successes or skewed values, most of
    /// all in the smaller of two arms: one that happens to be low then happens to vary
    /// little. And a relative effect divides by what may be near 0.
    pub(crate) fn difference(control: &Statistic, variant: &Statistic) -> Result<Self> {
        let mut effect = Self::measure(control, variant, EffectKind::Absolute)?;
        let (a, b) = (Side::new(control, effect.theta)?, Side::new(variant, effect.theta)?);
        effect.standard_error = effect.standard_error.max(variance_alike(&a, &b, 1.0).sqrt());
        effect.usable()
    }

    /// How many standard errors the effect is above `edge`, in the way of
    /// [`Effect::difference`]. Of a relative effect that is how far the variant is from
    /// this multiple of the control: Fieller, "Some problems in interval estimation"
    /// (Journal of the Royal Statistical Society B 16, 1954).
    pub(crate) fn distance(
        (control, variant): (&Statistic, &Statistic),
        kind: EffectKind,
        edge: f64,
    ) -> Result<f64> {
        let theta = pooled_slope(control, variant)?;
        let (a, b) = (Side::new(control, theta)?, Side::new(variant, theta)?);
        let (times, more) = match kind {
            EffectKind::Absolute => (1.0, edge),
            EffectKind::Relative => (1.0 + edge * a.mean.signum(), 0.0),
        };
        let difference = (b.mean - b.explained) - (times * a.mean - a.explained) - more;
        let variance = variance_beside(&a, &b, times).max(variance_alike(&a, &b, times));
        let distance = difference / variance.sqrt();
        if distance.is_finite() { Ok(distance) } else { Err(Error::NotFinite) }
    }

    /// Refuses what rounding or overflow has made of extreme values.
    fn usable(self) -> Result<Self> {
        let figures = [self.estimate, self.standard_error, self.degrees_of_freedom];
        if !figures.iter().all(|figure| figure.is_finite()) {
            return Err(Error::NotFinite);
        }
        if self.standard_error > 0.0 { Ok(self) } else { Err(Error::NoVariance) }
    }

    /// The effect's variance times the observations it came from: what stays the
    /// same while a test grows evenly.
    pub(crate) fn unit_variance(&self) -> f64 {
        self.standard_error * self.standard_error * self.count as f64
    }
}

fn pooled_slope(control: &Statistic, variant: &Statistic) -> Result<f64> {
    let (Statistic::Adjusted(control), Statistic::Adjusted(variant)) = (control, variant) else {
        return Ok(0.0);
    };
    let mut both: PairMoments = *control;
    both.merge(variant);
    let theta = both.slope();
    if theta.is_finite() { Ok(theta) } else { Err(Error::NotFinite) }
}

impl Side {
    fn new(statistic: &Statistic, theta: f64) -> Result<Self> {
        let unadjusted = statistic.variance()?;
        let (explained, shared, of_covariate) = match statistic {
            Statistic::Adjusted(pair) => (
                theta * pair.second().mean(),
                theta * pair.covariance(),
                theta * theta * pair.second().variance(),
            ),
            _ => (0.0, 0.0, 0.0),
        };
        Ok(Self {
            count: statistic.count() as f64,
            mean: statistic.mean()?,
            variance: unadjusted + of_covariate - 2.0 * shared,
            explained,
            shared,
            of_covariate,
            unadjusted,
        })
    }
}

/// By the delta method: `(Y_b − θX_b + θX_a) / Y_a − 1`, whose derivative in `Y_a`
/// is `−Y_b / Y_a²`. Without a covariate it is the variance of a ratio of two
/// independent means. GrowthBook documentation, "Statistical details", and
/// `frequentist_variance_relative_cuped` in the repository of `gbstats`; 0.8.0 still
/// took the control's value for independent of what adjusts it.
fn relative_variance(a: &Side, b: &Side) -> f64 {
    variance_beside(a, b, b.mean / a.mean) / (a.mean * a.mean)
}

/// Of the adjusted variant less `times` the control.
fn variance_beside(a: &Side, b: &Side, times: f64) -> f64 {
    let of_control = a.unadjusted * times * times - 2.0 * a.shared * times + a.of_covariate;
    b.variance / b.count + of_control / a.count
}

/// The same, where both arms are of one kind of users: with the variance of all of them.
fn variance_alike(a: &Side, b: &Side, times: f64) -> f64 {
    let all = a.count + b.count;
    let apart = (b.mean - b.explained) - (a.mean - a.explained);
    let within = a.count * a.variance + b.count * b.variance;
    let variance = (within + a.count * b.count / all * apart * apart) / all;
    variance * (1.0 / b.count + times * times / a.count)
}

/// Welch, "The generalization of 'Student's' problem when several different
/// population variances are involved" (Biometrika 34, 1947).
fn welch(a: &Side, b: &Side) -> f64 {
    let (of_a, of_b) = (a.variance / a.count, b.variance / b.count);
    // As shares of their sum, so that no power of a variance leaves the range of numbers.
    let (share_a, share_b) = (of_a / (of_a + of_b), of_b / (of_a + of_b));
    1.0 / (share_a * share_a / (a.count - 1.0) + share_b * share_b / (b.count - 1.0))
}
