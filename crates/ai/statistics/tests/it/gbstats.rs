//! Every method against `gbstats`, GrowthBook's engine, on random data.
//!
//! Twice. Live against the package that PyPI has, with `DAIS_TEST_PYTHON`, a Python
//! that has it; without one this is skipped, except where `CI=true`. And against
//! `recorded.json`, which holds what answer.py answered to fewer cases with the
//! source of GrowthBook's repository at commit 8f1db44 of 21 August 2026: that has
//! what was never released. To record it anew:
//!
//! ```sh
//! PYTHONPATH=growthbook/packages/stats DAIS_TEST_PYTHON=… DAIS_GBSTATS_RECORD=recorded.json \
//!     cargo test -p dais-statistics gbstats
//! ```
//!
//! What is compared, with which settings, and how close it must be (relatively, where
//! nothing else is said):
//!
//! | Method | Settings | On | Tolerance |
//! |---|---|---|---|
//! | effect and standard error: proportions, means, ratios | absolute, relative | both | [`CLOSED`] |
//! | the same with a covariate (CUPED) | absolute | both | [`CLOSED`] |
//! | | relative: 0.8.0 has another variance, since given up | recorded | [`CLOSED`] |
//! | t-test: p-value, interval | α 0.05, 0.01, 0.2 | both | [`CLOSED`], p ± [`TAIL`] |
//! | sequential, two sides | α as above, tuning 5,000 | both | [`CLOSED`] |
//! | sequential, one side (guardrails) | the same | recorded | [`CLOSED`] |
//! | Bayesian: chance, interval, risk | flat prior; N(0.01, 0.3²), absolute, relative | both | [`CLOSED`], chance ± [`TAIL`] |
//! | power, smallest effect found | power 0.8; 1 or 3 tests, sequential, a prior | recorded | [`CLOSED`] |
//! | growth until an effect of 0.02 is found | the same | recorded | power ± [`SEARCH`] |
//! | mismatch of the split | 2 to 6 arms | both | [`CLOSED`] |
//! | bandit: chance to be best, shares | 3 to 5 arms, least share 0.01, best and top two | recorded | ± [`DRAWN`] |
//!
//! Quantiles of `gbstats` are no part of this crate, and of none of the kinds.

mod asked;

use std::io::Write;
use std::process::{Command, Stdio};

use dais_statistics::{
    Bandit, Better, Effect, EffectKind, Guardrail, Prior, Rule, Statistic, bayesian, fixed,
    mismatch, sequential,
};
use serde_json::Value;

use crate::arms::{close, seeded};
use asked::{PRIOR, TUNING, WANTED, powers, questions, statistic};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/gbstats/answer.py");
const RECORDED: &str = include_str!("gbstats/recorded.json");

/// Relative. Both sides round in a dozen places, most of all where sums of squares
/// are subtracted.
const CLOSED: f64 = 1e-9;

/// `gbstats` takes small tails as 1 less the rest, which has an error of this size.
const TAIL: f64 = 1e-14;

/// `gbstats` looks for a growth until its power is this close.
const SEARCH: f64 = 1e-5;

/// Shares: 10,000 draws there and 100,000 here are 0.0052 apart at one standard
/// deviation at most; five of them.
const DRAWN: f64 = 0.026;

#[test]
fn figures_are_those_of_the_released_gbstats() {
    let python = std::env::var("DAIS_TEST_PYTHON").ok().filter(|path| !path.is_empty());
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(python.is_some() || !ci, "DAIS_TEST_PYTHON must be set where CI=true");
    let Some(python) = python else {
        eprintln!("skipped: DAIS_TEST_PYTHON is not set");
        return;
    };
    let record = std::env::var_os("DAIS_GBSTATS_RECORD");
    let answered = ask(&python, &questions(if record.is_some() { 4 } else { 60 }));
    if let Some(path) = record {
        std::fs::write(path, answered).expect("a file to record to");
        return;
    }
    let compared = compare(&serde_json::from_str(&answered).expect("json"));
    let Compared { pairs, priors, splits, .. } = compared;
    assert_eq!((pairs, priors, splits), (7 * 60, 7 * 60, 100), "{compared:?}");
}

