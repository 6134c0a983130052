//! Words for algorithms.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Clone, Debug, Subcommand)]
pub enum Algorithm {
    /// Make an algorithm of a folder or a Git repository, or the next version of one
    #[command(
        after_help = "Examples:\n  dais algorithm create forest --code ./forest -e sklearn --parameters schema.yaml --input data -- python train.py\n  dais algorithm create forest --git https://git.example.com/team/forest.git --revision v1.2 --folder train\n\nA file algorithm.yaml in the folder says what options do not: the spec of an Algorithm."
    )]
    Create(Box<AlgorithmCreate>),
    /// List algorithms, those that other projects share with this one too
    #[command(after_help = "Example:\n  dais algorithm list")]
    List,
    /// List an algorithm's versions: what changed, who and when
    #[command(after_help = "Example:\n  dais algorithm versions forest")]
    Versions { name: String },
    /// Say what is different between two versions: the spec, and the files of the code
    #[command(after_help = "Example:\n  dais algorithm diff forest v1 v2")]
    Diff { name: String, from: String, to: String },
    /// Say that a version should not be used any more; it still runs, and warns
    #[command(
        after_help = "Examples:\n  dais algorithm deprecate forest v1 --reason \"leaks the target; use v2\"\n  dais algorithm deprecate forest v1 --undo"
    )]
    Deprecate {
        name: String,
        version: String,
        /// What to use instead, and why
        #[arg(long, required_unless_present = "undo")]
        reason: Option<String>,
        /// Take it back
        #[arg(long, conflicts_with = "reason")]
        undo: bool,
    },
    /// Let other projects use an algorithm, or not any more
    #[command(
        after_help = "Examples:\n  dais algorithm share forest --with credit --with fraud\n  dais algorithm share forest --not-with fraud"
    )]
    Share {
        name: String,
        /// Project that may use it, may be given again
        #[arg(long, value_name = "PROJECT", required_unless_present = "not_with")]
        with: Vec<String>,
        /// Project that may not, may be given again
        #[arg(long, value_name = "PROJECT")]
        not_with: Vec<String>,
    },
    /// List the algorithms that come with dais
    #[command(after_help = "Example:\n  dais algorithm library")]
    Library,
    /// Put one of them into the project, with its environment
    #[command(
        after_help = "Examples:\n  dais algorithm add classification\n  dais algorithm add boosting --name score-card"
    )]
    Add {
        /// As `dais algorithm library` lists it
        algorithm: String,
        /// What it is to be called; the same when absent
        #[arg(long)]
        name: Option<String>,
    },
}

#[derive(Clone, Debug, Args)]
pub struct AlgorithmCreate {
    pub name: String,
    /// Folder to pack as the code
    #[arg(long, default_value = ".", conflicts_with = "git")]
    pub code: PathBuf,
    /// Git repository to take the code from
    #[arg(long, value_name = "URL")]
    pub git: Option<String>,
    /// Branch, tag or commit of it; its default branch when absent
    #[arg(long, requires = "git")]
    pub revision: Option<String>,
    /// Folder inside it
    #[arg(long, requires = "git")]
    pub folder: Option<PathBuf>,
    /// What it is called in lists
    #[arg(long)]
    pub title: Option<String>,
    /// What it does
    #[arg(long)]
    pub description: Option<String>,
    /// Environment that it runs in
    #[arg(long, short = 'e')]
    pub environment: Option<String>,
    /// File with the JSON Schema of its parameters, in YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub parameters: Option<PathBuf>,
    /// Dataset that it reads, as $DAIS_INPUT_<NAME>, may be given again
    #[arg(long, value_name = "NAME")]
    pub input: Vec<String>,
    /// Registered model that its jobs add versions to
    #[arg(long)]
    pub model: Option<String>,
    /// Limit of processor cores of a job that names none
    #[arg(long)]
    pub cpu: Option<String>,
    /// Limit of memory of a job that names none
    #[arg(long)]
    pub memory: Option<String>,
    /// Why it changes
    #[arg(long)]
    pub why: Option<String>,
    /// The entry point, after --
    #[arg(last = true)]
    pub command: Vec<String>,
}
