//! End to end on the built binary: what a person does, through its own door.
//!
//! Every test has a platform of its own, on ports and in a directory of its own.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod abtests;
mod accelerators;
mod again;
mod algorithms;
mod applications;
mod approvals;
mod audit;
mod backup;
mod bad_input;
mod buckets;
mod crash;
mod datasets;
mod deleting;
mod engines;
mod environments;
mod exec;
mod full_disk;
mod images;
mod imports;
mod kubectl;
mod labeling;
mod ledger;
mod monitoring;
mod notebooks;
mod ports;
mod preannotation;
mod publishing;
mod queues;
mod replicas;
mod run;
mod serving;
mod start;
mod support;
mod sweeps;
mod tenants;
mod tracing;
mod vulnerabilities;
