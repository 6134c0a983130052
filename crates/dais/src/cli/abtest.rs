//! Words for A/B tests.

use clap::Subcommand;

#[derive(Clone, Debug, Subcommand)]
pub enum Abtest {
    /// List tests with what was decided
    #[command(after_help = "Example:\n  dais abtest list")]
    List,
    /// Show a test: its variants, the effect on each metric, what was decided
    #[command(
        after_help = "Examples:\n  dais abtest show checkout\n  dais abtest show checkout -o json"
    )]
    Show { name: String },
    /// Let a variant take over, and end the test for good
    #[command(
        after_help = "Examples:\n  dais abtest promote checkout\n  dais abtest promote checkout --variant b"
    )]
    Promote {
        name: String,
        /// Which one; the winner when absent
        #[arg(long)]
        variant: Option<String>,
    },
    /// Give everybody the control for now; who got what is kept
    #[command(after_help = "Example:\n  dais abtest pause checkout")]
    Pause { name: String },
    /// Let a paused test go on
    #[command(after_help = "Example:\n  dais abtest resume checkout")]
    Resume { name: String },
    /// End a test for good: everybody gets the control
    #[command(after_help = "Example:\n  dais abtest stop checkout")]
    Stop { name: String },
}
