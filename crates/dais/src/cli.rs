//! The words of the command line. No behaviour.

mod abtest;
mod algorithm;
mod app;
mod approvals;
mod data;
mod deploy;
mod engines;
mod image;
mod import;
mod jobs;
mod label;
mod notebook;
mod s3;
mod sampling;

use std::net::IpAddr;
use std::path::PathBuf;

pub use abtest::Abtest;
pub use algorithm::{Algorithm, AlgorithmCreate};
pub use app::{App, AppDeploy};
pub use approvals::{Approvals, Decide, Promote, Withdraw};
use clap::{Args, Parser, Subcommand, ValueEnum};
pub use data::{DataAction, DataDownload, DataFile, DataPreview, DataShare};
pub use deploy::Deploy;
pub use engines::Engines;
pub use image::{ImageAction, ImageLoad, ImageOptions};
pub use import::Import;
pub use jobs::{Method, Run, Stopping, Sweep};
pub use label::{Label, LabelFormat};
pub use notebook::{Notebook, NotebookOptions};
pub use s3::{S3, S3Key, S3KeyCreate, S3Options};
pub use sampling::TraceSampling;

/// A complete AI platform and container cloud in one program.
#[derive(Debug, Parser)]
#[command(name = "dais", version, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  dais up\n  dais run -- python train.py\n  dais deploy models:/digits/1 --name digits"
)]
pub struct Cli {
    #[command(flatten)]
    pub target: Target,
    #[command(subcommand)]
    pub command: Command,
}

