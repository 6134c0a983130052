//! Container images on one machine, by content.
//!
//! Owns a folder in which every image is one read-only tree of files, the names that people
//! gave to images, and who holds which. Takes archives as `docker save` and OCI tools write
//! them, trusts nothing in them, and leaves nothing half-made. Does not know pods, HTTP, or
//! how a container is run on a tree.
//!
//! ```text
//! archive ─▶ archive (one spooled tar) ─▶ layout (which images) ─▶ unpack (one tree) ─▶ store
//! ```
//!
//! Start reading at [`Images`] (store.rs).

mod archive;
mod config;
mod digest;
mod error;
mod layout;
mod reference;
mod store;
mod tape;
mod tree;
mod unpack;

pub use config::{Image, Program};
pub use error::{Error, Result};
pub use reference::canonical;
pub use store::{Images, Limits, Removed};
