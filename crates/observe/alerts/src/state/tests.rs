//! Grouping, timing, inhibition, silence and what survives a restart, without a clock.

mod scenes;
mod world;
