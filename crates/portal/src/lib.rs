//! The portal's server side: sign-in, accounts, audit, and the embedded pages.
//!
//! It owns cookies, CSRF protection, security headers and the `/api` addresses.
//! It deliberately does not know what people work with: the pages read that
//! from the Kubernetes API and the other back ends, as the signed-in person.
//!
//! Start reading at [`Portal`]; `authenticate.rs` is what every request of the
//! program passes first.

mod audit;
mod authenticate;
mod body;
mod callers;
mod export;
mod info;
mod openapi;
mod pages;
mod portal;
mod problem;
mod record;
mod session;
mod settings;
mod tokens;
mod users;

pub use callers::BrowserSession;
pub use info::Info;
pub use portal::{Config, Portal, Project, Projects};
pub use problem::Problem;
