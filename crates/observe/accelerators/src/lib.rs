//! What accelerators a machine has, and what they do now.
//!
//! Owns how each maker is asked: NVML for NVIDIA, sysfs for AMD, DCMI for Ascend, a
//! recording where there is no hardware. What they answer is told in dcgm-exporter's
//! names and labels, whoever made the device, so that one page and one rule serve all.
//! Libraries are loaded when the program runs; one that is absent means no devices of
//! that maker, and is no error.
//!
//! Does not know Kubernetes: who holds a device is asked of whoever renders the page.
//!
//! Start reading at [`Accelerators`] (machine.rs), then `backends.rs`; `counters.rs` is
//! the table of all that can be told.

mod backends;
mod counters;
mod device;
mod error;
mod machine;
mod page;

pub use backends::recorded::Recording;
pub use counters::{COUNTERS, Counter, Kind, Per};
pub use device::{Device, Slice, Vendor};
pub use error::{Error, Result};
pub use machine::{Accelerators, Finding, Outcome};
pub use page::Holder;
