//! Words for the sampling of traces.

use clap::Args;

/// Which traces are kept.
#[derive(Clone, Copy, Debug, Args)]
pub struct TraceSampling {
    /// Share of traces that is taken in at all, from 0 to 1
    #[arg(long, env = "DAIS_TRACE_SAMPLE_RATIO", default_value_t = 1.0)]
    pub trace_sample_ratio: f64,
    /// Share of traces kept that neither failed nor were slow, from 0 to 1
    #[arg(long, env = "DAIS_TRACE_KEEP_RATIO", default_value_t = 1.0)]
    pub trace_keep_ratio: f64,
    /// Milliseconds from which on a trace is slow, and kept
    #[arg(long, env = "DAIS_TRACE_SLOW_MS", default_value_t = 1000)]
    pub trace_slow_ms: u64,
}
