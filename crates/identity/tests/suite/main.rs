//! One suite for every database.

mod accounts;
mod audit;
mod credentials;
mod databases;
