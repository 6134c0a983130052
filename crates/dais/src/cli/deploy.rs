//! Words for publishing a model or a program.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Args)]
pub struct Deploy {
    /// models:/name/version or models:/name@alias; may be absent beside a command
    #[arg(required_unless_present = "command")]
    pub model: Option<String>,
    /// Name of the service; the model's when absent
    #[arg(long, required_unless_present = "model")]
    pub name: Option<String>,
    #[arg(long, default_value_t = 1)]
    pub replicas: i32,
    /// As many servers as the requests need: min..max; with 0 it sleeps while nobody asks
    #[arg(long, value_name = "MIN..MAX")]
    pub scale: Option<String>,
    /// Requests under way that each server is to have
    #[arg(long, default_value_t = 8, requires = "scale")]
    pub concurrency: i32,
    /// Seconds for which fewer servers must have been enough before any is stopped
    #[arg(long, requires = "scale")]
    pub idle: Option<i32>,
    /// Give a new version these shares of the requests in percent, one after another
    #[arg(long, value_delimiter = ',', value_name = "PERCENT,…")]
    pub canary: Vec<i32>,
    /// Seconds of each such step
    #[arg(long, requires = "canary")]
    pub step: Option<i32>,
    /// Requests that a new version must have answered in each step
    #[arg(long, requires = "canary")]
    pub min_requests: Option<i32>,
    /// Write so many of the requests and answers, in percent, to the service's log
    #[arg(long, value_name = "PERCENT")]
    pub record: Option<f64>,
    /// Environment that the command runs in, or whose ONNX Runtime is used
    #[arg(long, short = 'e')]
    pub environment: Option<String>,
    /// Folder to pack as the command's code
    #[arg(long)]
    pub code: Option<PathBuf>,
    /// Port that the command listens on
    #[arg(long)]
    pub port: Option<i32>,
    /// Path that answers once the command is ready
    #[arg(long)]
    pub ready_path: Option<String>,
    /// Return without waiting until it is ready
    #[arg(long)]
    pub detach: bool,
    /// A program that answers HTTP at $HOST:$PORT, after --
    #[arg(last = true)]
    pub command: Vec<String>,
}
