//! Who used how much of what, and what it cost: the ledger of use.
//!
//! It owns entries (one for each run of a container), the hours that each was
//! in use, the price list, and the addresses below `/api/ledger`; on SQLite or
//! PostgreSQL through the same queries. It deliberately does not know where
//! the counters come from, nor who may see what: a [`Scope`] says that.
//!
//! ```text
//! counters so far ─▶ book ─▶ entries ─┬─▶ hours        (cut at full hours, UTC)
//!                                     └─▶ accelerators (held for all of it)
//! hours × prices ─▶ use by person, application … ─▶ JSON, CSV
//! ```
//!
//! Start reading at [`Ledger::book`] (booking.rs), then `groups.rs`.

mod booking;
mod csv;
mod database;
mod entries;
mod error;
mod groups;
mod hours;
mod http;
mod ledger;
mod migrations;
mod prices;
mod range;
mod sql;
mod totals;

pub use booking::{Accelerator, Booking, End, Labels};
pub use entries::{Entry, Page};
pub use error::{Error, Result};
pub use groups::{Group, Point, Series};
pub use http::{openapi, router};
pub use ledger::{Ledger, Options};
pub use prices::{AcceleratorPrice, Fault, Period, PriceList, Prices};
pub use sql::{By, Filter, Scope};
pub use totals::{AcceleratorHours, Totals};
