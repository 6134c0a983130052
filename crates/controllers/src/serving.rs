//! Servers and a way to them, for every kind that answers requests.
//!
//! Owns how many there are (`scale`), how a new version takes over (`rollout`), the objects
//! behind one address as values (`front`), and bringing them about (`state`). Does not know
//! what runs in a pod.

mod front;
pub mod rollout;
pub mod scale;
mod state;
mod trouble;

pub use front::{Front, Rules, Template, Track};
pub use state::{
    AGAIN, Desired, Next, Servers, State, canary_replicas, is_current, judge, keep, observe, ready,
    refusal, waits, withdraw,
};
pub use trouble::pods;
