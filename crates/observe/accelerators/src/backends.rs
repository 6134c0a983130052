//! One per maker, and one that plays what was recorded.

use crate::device::{Device, Readings};

pub(crate) mod amd;
pub(crate) mod ascend;
pub(crate) mod nvidia;
pub(crate) mod recorded;

/// One way to see devices. Opening it says what is there, or why nothing is.
pub(crate) trait Backend: Send + Sync {
    /// Always the same, in the same order.
    fn devices(&self) -> Vec<Device>;

    /// What each does now, in the order of [`Backend::devices`]. Blocks.
    fn read(&self) -> Vec<Readings>;
}
