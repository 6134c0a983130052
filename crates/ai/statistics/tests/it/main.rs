//! The figures from outside: against `gbstats`, over thousands of simulated tests,
//! and with values that nobody should send.

mod arms;
mod bandit;
mod decision;
mod gbstats;
mod hostile;
mod power;
mod promises;
mod properties;
mod simulation;
