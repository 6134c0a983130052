//! The HTTP side: what a request asks for and how an answer is written.
//!
//! `path` and `query` read the address, `negotiate` the Accept header, `body`
//! the request's body; `respond` writes objects, lists, tables and failures;
//! `handle` leads one request from authentication to its verb.

pub mod body;
pub mod handle;
pub mod negotiate;
pub mod path;
pub mod query;
pub mod respond;
pub mod yaml;
