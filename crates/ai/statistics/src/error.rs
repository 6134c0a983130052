//! The one error type: why there is no answer.

use serde::{Deserialize, Serialize};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why figures cannot be given. Not a failure of the program: most of these
/// pass by themselves when more observations come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Error {
    #[error("an arm has {count} observations and {needed} are needed: wait for more")]
    TooFew { count: u64, needed: u64 },

    #[error(
        "an arm's values are all alike, so nothing says how sure a difference is: wait for more"
    )]
    NoVariance,

    #[error("the control's mean is 0, and nothing is relative to 0: ask for the absolute effect")]
    ZeroBaseline,

    #[error("the denominator of a ratio is 0 in one arm: wait until it has been counted")]
    ZeroDenominator,

    #[error("an arm counts more successes than observations: count each observation once")]
    MoreThanAll,

    #[error("the arms were measured in different ways: give all of them one kind of statistic")]
    DifferentKinds,

    #[error("an arm has no figures for {metric}: measure it in every arm")]
    NotMeasured { metric: String },

    #[error("a sum is not a finite number: leave out observations that are NaN or infinite")]
    NotFinite,

    #[error("{setting} is out of range: {}", setting.range())]
    Setting { setting: Setting },
}

/// A setting that was out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Setting {
    Alpha,
    Arms,
    ChanceToWin,
    Control,
    Days,
    Draws,
    Growth,
    MaxDays,
    MinShare,
    Negligible,
    Power,
    Prior,
    Shares,
    Tests,
    Tolerated,
    Tuning,
    UsersPerDay,
    Wanted,
}

impl Setting {
    /// What the setting must be.
    pub fn range(self) -> &'static str {
        match self {
            Self::Alpha => "a number between 0 and 0.5",
            Self::Arms => "at least two arms",
            Self::ChanceToWin => "a number above 0.75, below 1",
            Self::Control => "the name of exactly one arm",
            Self::Days => "a finite number from 0",
            Self::Draws => "at least 1",
            Self::Growth => "a finite number from 0",
            Self::MaxDays => "a number above 0",
            Self::MinShare => "a number from 0 that leaves room for every arm",
            Self::Negligible => "a finite number other than 0",
            Self::Power => "a number between 0 and 1",
            Self::Prior => "a finite mean and a finite standard deviation above 0",
            Self::Shares => "one for each arm, from 0, finite, some above 0",
            Self::Tests => "at least 1",
            Self::Tolerated => "a finite number from 0",
            Self::Tuning => "a finite number of observations above 0",
            Self::UsersPerDay => "a finite number above 0",
            Self::Wanted => "a finite number other than 0",
        }
    }

    /// An error that names the setting, unless it is as it must be.
    pub(crate) fn check(self, holds: bool) -> Result<()> {
        if holds { Ok(()) } else { Err(Error::Setting { setting: self }) }
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Alpha => "alpha",
            Self::Arms => "the number of arms",
            Self::ChanceToWin => "the chance to win",
            Self::Control => "the control",
            Self::Days => "the days so far",
            Self::Draws => "the number of draws",
            Self::Growth => "growth",
            Self::MaxDays => "the number of days",
            Self::MinShare => "the least share",
            Self::Negligible => "the negligible effect",
            Self::Power => "power",
            Self::Prior => "the prior",
            Self::Shares => "the expected shares",
            Self::Tests => "the number of tests",
            Self::Tolerated => "the tolerated degradation",
            Self::Tuning => "the tuning parameter",
            Self::UsersPerDay => "the users per day",
            Self::Wanted => "the wanted effect",
        })
    }
}

/// Both tails together are `alpha`; a bound of one side needs it below a half.
pub(crate) fn check_alpha(alpha: f64) -> Result<()> {
    Setting::Alpha.check(alpha > 0.0 && alpha < 0.5)
}
