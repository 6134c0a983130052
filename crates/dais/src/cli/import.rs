//! Words for data that come from elsewhere.

use clap::Args;

#[derive(Clone, Debug, Args)]
pub struct Import {
    pub dataset: String,
    /// https://… (one file each), s3://bucket/prefix, postgres://… or mysql://…
    #[arg(required = true)]
    pub sources: Vec<String>,
    /// What to ask the database: one SELECT
    #[arg(long)]
    pub query: Option<String>,
    /// Name of the file with the query's rows
    #[arg(long, default_value = "rows.csv")]
    pub file: String,
    /// Address of the S3 server; that of the credentials when absent
    #[arg(long)]
    pub endpoint: Option<String>,
    /// Secret of the project with what the source asks for: username and password, token, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    #[arg(long)]
    pub secret: Option<String>,
    /// Fetch on this machine, with its network and variables, and not in a job of the project
    #[arg(long, conflicts_with = "secret")]
    pub here: bool,
    /// Print the job's name and do not follow it
    #[arg(long, conflicts_with = "here")]
    pub detach: bool,
}
