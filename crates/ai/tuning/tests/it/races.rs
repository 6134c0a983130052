//! Early stopping on whole searches: what it saves, and whether it stops the best.

use dais_tuning::{Curve, Direction, Halving, Median, Stopping, Verdict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const TRIALS: usize = 40;
const STEPS: u64 = 81;
const PARALLEL: usize = 6;
const RACES: u64 = 60;

/// A loss that falls by a power of the step towards a floor of its own, as
/// training does (Hestness et al. 2017), with noise; curves cross.
fn curve(rng: &mut ChaCha8Rng) -> Vec<(u64, f64)> {
    let mut unit = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (floor, height, speed) = (0.1 + unit(), 0.5 + unit(), 0.3 + 0.7 * unit());
    let noise = 0.03;
    (1..=STEPS)
        .map(|step| {
            let loss = floor + height * (step as f64).powf(-speed);
            (step, loss + noise * (unit() + unit() + unit() - 1.5))
        })
        .collect()
}

struct Race {
    /// How many would have ended better than the best that ended.
    better: usize,
    /// How much worse the best that ended is than the best that there was.
    lost: f64,
    steps: u64,
}

/// Six at a time, each judged after every step, as a controller does.
fn race(rule: &Stopping, seed: u64) -> Race {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let full: Vec<Vec<(u64, f64)>> = (0..TRIALS).map(|_| curve(&mut rng)).collect();
    let last = |trial: usize| full[trial][STEPS as usize - 1].1;
    let mut shown = vec![0usize; TRIALS];
    let mut running: Vec<usize> = (0..PARALLEL).collect();
    let mut waiting = PARALLEL..TRIALS;
    let mut curves: Vec<Curve> = vec![Curve::default(); TRIALS];
    let mut ended = Vec::new();
    while !running.is_empty() {
        for at in running.clone() {
            shown[at] += 1;
            let points = full[at][..shown[at]].iter().copied();
            let is_full = shown[at] == STEPS as usize;
            curves[at] = if is_full { Curve::finished(points) } else { Curve::new(points) };
            // One that reported nothing counts for nobody.
            let mine = std::mem::take(&mut curves[at]);
            let stop = rule.judge(Direction::Minimize, &mine, &curves) != Verdict::Keep;
            curves[at] = mine;
            if is_full {
                ended.push(at);
            }
            if is_full || stop {
                running.retain(|other| *other != at);
                running.extend(waiting.next());
            }
        }
    }
    let best = (0..TRIALS).map(last).fold(f64::INFINITY, f64::min);
    let reached = ended.iter().map(|at| last(*at)).fold(f64::INFINITY, f64::min);
    let steps = shown.iter().sum::<usize>() as u64;
    let better = (0..TRIALS).filter(|at| last(*at) < reached).count();
    Race { better, lost: reached - best, steps }
}

/// Of all races together.
#[derive(Debug)]
struct Races {
    /// The share in which the best was stopped.
    best_stopped: f64,
    /// The share in which the whole best tenth was stopped.
    tenth_stopped: f64,
    /// The mean; values at the end spread by some 0.3.
    lost: f64,
    /// The share of all steps that were run.
    steps: f64,
}

fn races(rule: Stopping) -> Races {
    let races: Vec<Race> = (0..RACES).map(|seed| race(&rule, seed)).collect();
    let share = |better: usize| {
        races.iter().filter(|race| race.better >= better).count() as f64 / RACES as f64
    };
    let steps = races.iter().map(|race| race.steps).sum::<u64>() as f64;
    Races {
        best_stopped: share(1),
        tenth_stopped: share(TRIALS / 10),
        lost: races.iter().map(|race| race.lost).sum::<f64>() / RACES as f64,
        steps: steps / (RACES as f64 * TRIALS as f64 * STEPS as f64),
    }
}

#[test]
fn the_median_rule_spares_steps_and_rarely_the_best() {
    let found = races(Stopping::Median(Median { min_steps: 5, min_trials: 5 }));
    println!("median: {found:?}");
    assert!(found.best_stopped <= 0.05 && found.lost < 0.005, "{found:?}");
    assert!(found.steps < 0.65, "{found:?}");
}

#[test]
fn halving_spares_most_steps_and_seldom_the_best() {
    let rule = Halving { grace: 3, factor: 3, max_steps: Some(STEPS) };
    let found = races(Stopping::Halving(rule));
    println!("halving: {found:?}");
    assert!(found.best_stopped <= 0.3 && found.tenth_stopped <= 0.08, "{found:?}");
    assert!(found.lost < 0.012 && found.steps < 0.15, "{found:?}");
}