/// Which platform, which project, which form of output.
#[derive(Clone, Debug, Args)]
pub struct Target {
    /// Address of the platform; that of the data directory's own when absent
    #[arg(long, env = "DAIS_URL", global = true)]
    pub url: Option<String>,
    /// API token; the data directory's own when absent
    #[arg(long, env = "DAIS_TOKEN", global = true, hide_env_values = true)]
    pub token: Option<String>,
    /// Where a platform on this machine keeps its state
    #[arg(long, env = "DAIS_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Project to work in
    #[arg(long, short = 'p', env = "DAIS_PROJECT", global = true, default_value = "default")]
    pub project: String,
    /// Form of the output
    #[arg(long, short = 'o', global = true, value_enum, default_value = "table")]
    pub output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Yaml,
    Csv,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the platform on this machine
    #[command(after_help = "Examples:\n  dais up\n  dais up --port-offset 100 --data-dir ./state")]
    Up(Up),
    /// Stop the platform and all that runs on it
    #[command(after_help = "Example:\n  dais down")]
    Down,
    /// Say how the platform is
    #[command(after_help = "Example:\n  dais status -o json")]
    Status,
    /// Check this machine and say what would be missing
    #[command(
        after_help = "Examples:\n  dais doctor\n  dais doctor --prometheus-url http://prometheus:9090"
    )]
    Doctor(Doctor),
    /// Print a one-time link that signs a browser in
    #[command(after_help = "Example:\n  dais sign-in")]
    SignIn,
    /// Run a command as a training job, with the current folder as its code
    #[command(
        after_help = "Examples:\n  dais run -- python train.py\n  dais run --environment sklearn --dataset digits@v1 --cpu 2 --memory 4Gi -- python train.py --depth 8\n  dais run --algorithm boosting@v2 --data sales@v3 --param target=price"
    )]
    Run(Run),
    /// Search for the best parameters of a command, in many training jobs
    #[command(
        after_help = "Examples:\n  dais sweep --search 'lr=1e-4..1e-1 log' --search 'depth=2..8 int' --metric accuracy -- python train.py\n  dais sweep --method grid --search 'kernel=rbf|linear' --search 'c=0.1..1 step 0.1' --metric loss --minimize -- python train.py"
    )]
    Sweep(Sweep),
    /// Suspend a training job or a sweep: it ends and can go on later
    #[command(after_help = "Examples:\n  dais suspend digits\n  dais suspend digits --kind sweep")]
    Suspend(Switched),
    /// Let a suspended training job or sweep go on
    #[command(after_help = "Example:\n  dais resume digits")]
    Resume(Switched),
    /// End a training job or a sweep for good
    #[command(after_help = "Example:\n  dais stop digits")]
    Stop(Switched),
    /// Run a training job again as it was: same code, data, environment and parameters
    #[command(
        after_help = "Examples:\n  dais rerun digits\n  dais rerun digits --newest --name digits-today"
    )]
    Rerun(Rerun),
    /// Compare models behind one address: list, show, promote, stop tests
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "Examples:\n  dais apply -f test.yaml\n  dais abtest show checkout\n  dais abtest promote checkout --variant b"
    )]
    Abtest {
        #[command(subcommand)]
        action: Abtest,
    },
    /// Algorithms: programs with parameters, in versions that training jobs run
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "Examples:\n  dais algorithm add classification\n  dais run --algorithm classification --data flowers --param target=species\n  dais algorithm create forest --code ./forest -e sklearn --input data -- python train.py"
    )]
    Algorithm {
        #[command(subcommand)]
        action: Algorithm,
    },
    /// Label data: how far a project is, tasks and answers in other formats
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "Examples:\n  dais apply -f labelling.yaml\n  dais label show reviews\n  dais label publish reviews reviews-labelled"
    )]
    Label {
        #[command(subcommand)]
        action: Label,
    },
    /// Notebooks: JupyterLab with a home folder, and training jobs out of it
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "Examples:\n  dais notebook create work -r pandas -d iris\n  dais notebook run work train.ipynb"
    )]
    Notebook {
        #[command(subcommand)]
        action: Notebook,
    },
    /// List queues: what they have, what is taken, who waits for what
    #[command(after_help = "Examples:\n  dais queues\n  dais queues research")]
    Queues {
        /// Only this one, with everybody in its line
        name: Option<String>,
    },
    /// List training jobs
    #[command(after_help = "Example:\n  dais jobs")]
    Jobs,
    /// Print the log of a job, service or pod
    #[command(after_help = "Examples:\n  dais logs digits\n  dais logs -f digits --kind service")]
    Logs(Logs),
    /// List registered models and their versions
    #[command(after_help = "Example:\n  dais models")]
    Models,
    /// Point an alias to a model version; ask for it where the alias is protected
    #[command(
        after_help = "Examples:\n  dais promote models:/digits/3 candidate\n  dais promote models:/digits/3 production --reason \"recall 0.91, was 0.88\"\n  dais promote models:/digits production --remove --reason \"retired\""
    )]
    Promote(Promote),
    /// List requests to move protected aliases
    #[command(after_help = "Examples:\n  dais approvals\n  dais approvals digits --all -o json")]
    Approvals(Approvals),
    /// Approve a request: the alias moves
    #[command(after_help = "Example:\n  dais approve 7 --reason \"checked on last week's data\"")]
    Approve(Decide),
    /// Reject a request: the alias stays
    #[command(after_help = "Example:\n  dais reject 7 --reason \"recall fell for class 3\"")]
    Reject(Decide),
    /// Withdraw a request of your own
    #[command(after_help = "Example:\n  dais withdraw 7")]
    Withdraw(Withdraw),
    /// Serve a model version, or a program that answers HTTP
    #[command(
        after_help = "Examples:\n  dais deploy models:/digits/3 --name digits --replicas 2\n  dais deploy models:/digits@production --scale 0..4 --canary 10,50\n  dais deploy models:/digits/3 --name digits -e sklearn --code ./server -- python serve.py"
    )]
    Deploy(Deploy),
    /// Applications: run any program, list and undo its releases
    #[command(
        after_help = "Examples:\n  dais app deploy web --port 8080 -- python3 app.py\n  dais app releases web\n  dais app rollback web"
    )]
    App {
        #[command(subcommand)]
        action: App,
    },
    /// Send a request of the Open Inference Protocol to a service
    #[command(
        after_help = "Examples:\n  dais predict digits request.json\n  echo '{\"inputs\":[…]}' | dais predict digits -"
    )]
    Predict(Predict),
    /// List objects of a kind, or show one
    #[command(after_help = "Examples:\n  dais get trainingjobs\n  dais get pods digits-1 -o yaml")]
    Get(Get),
    /// Make objects as files declare them
    #[command(after_help = "Example:\n  dais apply -f job.yaml")]
    Apply(Apply),
    /// Delete an object: says what else goes, and asks on a terminal
    #[command(
        after_help = "Examples:\n  dais delete trainingjob digits\n  dais delete dataset raw --yes"
    )]
    Delete(Delete),
    /// Say who changed what, newest first
    #[command(
        after_help = "Examples:\n  dais audit --user ann --since 24h\n  dais audit --resource trainingjobs --name digits -o json"
    )]
    Audit(Audit),
    /// Data: upload files as a new version of a dataset
    #[command(
        after_help = "Examples:\n  dais upload digits ./digits\n  dais upload digits s3://raw/digits"
    )]
    Upload(Upload),
    /// Make what lies elsewhere the next version of a dataset: addresses, S3 buckets, SQL
    #[command(
        after_help = "Examples:\n  dais import digits https://data.example/digits.csv\n  dais import raw s3://raw/2026/ --endpoint https://s3.example --secret raw-key\n  dais import sales postgres://reader@db.example/shop --query 'SELECT * FROM sales' --secret shop"
    )]
    Import(Import),
    /// Versions of datasets: compare, look into, name, download
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "Examples:\n  dais data versions digits\n  dais data diff digits v1 v2\n  dais data profile digits train.csv"
    )]
    Data {
        #[command(subcommand)]
        action: DataAction,
    },
    /// Buckets: access keys for S3 clients
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "Examples:\n  dais s3 key create laptop\n  dais s3 key list"
    )]
    S3 {
        #[command(subcommand)]
        action: S3,
    },
    /// Container images: load from an archive, list with what uses them, delete
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "Examples:\n  dais image load train.tar\n  dais image list\n  dais image delete shop/train:v1"
    )]
    Image {
        #[command(subcommand)]
        action: ImageAction,
    },
    /// Say who used how much, and what it cost
    #[command(
        after_help = "Examples:\n  dais usage\n  dais usage --by app --since 30d\n  dais usage --by project --since 2026-10-01T00:00:00Z -o csv > october.csv"
    )]
    Usage(Usage),
    /// Say what is known against the packages of an environment
    #[command(
        after_help = "Examples:\n  dais vulnerabilities sklearn\n  dais vulnerabilities sklearn -o json"
    )]
    Vulnerabilities(Vulnerabilities),
    /// Copy the whole state of a platform into one file, while it runs
    #[command(after_help = "Example:\n  dais backup dais.tar")]
    Backup(BackupFile),
    /// Put a backup back, into an empty data directory
    #[command(after_help = "Example:\n  dais restore dais.tar --data-dir ./new")]
    Restore(BackupFile),
    /// Print a completion script
    #[command(after_help = "Example:\n  dais completion bash > /etc/bash_completion.d/dais")]
    Completion { shell: clap_complete::Shell },
    /// Build a Python environment (runs inside its pod)
    #[command(hide = true)]
    BuildEnvironment(BuildEnvironment),
    /// Serve one model (runs inside its pod)
    #[command(hide = true)]
    ServeModel(ServeModel),
    /// Wait until the gateway has nothing under way to this pod (runs inside it)
    #[command(hide = true)]
    Drain,
}

