//! Each way that a test can end, and the shape that a page gets to see.

use std::collections::BTreeMap;

use dais_statistics::{
    Answer, Arm, Better, Counts, DEFAULT_TUNING, Decision, EffectKind, Error, Goal, Guardrail,
    Method, Plan, Prior, Reason, Setting, State, Statistic, Tested,
};
use serde_json::{Value, json};

use crate::arms::{binomial, mean, proportion, seeded};

fn arm(name: &str, successes: u64, count: u64) -> Arm {
    let goal = proportion(successes, count);
    Arm { name: name.into(), share: 1.0, users: count, goal, guardrails: BTreeMap::new() }
}

fn plan(method: Method) -> Plan {
    Plan { method, max_days: 20.0, ..Plan::default() }
}

fn sequential() -> Plan {
    plan(Method::default())
}

fn decide(plan: &Plan, arms: &[Arm], days: f64) -> Decision {
    plan.decide(&plan.analyse(arms, days).expect("a report"))
}

#[test]
fn a_better_variant_wins_at_any_look() {
    let arms = [arm("control", 1000, 10_000), arm("green", 1300, 10_000)];
    let decision = decide(&sequential(), &arms, 3.0);
    assert_eq!((decision.state, decision.variant.as_deref()), (State::Winner, Some("green")));
    let Reason::Significant { p_value, interval, estimate } = decision.reason else { panic!() };
    assert!(p_value < 1e-6 && interval.lower > 0.1 && (estimate - 0.3).abs() < 1e-12);
}

#[test]
fn of_two_better_variants_the_best_wins() {
    let arms = [arm("a", 1300, 10_000), arm("control", 1000, 10_000), arm("b", 1400, 10_000)];
    let decision = decide(&sequential(), &arms, 3.0);
    assert_eq!((decision.state, decision.variant.as_deref()), (State::Winner, Some("b")));
}

#[test]
fn variants_share_alpha() {
    let arms = [arm("control", 1000, 10_000), arm("a", 1050, 10_000), arm("b", 1060, 10_000)];
    let report = sequential().analyse(&arms, 3.0).expect("a report");
    let Some(Answer::Known(comparison)) = &report.arms[1].goal else { panic!() };
    let alone = dais_statistics::sequential(&comparison.effect, 0.025, DEFAULT_TUNING);
    assert_eq!(comparison.tested, Tested::Sequential(alone.expect("a result")));
}

#[test]
fn the_control_wins_over_worse_variants() {
    let mut plan = sequential();
    plan.goal.better = Better::Lower;
    let arms = [arm("control", 1000, 10_000), arm("a", 1300, 10_000), arm("b", 1400, 10_000)];
    let decision = decide(&plan, &arms, 3.0);
    assert_eq!((decision.state, decision.variant.as_deref()), (State::Winner, Some("control")));
    let Reason::ControlBetter { variant, .. } = decision.reason else { panic!() };
    assert_eq!(variant, "a");
}

#[test]
fn what_is_open_goes_on_until_the_last_day() {
    let arms = [arm("control", 1000, 10_000), arm("green", 1030, 10_000)];
    let open = decide(&sequential(), &arms, 3.0);
    assert_eq!(open.state, State::Running);
    assert_eq!(open.reason, Reason::Undecided { days: 3.0, max_days: 20.0 });
    let over = decide(&sequential(), &arms, 20.0);
    assert_eq!((over.state, over.variant.as_deref()), (State::NoDifference, Some("green")));
    let Reason::HorizonReached { detectable, .. } = over.reason else { panic!() };
    assert!((0.1..0.25).contains(&detectable), "{detectable}");
}

#[test]
fn a_fixed_horizon_waits_for_its_day() {
    let arms = [arm("control", 1000, 10_000), arm("green", 1300, 10_000)];
    let plan = plan(Method::Fixed);
    let early = decide(&plan, &arms, 19.9);
    assert_eq!(early.reason, Reason::BeforeHorizon { days: 19.9, max_days: 20.0 });
    assert_eq!(decide(&plan, &arms, 20.0).state, State::Winner);
}

