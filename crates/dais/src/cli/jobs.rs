//! Words for training jobs and sweeps.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Clone, Debug, Args)]
pub struct Run {
    /// Name of the job; made from the command when absent
    #[arg(long)]
    pub name: Option<String>,
    /// Environment to run in
    #[arg(long, short = 'e', env = "DAIS_ENVIRONMENT")]
    pub environment: Option<String>,
    /// Algorithm to run in place of a command: name[@version], or project/name[@version]
    #[arg(long, conflicts_with_all = ["command", "code", "no_code"])]
    pub algorithm: Option<String>,
    /// Dataset to mount: [input=]name[@version][:path], may be given again
    #[arg(long, short = 'd', visible_alias = "data")]
    pub dataset: Vec<String>,
    /// Parameter: name=value, may be given again
    #[arg(long = "parameter", short = 'P', visible_alias = "param")]
    pub parameters: Vec<String>,
    /// Environment variable: NAME=value, may be given again
    #[arg(long = "env")]
    pub variables: Vec<String>,
    /// Registered model that the job adds a version to
    #[arg(long)]
    pub model: Option<String>,
    /// Limit of processor cores, for example 500m or 2
    #[arg(long)]
    pub cpu: Option<String>,
    /// Limit of memory, for example 4Gi
    #[arg(long)]
    pub memory: Option<String>,
    /// Number of accelerators
    #[arg(long)]
    pub gpus: Option<u32>,
    /// Pods that run the command together, all or none (RANK, WORLD_SIZE, MASTER_ADDR…)
    #[arg(long)]
    pub replicas: Option<i32>,
    /// Processes that torchrun starts in each pod
    #[arg(long)]
    pub processes: Option<i32>,
    /// Queue that says when the job may start
    #[arg(long)]
    pub queue: Option<String>,
    /// Place in the queue: the higher first, from -1000 to 1000
    #[arg(long, allow_negative_numbers = true)]
    pub priority: Option<i32>,
    /// Keep a folder over attempts, in $DAIS_CHECKPOINT_DIR; its size, for example 20Gi
    #[arg(long, num_args = 0..=1, default_missing_value = "10Gi", value_name = "SIZE")]
    pub checkpoints: Option<String>,
    /// Seconds after which the job is stopped and failed
    #[arg(long, value_name = "SECONDS")]
    pub deadline: Option<i64>,
    /// How often a failed job is started again
    #[arg(long, default_value_t = 0)]
    pub retries: i32,
    /// Folder to pack as the job's code
    #[arg(long, default_value = ".")]
    pub code: PathBuf,
    /// Run without code
    #[arg(long, conflicts_with = "code")]
    pub no_code: bool,
    /// Return once the job is accepted, without waiting for it
    #[arg(long)]
    pub detach: bool,
    /// The command, after --
    #[arg(last = true, required_unless_present = "algorithm")]
    pub command: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct Sweep {
    /// What is searched, may be given again: name=min..max [int] [log] [step N], or name=a|b|c
    #[arg(long = "search", required = true)]
    pub space: Vec<String>,
    /// Metric that the program logs to its run
    #[arg(long)]
    pub metric: String,
    /// The lower the better; the higher when absent
    #[arg(long)]
    pub minimize: bool,
    /// End when a trial is this good
    #[arg(long, allow_negative_numbers = true)]
    pub target: Option<f64>,
    /// How it is searched
    #[arg(long, value_enum, default_value = "tpe")]
    pub method: Method,
    /// Same seed, same search
    #[arg(long, default_value_t = 0)]
    pub seed: i64,
    /// Trials in all
    #[arg(long, default_value_t = 20)]
    pub trials: i32,
    /// Trials at a time
    #[arg(long, default_value_t = 2)]
    pub parallel: i32,
    /// End trials that will not be good
    #[arg(long, value_enum)]
    pub early_stopping: Option<Stopping>,
    #[command(flatten)]
    pub job: Run,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Every combination
    Grid,
    /// Independent draws
    Random,
    /// Draws where good trials lie
    Tpe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stopping {
    /// Worse than the median of the others
    Median,
    /// Not among the best third at a rung
    Halving,
}