#[derive(Clone, Debug, Args)]
pub struct Up {
    /// Address to listen on; other machines reach the platform only on another
    #[arg(long, env = "DAIS_LISTEN", default_value = "127.0.0.1")]
    pub listen: IpAddr,
    /// Portal, APIs
    #[arg(long, default_value_t = 8080)]
    pub http_port: u16,
    /// What tenants serve: models, notebooks, applications
    #[arg(long, default_value_t = 8081)]
    pub serve_port: u16,
    /// Kubernetes API with TLS
    #[arg(long, default_value_t = 6443)]
    pub kubernetes_port: u16,
    /// OTLP over gRPC: traces, logs and metrics
    #[arg(long, default_value_t = 4317)]
    pub otlp_port: u16,
    #[command(flatten)]
    pub s3: S3Options,
    /// Added to every port
    #[arg(long, env = "DAIS_PORT_OFFSET", default_value_t = 0)]
    pub port_offset: u16,
    /// How containers are kept apart
    #[arg(long, value_enum, default_value = "auto")]
    pub runtime: Runtime,
    /// Recording of accelerators to play in place of hardware, for trying pages without any
    #[arg(long, env = "DAIS_RECORDED_ACCELERATORS")]
    pub recorded_accelerators: Option<PathBuf>,
    /// Known vulnerabilities: a folder with PyPI/all.zip as osv.dev publishes it, or a mirror's address
    #[arg(long, env = "DAIS_ADVISORIES", hide_env_values = true, value_name = "FOLDER|URL")]
    pub advisories: Option<String>,
    #[command(flatten)]
    pub images: ImageOptions,
    #[command(flatten)]
    pub sampling: TraceSampling,
    #[command(flatten)]
    pub engines: Engines,
}

