//! Label and field selectors: parsing and matching.

pub mod field;
pub mod label;

pub use field::FieldSelector;
pub use label::LabelSelector;