#[test]
fn too_few_wait_and_then_stop() {
    let arms = [arm("control", 10, 90), arm("green", 50, 120)];
    let reason = Reason::Collecting { count: 90, needed: 100 };
    for (days, state) in [(3.0, State::Running), (20.0, State::Stopped)] {
        let decision = decide(&sequential(), &arms, days);
        assert_eq!((decision.state, &decision.reason), (state, &reason));
    }
}

#[test]
fn a_wrong_split_calls_no_winner() {
    let arms = [arm("control", 1000, 10_000), arm("green", 1300, 9_000)];
    for (days, state) in [(3.0, State::Running), (20.0, State::Stopped)] {
        let decision = decide(&sequential(), &arms, days);
        assert_eq!(decision.state, state);
        assert!(
            matches!(decision.reason, Reason::SampleRatioMismatch { p_value, .. } if p_value < 1e-9)
        );
    }
}

fn latency(milliseconds: f64) -> BTreeMap<String, Statistic> {
    BTreeMap::from([("latency".to_owned(), mean(10_000, milliseconds, 400.0))])
}

fn guarded() -> Plan {
    let latency = Guardrail { better: Better::Lower, tolerated: 0.02, ..Guardrail::default() };
    Plan { guardrails: BTreeMap::from([("latency".into(), latency)]), ..sequential() }
}

#[test]
fn a_harmful_variant_never_wins() {
    let control = Arm { guardrails: latency(100.0), ..arm("control", 1000, 10_000) };
    let slow = Arm { guardrails: latency(110.0), ..arm("slow", 1400, 10_000) };
    let alone = decide(&guarded(), &[control.clone(), slow.clone()], 1.0);
    assert_eq!((alone.state, alone.variant.as_deref()), (State::Stopped, Some("slow")));
    let Reason::GuardrailHarmed { metric, figures } = &alone.reason else { panic!() };
    assert!(metric == "latency" && figures.upper < -0.02 && figures.improvement < -0.09);

    let good = Arm { guardrails: latency(101.0), ..arm("good", 1300, 10_000) };
    let both = decide(&guarded(), &[control.clone(), slow, good], 1.0);
    assert_eq!((both.state, both.variant.as_deref()), (State::Winner, Some("good")));
    assert_eq!(both.harmful[0].variant, "slow");

    // Without figures a guardrail is unknown, and says so.
    let report = guarded().analyse(&[control, arm("blind", 1300, 10_000)], 1.0).expect("a report");
    let missing = Error::NotMeasured { metric: "latency".into() };
    assert_eq!(report.arms[1].guardrails["latency"], Answer::Unknown(missing));
}

#[test]
fn an_effect_too_small_to_matter_ends_the_test() {
    let mut plan = sequential();
    plan.goal = Goal { negligible: Some(0.05), ..Goal::default() };
    let arms = [arm("control", 100_000, 400_000), arm("same", 100_100, 400_000)];
    let decision = decide(&plan, &arms, 5.0);
    assert_eq!(decision.state, State::NoDifference);
    assert!(matches!(decision.reason, Reason::Negligible { .. }));
}

#[test]
fn a_chance_decides_the_bayesian_way() {
    let prior = Prior::Normal { mean: 0.0, deviation: 0.3, of: EffectKind::Relative };
    let plan = plan(Method::Bayesian { prior, chance_to_win: 0.95 });
    let decide = |arms: &[Arm]| decide(&plan, arms, 20.0);
    let variant = |successes| [arm("control", 1000, 10_000), arm("green", successes, 10_000)];
    let likely = decide(&variant(1090));
    assert_eq!((likely.state, likely.variant.as_deref()), (State::Winner, Some("green")));
    let Reason::LikelyBetter { chance_to_win, risk, .. } = likely.reason else { panic!() };
    assert!((0.95..0.99).contains(&chance_to_win) && risk < 0.002);
    assert_eq!(decide(&variant(1030)).state, State::NoDifference);
    assert_eq!(decide(&variant(900)).variant.as_deref(), Some("control"));
    // However high the chance: what decides is the look at the end.
    let early = self::decide(&plan, &variant(1400), 19.9);
    assert_eq!(early.reason, Reason::BeforeHorizon { days: 19.9, max_days: 20.0 });
}

