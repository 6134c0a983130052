//! Words for moving aliases of models, and for deciding who may.

use clap::Args;

#[derive(Clone, Debug, Args)]
pub struct Promote {
    /// models:/name/version; models:/name with --remove
    pub model: String,
    /// Alias that is to point to it
    pub alias: String,
    /// Why; a protected alias needs it, whoever decides reads it
    #[arg(long)]
    pub reason: Option<String>,
    /// Take the alias away
    #[arg(long)]
    pub remove: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Approvals {
    /// Only of this model
    pub model: Option<String>,
    /// Decided ones, too
    #[arg(long)]
    pub all: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Decide {
    /// Number of the request
    pub id: u64,
    /// Why
    #[arg(long)]
    pub reason: String,
}

#[derive(Clone, Debug, Args)]
pub struct Withdraw {
    /// Number of the request
    pub id: u64,
    /// Why
    #[arg(long)]
    pub reason: Option<String>,
}
