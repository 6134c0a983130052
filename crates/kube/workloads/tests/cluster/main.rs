//! The controllers against the API server, in this process. Pods are run by a
//! node that only says that they run: see [`world`].

mod collection;
mod deployments;
mod endpoints;
mod jobs;
mod namespaces;
mod scheduling;
mod stateful_sets;
mod world;