#[test]
fn a_plan_that_cannot_be_right_is_refused() {
    let arms = [arm("control", 10, 100), arm("green", 10, 100)];
    let refused = |plan: &Plan, arms: &[Arm]| match plan.analyse(arms, 1.0) {
        Err(Error::Setting { setting }) => setting,
        other => panic!("{other:?}"),
    };
    let of = |change: fn(&mut Plan)| {
        let mut plan = sequential();
        change(&mut plan);
        plan
    };
    assert_eq!(refused(&of(|plan| plan.control = "none".into()), &arms), Setting::Control);
    assert_eq!(refused(&of(|plan| plan.alpha = 1.0), &arms), Setting::Alpha);
    assert_eq!(refused(&of(|plan| plan.max_days = 0.0), &arms), Setting::MaxDays);
    assert_eq!(refused(&of(|plan| plan.goal.wanted = Some(0.0)), &arms), Setting::Wanted);
    assert_eq!(refused(&sequential(), &arms[..1]), Setting::Arms);
    let twice = [arms[0].clone(), arms[0].clone()];
    assert_eq!(refused(&sequential(), &twice), Setting::Control);
}

/// Looked at every day, equal arms have a winner in one test of twenty at most.
#[test]
fn equal_arms_rarely_have_a_winner() {
    const TRIALS: usize = 400;
    let plan = Plan { max_days: 21.0, ..sequential() };
    let named = (0..TRIALS).filter(|trial| {
        let mut rng = seeded(*trial as u64);
        let mut counts = [Counts::default(); 3];
        (1..=20).any(|day| {
            counts.iter_mut().for_each(|arm| arm.merge(&binomial(&mut rng, 150, 0.3)));
            let names = ["control", "a", "b"].into_iter().zip(&counts);
            let arms: Vec<Arm> =
                names.map(|(name, arm)| self::arm(name, arm.successes, arm.count)).collect();
            decide(&plan, &arms, f64::from(day)).state == State::Winner
        })
    });
    // 3.3 standard deviations above 0.05.
    let named = named.count();
    assert!(named as f64 / (TRIALS as f64) < 0.086, "{named} of {TRIALS}");
}

#[test]
fn what_a_page_gets_is_camel_case_and_comes_back_the_same() {
    let mut plan = guarded();
    plan.goal.wanted = Some(0.05);
    let control = Arm { guardrails: latency(100.0), ..arm("control", 1000, 10_000) };
    let green = Arm { guardrails: latency(100.0), ..arm("green", 1030, 10_000) };
    let young = arm("young", 1, 10);
    let report = plan.analyse(&[control, green, young], 2.0).expect("a report");
    let shown = serde_json::to_value(&report).expect("json");
    let comparison = &shown["arms"][1]["goal"]["known"];
    assert_eq!(comparison["tested"]["method"], "sequential");
    for field in ["detectable", "detectableAtEnd"] {
        assert!(comparison[field].is_number(), "{field}: {comparison}");
    }
    assert!(comparison["effect"]["standardError"].is_number());
    assert!(comparison["timeLeft"]["days"].is_number());
    assert_eq!(
        shown["arms"][2]["goal"]["unknown"],
        json!({ "why": "tooFew", "count": 10, "needed": 100 })
    );
    assert_eq!(shown["arms"][1]["guardrails"]["latency"]["known"]["verdict"], "fine");
    assert_eq!(shown["arms"][0]["goal"], Value::Null);
    assert_eq!(serde_json::from_value::<dais_statistics::Report>(shown).expect("back"), report);
    let decision = plan.decide(&report);
    let shown = serde_json::to_value(&decision).expect("json");
    assert_eq!(shown["reason"]["kind"], "sampleRatioMismatch");
    assert_eq!(serde_json::from_value::<Decision>(shown).expect("back"), decision);
    let plain: Plan = serde_json::from_value(json!({ "method": { "kind": "sequential" } }))
        .expect("a plan of defaults");
    assert_eq!(plain, Plan::default());
    let shown = serde_json::to_value(proportion(3, 9)).expect("json");
    assert_eq!(shown, json!({ "kind": "proportion", "count": 9, "successes": 3 }));
}