#[test]
fn figures_are_those_of_the_unreleased_gbstats() {
    let compared = compare(&serde_json::from_str(RECORDED).expect("json"));
    let Compared { pairs, powers, splits, bandits, .. } = compared;
    assert_eq!((pairs, powers, splits, bandits), (32, 32, 100, 24), "{compared:?}");
}

fn ask(python: &str, question: &Value) -> String {
    let mut asked = Command::new(python)
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("DAIS_TEST_PYTHON runs");
    let mut input = asked.stdin.take().expect("a pipe");
    input.write_all(question.to_string().as_bytes()).expect("answer.py reads");
    drop(input);
    let answered = asked.wait_with_output().expect("answer.py ends");
    assert!(answered.status.success(), "answer.py failed");
    String::from_utf8(answered.stdout).expect("text")
}

/// How much was compared: an answer that is left out must not pass for one that agrees.
#[derive(Debug, Default)]
struct Compared {
    pairs: usize,
    priors: usize,
    powers: usize,
    splits: usize,
    bandits: usize,
}

fn compare(all: &Value) -> Compared {
    let both = |name: &str| {
        let of = |side: &str| all[side][name].as_array().expect(name).iter();
        of("asked").zip(of("answered")).filter(|(_, answer)| !answer.is_null())
    };
    let mut compared = Compared::default();
    for (case, answer) in both("pairs") {
        let kind: EffectKind = serde_json::from_value(case["kind"].clone()).expect("a kind");
        let effect =
            Effect::measure(&statistic(&case["control"]), &statistic(&case["variant"]), kind);
        let effect = effect.unwrap_or_else(|error| panic!("{case}: {error}"));
        let pair = Pair { case, answer, effect, alpha: case["alpha"].as_f64().expect("alpha") };
        pair.frequentist();
        pair.bayesian();
        compared.pairs += 1;
        compared.priors += usize::from(answer.get("absolutePrior").is_some());
        if answer.get("powerFixed").is_some() {
            pair.one_sided();
            pair.power();
            compared.powers += 1;
        }
    }
    for (case, answer) in both("splits") {
        split(case, answer);
        compared.splits += 1;
    }
    for (case, answer) in both("bandits") {
        bandit(case, answer);
        compared.bandits += 1;
    }
    compared
}

/// One comparison of two arms, and what `gbstats` says about it.
struct Pair<'a> {
    case: &'a Value,
    answer: &'a Value,
    effect: Effect,
    alpha: f64,
}

