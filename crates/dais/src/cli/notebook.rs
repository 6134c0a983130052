//! Words for notebooks.

use clap::{Args, Subcommand};

#[derive(Clone, Debug, Args)]
pub struct NotebookOptions {
    /// Name of the notebook
    pub name: String,
    /// Environment that holds jupyterlab; one is made for the notebook when absent
    #[arg(long, short = 'e')]
    pub environment: Option<String>,
    /// Package beside JupyterLab, for example pandas==2.3.3; may be given again
    #[arg(long = "requirement", short = 'r', conflicts_with = "environment")]
    pub requirements: Vec<String>,
    /// Dataset to read: name[@version][:path], may be given again
    #[arg(long, short = 'd')]
    pub dataset: Vec<String>,
    /// Size of the home folder, for example 50Gi
    #[arg(long)]
    pub storage: Option<String>,
    /// Limit of processor cores, for example 500m or 2
    #[arg(long)]
    pub cpu: Option<String>,
    /// Limit of memory, for example 4Gi
    #[arg(long)]
    pub memory: Option<String>,
    /// Number of accelerators
    #[arg(long)]
    pub gpus: Option<u32>,
    /// Seconds without a busy kernel after which it sleeps; 0 for never
    #[arg(long, value_name = "SECONDS")]
    pub idle: Option<i64>,
    /// Return at once, without waiting until it is ready
    #[arg(long)]
    pub detach: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Notebook {
    /// Make a notebook, or change one, and say where it is
    #[command(
        after_help = "Examples:\n  dais notebook create work -r pandas -r scikit-learn -d iris\n  dais notebook create vision -e torch --gpus 1 --idle 7200"
    )]
    Create(NotebookOptions),
    /// Start a notebook that was stopped
    Start { name: String },
    /// Stop a notebook; its home folder stays, and no visit wakes it
    Stop { name: String },
    /// Run a notebook or a script of it as a training job, with the code beside it
    #[command(after_help = "Example:\n  dais notebook run work digits/train.ipynb")]
    Run {
        name: String,
        /// Path in the home folder, as JupyterLab shows it
        path: String,
        /// Queue that says when the job may start
        #[arg(long)]
        queue: Option<String>,
        /// Return once the job is accepted, without waiting for it
        #[arg(long)]
        detach: bool,
    },
}
