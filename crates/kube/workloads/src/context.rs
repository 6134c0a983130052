//! What every controller is given.

use kube::Client;
use tokio::sync::watch;

use crate::catalog::Catalog;
use crate::collector::Collector;
use crate::config::Config;
use crate::events::Recorder;
use crate::feeds::Feeds;
use crate::observe::Observed;

/// Shared by all controllers of one [`crate::Workloads`].
pub struct Context {
    /// The way to the world.
    pub client: Client,
    /// What is known of it.
    pub feeds: Feeds,
    /// Which kinds there are.
    pub catalog: Catalog,
    /// Who owns whom.
    pub collector: Collector,
    /// Tells people what was done.
    pub recorder: Recorder,
    /// The books of all controllers.
    pub observed: Observed,
    /// What the caller decided.
    pub config: Config,
    /// True when it is time to stop.
    pub shutdown: watch::Receiver<bool>,
}
