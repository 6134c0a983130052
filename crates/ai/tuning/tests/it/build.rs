//! Plans and histories in few words.

use dais_tuning::{
    Algorithm, Categorical, Direction, Domain, Double, Int, Objective, Outcome, Parameter,
    Parameters, Plan, Scale, Search, Space, Tpe, Trial,
};

pub fn double(min: f64, max: f64) -> Double {
    Double { min, max, scale: Scale::Linear, step: None, count: None }
}

pub fn int(min: i64, max: i64) -> Int {
    Int { min, max, scale: Scale::Linear, step: None }
}

pub fn words(values: &[&str]) -> Categorical {
    Categorical { values: values.iter().map(|value| (*value).to_owned()).collect() }
}

pub fn parameter(name: &str, domain: impl IntoDomain) -> Parameter {
    Parameter { name: name.to_owned(), domain: domain.into_domain() }
}

pub trait IntoDomain {
    fn into_domain(self) -> Domain;
}

impl IntoDomain for Domain {
    fn into_domain(self) -> Domain {
        self
    }
}

impl IntoDomain for Double {
    fn into_domain(self) -> Domain {
        Domain::Double(self)
    }
}

impl IntoDomain for Int {
    fn into_domain(self) -> Domain {
        Domain::Int(self)
    }
}

impl IntoDomain for Categorical {
    fn into_domain(self) -> Domain {
        Domain::Categorical(self)
    }
}

pub fn plan(parameters: Vec<Parameter>, algorithm: Algorithm, seed: u64) -> Plan {
    let objective =
        Objective { metric: "loss".to_owned(), direction: Direction::Minimize, goal: None };
    Plan { space: Space { parameters }, objective, algorithm, seed }
}

pub fn search(parameters: Vec<Parameter>, algorithm: Algorithm, seed: u64) -> Search {
    Search::new(plan(parameters, algorithm, seed)).expect("a plan without faults")
}

pub fn tpe() -> Algorithm {
    Algorithm::Tpe(Tpe::default())
}

/// Runs a search alone, each trial to its end, until `trials` or exhaustion.
pub fn run(search: &Search, trials: u64, cost: impl Fn(&Parameters) -> f64) -> Vec<Trial> {
    let mut history = Vec::new();
    for number in 0..trials {
        let Some(parameters) = search.suggest(number, &history) else { break };
        let outcome = Outcome::Finished(cost(&parameters));
        history.push(Trial { number, parameters, outcome });
    }
    history
}

pub fn number(parameters: &Parameters, name: &str) -> f64 {
    parameters[name].parse().expect("a number")
}