impl Pair<'_> {
    fn same(&self, group: &str, name: &str, ours: f64, relative: f64, absolute: f64) {
        let theirs = self.answer[group][name].as_f64().unwrap_or(f64::NAN);
        assert!(
            close(ours, theirs, relative, absolute),
            "{} {group} {name}: {ours} here, {theirs} in gbstats",
            self.case
        );
    }

    /// An estimate near 0 is the difference of two larger numbers.
    fn tiny(&self) -> f64 {
        CLOSED * self.effect.standard_error
    }

    fn frequentist(&self) {
        let Self { effect, alpha, .. } = self;
        self.same("fixed", "estimate", effect.estimate, CLOSED, self.tiny());
        self.same("fixed", "standardError", effect.standard_error, CLOSED, 0.0);
        for (group, ours, tail) in [
            ("fixed", fixed(effect, *alpha), TAIL),
            ("sequential", sequential(effect, *alpha, TUNING), 0.0),
        ] {
            let ours = ours.expect("a result");
            self.same(group, "pValue", ours.p_value, CLOSED, tail);
            self.same(group, "lower", ours.interval.lower, CLOSED, self.tiny());
            self.same(group, "upper", ours.interval.upper, CLOSED, self.tiny());
        }
    }

    fn one_sided(&self) {
        let Self { effect, alpha, .. } = *self;
        let guardrail =
            Guardrail { kind: effect.kind, alpha, tuning: TUNING, ..Guardrail::default() };
        let ours = guardrail.judge(&effect).expect("a result");
        self.same("oneSided", "lower", ours.lower, CLOSED, self.tiny());
        self.same("oneSided", "upper", ours.upper, CLOSED, self.tiny());
    }

    fn bayesian(&self) {
        let (mean, deviation) = PRIOR;
        let normal = |of| Prior::Normal { mean, deviation, of };
        let tiny = self.tiny();
        for (group, prior, better) in [
            ("flat", Prior::Flat, Better::Higher),
            ("flatLower", Prior::Flat, Better::Lower),
            ("relativePrior", normal(EffectKind::Relative), Better::Higher),
            ("absolutePrior", normal(EffectKind::Absolute), Better::Lower),
        ] {
            if self.answer.get(group).is_none() {
                continue;
            }
            let ours = bayesian(&self.effect, better, prior, self.alpha).expect("a result");
            self.same(group, "estimate", ours.estimate, CLOSED, tiny);
            self.same(group, "deviation", ours.deviation, CLOSED, 0.0);
            self.same(group, "lower", ours.interval.lower, CLOSED, tiny);
            self.same(group, "upper", ours.interval.upper, CLOSED, tiny);
            self.same(group, "chanceToWin", ours.chance_to_win, CLOSED, TAIL);
            // There the mean of what is cut off times its probability, and in a tail
            // both of them have lost digits.
            self.same(group, "riskControl", ours.risk.control, CLOSED, tiny);
            self.same(group, "riskVariant", ours.risk.variant, CLOSED, tiny);
        }
    }

    fn power(&self) {
        let Self { effect, alpha, .. } = *self;
        for (group, power) in powers(alpha, effect.kind) {
            self.same(group, "ofDetectable", power.power, CLOSED, TAIL);
            // And what is detectable now is what it was when that was asked.
            let ours = power.detectable(&effect, 0.0).expect("an effect");
            let asked = self.case["detectable"][group].as_f64().expect("an effect");
            assert!(close(ours, asked, CLOSED, 0.0), "{} {group}: {ours}, {asked}", self.case);
            for (at, growth) in [("now", 0.0), ("doubled", 1.0), ("hundredfold", 99.0)] {
                let ours = power.chance(&effect, WANTED, growth).expect("a chance");
                self.same(group, at, ours, CLOSED, TAIL);
            }
            let ours = power.growth(&effect, WANTED).expect("a growth");
            let theirs = self.answer[group]["growth"].as_f64();
            assert_eq!(ours.is_some(), theirs.is_some(), "{group}: {ours:?} {theirs:?}");
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            let missed = power.chance(&effect, WANTED, theirs).expect("a chance") - power.power;
            assert!(
                missed.abs() < SEARCH || (ours, theirs) == (0.0, 0.0),
                "{} {group}: {ours} here, {theirs} in gbstats",
                self.case
            );
        }
    }
}

fn numbers<T: serde::de::DeserializeOwned>(of: &Value) -> Vec<T> {
    serde_json::from_value(of.clone()).expect("numbers")
}

fn split(case: &Value, theirs: &Value) {
    let ours = mismatch(&numbers(&case["users"]), &numbers(&case["shares"])).expect("a p-value");
    let theirs = theirs.as_f64().expect("a number");
    assert!(close(ours, theirs, CLOSED, 0.0), "{case}: {ours} here, {theirs} in gbstats");
}

fn bandit(case: &Value, theirs: &Value) {
    let is = |name: &str| case[name].as_bool().expect(name);
    let better = if is("lower") { Better::Lower } else { Better::Higher };
    let rule = if is("topTwo") { Rule::TopTwo } else { Rule::Best };
    let bandit = Bandit { better, rule, draws: 100_000, ..Bandit::default() };
    let arms: Vec<Statistic> =
        case["arms"].as_array().expect("arms").iter().map(statistic).collect();
    let ours = bandit.shares(&arms, &mut seeded(1)).expect("shares");
    for (name, ours) in [("best", &ours.best), ("shares", &ours.shares)] {
        for (ours, theirs) in ours.iter().zip(numbers::<f64>(&theirs[name])) {
            assert!((ours - theirs).abs() < DRAWN, "{name}: {ours} here, {theirs} in gbstats");
        }
    }
}
