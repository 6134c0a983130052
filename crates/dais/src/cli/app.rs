//! Words for applications.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Clone, Debug, Subcommand)]
pub enum App {
    /// List applications
    #[command(after_help = "Example:\n  dais app list")]
    List,
    /// Run a program, or a new release of it, and wait until it is ready
    #[command(
        after_help = "Examples:\n  dais app deploy web --port 8080 -- python3 app.py\n  dais app deploy api --code ./api -e web --port 8080 --secret-env DB=db/url --canary 10,50 -- python serve.py\n  dais app deploy nightly --schedule '0 3 * * *' --time-zone Asia/Shanghai -- ./clean.sh"
    )]
    Deploy(Box<AppDeploy>),
    /// List an application's releases: what changed, who and why
    #[command(after_help = "Example:\n  dais app releases web")]
    Releases { name: String },
    /// Go back to the release before, or to any
    #[command(after_help = "Examples:\n  dais app rollback web\n  dais app rollback web --to 3")]
    Rollback {
        name: String,
        /// Number of the release; the one before the newest when absent
        #[arg(long)]
        to: Option<i64>,
    },
    /// Start all replicas anew, one after another
    #[command(after_help = "Example:\n  dais app restart web")]
    Restart { name: String },
    /// Say how many replicas run
    #[command(after_help = "Example:\n  dais app scale web 3")]
    Scale { name: String, replicas: i32 },
    /// Let nothing of it run; volumes and releases stay
    #[command(after_help = "Example:\n  dais app stop web")]
    Stop { name: String },
    /// Let it run again
    #[command(after_help = "Example:\n  dais app start web")]
    Start { name: String },
    /// Run what has a schedule now, besides
    #[command(after_help = "Example:\n  dais app run-now nightly")]
    RunNow { name: String },
}

#[derive(Clone, Debug, Args)]
pub struct AppDeploy {
    pub name: String,
    /// Image to run; the machine's own programs when absent
    #[arg(long, required_unless_present = "command")]
    pub image: Option<String>,
    /// Port that it listens on for HTTP, at /app/<project>/<name>/; $PORT
    #[arg(long)]
    pub port: Option<i32>,
    /// The program sees the whole path, /app/<project>/<name>/…
    #[arg(long, requires = "port")]
    pub keep_prefix: bool,
    /// A port inside the cluster too, for what does not speak HTTP
    #[arg(long, requires = "port", value_name = "PORT")]
    pub own_port: Option<i32>,
    /// Environment variable
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    /// Environment variable from a key of a Secret
    #[arg(long, value_name = "NAME=SECRET/KEY")]
    pub secret_env: Vec<String>,
    /// Environment variable from a key of a ConfigMap
    #[arg(long, value_name = "NAME=CONFIG/KEY")]
    pub config_env: Vec<String>,
    /// Storage of its own that stays over releases
    #[arg(long, value_name = "NAME:/PATH:SIZE")]
    pub volume: Vec<String>,
    #[arg(long, default_value_t = 1)]
    pub replicas: i32,
    /// As many replicas as the requests need: min..max; with 0 it sleeps while nobody asks
    #[arg(long, value_name = "MIN..MAX", requires = "port")]
    pub scale: Option<String>,
    /// Requests under way that each replica is to have
    #[arg(long, default_value_t = 8, requires = "scale")]
    pub concurrency: i32,
    /// Seconds for which fewer replicas must have been enough before any is stopped
    #[arg(long, requires = "scale")]
    pub idle: Option<i32>,
    /// Give a new release these shares of the requests in percent, one after another
    #[arg(long, value_delimiter = ',', value_name = "PERCENT,…", requires = "port")]
    pub canary: Vec<i32>,
    /// Seconds of each such step
    #[arg(long, requires = "canary")]
    pub step: Option<i32>,
    /// Requests that a new release must have answered in each step
    #[arg(long, requires = "canary")]
    pub min_requests: Option<i32>,
    /// Path that answers while it is ready
    #[arg(long, requires = "port")]
    pub ready_path: Option<String>,
    /// Path that answers while it is alive; started anew when it does not
    #[arg(long, requires = "port")]
    pub live_path: Option<String>,
    /// Run to the end at these times: minute, hour, day, month, day of the week
    #[arg(long, value_name = "CRON", conflicts_with = "port")]
    pub schedule: Option<String>,
    /// Time zone of the schedule, for example Asia/Shanghai
    #[arg(long, requires = "schedule")]
    pub time_zone: Option<String>,
    /// Environment that it runs in
    #[arg(long, short = 'e')]
    pub environment: Option<String>,
    /// Folder to pack as the command's code
    #[arg(long)]
    pub code: Option<PathBuf>,
    /// Why, for the list of releases
    #[arg(long)]
    pub why: Option<String>,
    /// Return without waiting until it is ready
    #[arg(long)]
    pub detach: bool,
    /// Program and its arguments, after --
    #[arg(last = true)]
    pub command: Vec<String>,
}
