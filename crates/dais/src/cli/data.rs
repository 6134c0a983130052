//! Words for versions of datasets.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Clone, Debug, Subcommand)]
pub enum DataAction {
    /// The project's datasets, and those that other projects share with it
    #[command(visible_alias = "ls")]
    List,
    /// Let other projects read a dataset
    #[command(after_help = "Example:\n  dais data share digits --with vision")]
    Share(DataShare),
    /// Versions of a dataset, the newest first, with their tags and what made them
    Versions { dataset: String },
    /// What differs between two versions, file by file
    #[command(after_help = "Example:\n  dais data diff digits v1 latest")]
    Diff(DataDiff),
    /// The first rows of a table, or the beginning of a text
    #[command(after_help = "Example:\n  dais data preview digits train.csv --version v2 --rows 5")]
    Preview(DataPreview),
    /// Every column of a table: type, missing, distinct, range
    #[command(after_help = "Example:\n  dais data profile digits train.csv")]
    Profile(DataFile),
    /// Give a version a name of its own, or move that name to it
    #[command(after_help = "Example:\n  dais data tag digits gold v2")]
    Tag { dataset: String, tag: String, version: String },
    /// Take a name away from its version
    Untag { dataset: String, tag: String },
    /// Write the files of a version into a folder
    #[command(after_help = "Example:\n  dais data download digits ./digits --version v2")]
    Download(DataDownload),
}

#[derive(Clone, Debug, Args)]
pub struct DataShare {
    pub dataset: String,
    /// A project that may read it from now on, as project/name
    #[arg(long = "with", value_name = "PROJECT")]
    pub with: Vec<String>,
    /// A project that no longer may: what mounts it goes on, what starts later does not
    #[arg(long = "not-with", value_name = "PROJECT")]
    pub not_with: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct DataDiff {
    pub dataset: String,
    /// v1, latest, a tag
    pub from: String,
    pub to: String,
}

#[derive(Clone, Debug, Args)]
pub struct DataFile {
    pub dataset: String,
    pub file: String,
    /// v1, latest, a tag
    #[arg(long, default_value = "latest")]
    pub version: String,
}

#[derive(Clone, Debug, Args)]
pub struct DataPreview {
    #[command(flatten)]
    pub of: DataFile,
    #[arg(long, default_value_t = 10)]
    pub rows: u16,
}

#[derive(Clone, Debug, Args)]
pub struct DataDownload {
    pub dataset: String,
    /// Made when it is not there
    pub folder: PathBuf,
    /// v1, latest, a tag
    #[arg(long, default_value = "latest")]
    pub version: String,
}
