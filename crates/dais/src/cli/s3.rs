//! Words for the object store.

use clap::{Args, Subcommand};

/// Of the platform.
#[derive(Clone, Copy, Debug, Args)]
pub struct S3Options {
    /// Buckets, for S3 clients
    #[arg(long, default_value_t = 9000)]
    pub s3_port: u16,
    /// Days after which an upload in parts that nobody goes on with is removed
    #[arg(long, env = "DAIS_S3_ABANDONED_DAYS", default_value_t = 7)]
    pub s3_abandoned_days: u32,
}

#[derive(Clone, Debug, Subcommand)]
pub enum S3 {
    /// Access keys of the project, for boto3, aws and every other S3 client
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Key {
        #[command(subcommand)]
        action: S3Key,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum S3Key {
    /// Make a key and print what clients need; its secret is shown once
    #[command(after_help = "Example:\n  dais s3 key create laptop --days 90")]
    Create(S3KeyCreate),
    /// List your keys; an administrator of the project sees everybody's
    List,
    /// Revoke a key: it is refused from now on
    #[command(after_help = "Example:\n  dais s3 key revoke DAISABCDEFGHIJKLMNOP")]
    Revoke { id: String },
}

#[derive(Clone, Debug, Args)]
pub struct S3KeyCreate {
    /// What the key is for
    pub name: String,
    /// Days until it ends; never when absent
    #[arg(long)]
    pub days: Option<u32>,
}
