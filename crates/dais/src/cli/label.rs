//! Words for labelling.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// How tasks and answers are written in a file.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LabelFormat {
    JsonLines,
    Csv,
    LabelStudio,
    Coco,
    Yolo,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Label {
    /// Show how far a labelling project is, how well people agree, and who did how much
    #[command(
        after_help = "Examples:\n  dais label show reviews\n  dais label show reviews -o json"
    )]
    Show { name: String },
    /// Add tasks from a file, with what models said of them
    #[command(
        after_help = "Examples:\n  dais label import reviews tasks.json --format label-studio\n  dais label import signs boxes.zip --format yolo --gold"
    )]
    Import {
        name: String,
        file: PathBuf,
        #[arg(long, value_enum)]
        format: LabelFormat,
        /// Answers in the file are the known ones, for measuring people; else a start for them
        #[arg(long)]
        gold: bool,
    },
    /// Have a service of the project asked about each task first; people begin with what it says
    #[command(
        after_help = "Examples:\n  dais label predict reviews --service sentiment\n  dais label predict reviews --stop\n  dais label predict reviews --again"
    )]
    Predict {
        name: String,
        /// InferenceService to ask, by the Open Inference Protocol v2; goes on with the one that is named when absent
        #[arg(long)]
        service: Option<String>,
        /// Ask nothing more; what was said stays
        #[arg(long, conflicts_with_all = ["service", "again"])]
        stop: bool,
        /// Ask again, at once, about tasks that failed
        #[arg(long)]
        again: bool,
    },
    /// Write finished work into a file, and say what the format cannot hold
    #[command(after_help = "Example:\n  dais label export reviews --format coco --to reviews.json")]
    Export {
        name: String,
        #[arg(long, value_enum, default_value = "json-lines")]
        format: LabelFormat,
        /// File to write; a ZIP where the format has several
        #[arg(long)]
        to: PathBuf,
    },
    /// Make finished work the next version of a dataset
    #[command(after_help = "Example:\n  dais label publish reviews reviews-labelled --format csv")]
    Publish {
        name: String,
        dataset: String,
        #[arg(long, value_enum, default_value = "json-lines")]
        format: LabelFormat,
    },
}
