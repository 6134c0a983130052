//! Functions whose minimum is known, as jobs would be. `record_optuna.py` has the same.

use dais_tuning::{Double, Int, Parameter, Parameters, Scale};

use crate::build::{double, int, number, parameter, words};

pub struct Function {
    pub name: &'static str,
    pub parameters: fn() -> Vec<Parameter>,
    pub cost: fn(&Parameters) -> f64,
    /// The smallest cost there is.
    pub lowest: f64,
}

pub const ALL: [Function; 4] = [
    Function { name: "sphere", parameters: sphere_space, cost: sphere, lowest: 0.0 },
    Function {
        name: "branin",
        parameters: branin_space,
        cost: branin,
        lowest: 0.397_887_357_729_739,
    },
    Function { name: "rates", parameters: rates_space, cost: rates, lowest: 0.0 },
    Function { name: "mixed", parameters: mixed_space, cost: mixed, lowest: 0.0 },
];

fn sphere_space() -> Vec<Parameter> {
    (0..5).map(|at| parameter(&format!("x{at}"), double(-5.0, 5.0))).collect()
}

/// Off the middle, where a prior would look first.
fn sphere(parameters: &Parameters) -> f64 {
    let centre = |at: i32| 1.3 * f64::from(at - 2) + 0.3;
    (0..5).map(|at| (number(parameters, &format!("x{at}")) - centre(at)).powi(2)).sum()
}

fn branin_space() -> Vec<Parameter> {
    vec![parameter("x", double(-5.0, 10.0)), parameter("y", double(0.0, 15.0))]
}

/// Three equal valleys (Dixon and Szegő 1978).
fn branin(parameters: &Parameters) -> f64 {
    let (x, y) = (number(parameters, "x"), number(parameters, "y"));
    let pi = std::f64::consts::PI;
    let valley = y - 5.1 / (4.0 * pi * pi) * x * x + 5.0 / pi * x - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * x.cos() + 10.0
}

fn rates_space() -> Vec<Parameter> {
    let log = |min, max| Double { scale: Scale::Log, ..double(min, max) };
    vec![
        parameter("rate", log(1e-6, 1.0)),
        parameter("decay", log(1e-8, 0.1)),
        parameter("units", Int { scale: Scale::Log, ..int(8, 4096) }),
    ]
}

/// A valley around a rate of 0.003, a decay of 0.0001 and 256 units.
fn rates(parameters: &Parameters) -> f64 {
    let off = |name, best: f64| (number(parameters, name) / best).log10().powi(2);
    off("rate", 0.003) + 0.5 * off("decay", 1e-4) + off("units", 256.0)
}

fn mixed_space() -> Vec<Parameter> {
    vec![
        parameter("optimizer", words(&["sgd", "momentum", "adam", "rmsprop"])),
        parameter("schedule", words(&["none", "step", "cosine"])),
        parameter("rate", Double { scale: Scale::Log, ..double(1e-5, 1.0) }),
        parameter("layers", int(1, 12)),
        parameter("dropout", Double { step: Some(0.05), ..double(0.0, 0.9) }),
    ]
}

/// Each optimizer has a best rate of its own and a floor that it does not pass.
fn mixed(parameters: &Parameters) -> f64 {
    let (floor, rate): (f64, f64) = match parameters["optimizer"].as_str() {
        "sgd" => (0.6, 0.1),
        "momentum" => (0.3, 0.03),
        "adam" => (0.0, 0.001),
        _ => (0.2, 0.001),
    };
    let schedule = match parameters["schedule"].as_str() {
        "none" => 0.3,
        "step" => 0.1,
        _ => 0.0,
    };
    let rate = (number(parameters, "rate") / rate).log10().powi(2);
    let layers = ((number(parameters, "layers") - 5.0) / 4.0).powi(2);
    let dropout = ((number(parameters, "dropout") - 0.25) / 0.5).powi(2);
    floor + schedule + rate + layers + dropout
}