#[derive(Clone, Debug, Args)]
pub struct Doctor {
    /// Of which it is asked whether they answer
    #[command(flatten)]
    pub engines: Engines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// sandbox where the kernel allows it
    Auto,
    /// Own mount and process namespaces, the host's files read-only
    Sandbox,
    /// No isolation
    Process,
}

#[derive(Clone, Debug, Args)]
pub struct Switched {
    pub name: String,
    /// What the name is the name of
    #[arg(long, value_enum, default_value = "job")]
    pub kind: SwitchedKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SwitchedKind {
    Job,
    Sweep,
}

#[derive(Clone, Debug, Args)]
pub struct Vulnerabilities {
    /// The environment that is meant
    pub environment: String,
}

#[derive(Clone, Debug, Args)]
pub struct Rerun {
    /// The job that is to be run again
    pub job: String,
    /// Name of the new job; made from the old one's when absent
    #[arg(long)]
    pub name: Option<String>,
    /// With the newest data and environment, in place of those that were used
    #[arg(long)]
    pub newest: bool,
    /// Return once the job is accepted, without waiting for it
    #[arg(long)]
    pub detach: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Audit {
    /// Only what this person did
    #[arg(long)]
    pub user: Option<String>,
    /// Only this action: create, update, patch, delete …
    #[arg(long)]
    pub verb: Option<String>,
    /// Only this kind, in the plural: trainingjobs, secrets …
    #[arg(long)]
    pub resource: Option<String>,
    /// Only the object of this name
    #[arg(long)]
    pub name: Option<String>,
    /// Only this project; all that you may see when absent
    #[arg(long)]
    pub in_project: Option<String>,
    /// Text anywhere in the record
    #[arg(long)]
    pub text: Option<String>,
    /// Only the last so long, for example 24h or 7d, or since a moment (RFC 3339)
    #[arg(long)]
    pub since: Option<String>,
    /// How many records at most
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
}

#[derive(Clone, Debug, Args)]
pub struct Logs {
    pub name: String,
    /// Go on as lines come
    #[arg(long, short = 'f')]
    pub follow: bool,
    /// What the name is the name of
    #[arg(long, value_enum, default_value = "job")]
    pub kind: LogKind,
    /// Only the last lines
    #[arg(long)]
    pub tail: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogKind {
    Job,
    Service,
    Environment,
    Pod,
}

#[derive(Clone, Debug, Args)]
pub struct Predict {
    pub service: String,
    /// File with the request's JSON; - for standard input
    #[arg(default_value = "-")]
    pub request: String,
}

#[derive(Clone, Debug, Args)]
pub struct Get {
    /// Kind, plural or short name, for example trainingjobs or tj
    pub kind: String,
    pub name: Option<String>,
    /// In all projects
    #[arg(long, short = 'A')]
    pub all_projects: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Apply {
    /// File with YAML or JSON documents; - for standard input
    #[arg(long, short = 'f', required = true)]
    pub file: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct Delete {
    pub kind: String,
    pub name: String,
    /// Do not ask; without a terminal nothing is ever asked
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Upload {
    pub dataset: String,
    /// Files or folders; or s3://bucket/prefix, alone: objects of the project, not copied
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct Usage {
    /// What use is summed up by
    #[arg(long, value_enum, default_value = "user")]
    pub by: UsageBy,
    /// From when on: so long ago (24h, 7d, 4w) or a moment (2026-11-24T18:52:27Z)
    #[arg(long, default_value = "7d")]
    pub since: String,
    /// Until when; now when absent
    #[arg(long)]
    pub until: Option<String>,
    /// Only of this person
    #[arg(long)]
    pub user: Option<String>,
    /// Only of this application
    #[arg(long)]
    pub app: Option<String>,
    /// Only in this project; all that you may see when absent
    #[arg(long = "in")]
    pub in_project: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UsageBy {
    User,
    App,
    Project,
    Workspace,
    Kind,
}

#[derive(Clone, Debug, Args)]
pub struct BackupFile {
    pub file: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub struct BuildEnvironment {
    #[arg(long)]
    pub into: PathBuf,
    #[arg(long)]
    pub python: Option<String>,
    #[arg(long = "requirement")]
    pub requirements: Vec<String>,
    /// What the requirements came to when they were resolved, a line each
    #[arg(long)]
    pub locked: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct ServeModel {
    #[arg(long)]
    pub model: String,
    #[arg(long)]
    pub listen: std::net::SocketAddr,
    /// Folder of an environment whose ONNX Runtime is used
    #[arg(long)]
    pub environment: Option<PathBuf>,
}
