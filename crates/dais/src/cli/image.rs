//! Words for container images.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Of the platform.
#[derive(Clone, Copy, Debug, Args)]
pub struct ImageOptions {
    /// Days after which a container image that nothing used is removed
    #[arg(long, env = "DAIS_IMAGE_RETENTION_DAYS", default_value_t = 30)]
    pub image_retention_days: u32,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ImageAction {
    /// Load the images of an archive (docker save, OCI layout), all or none
    #[command(
        after_help = "Examples:\n  dais image load train.tar\n  dais image load --name shop/train:v1 oci.tar.gz"
    )]
    Load(ImageLoad),
    /// List images with their sizes and the pods that use them
    List,
    /// Delete an image, unless a pod uses it
    #[command(after_help = "Example:\n  dais image delete shop/train:v1")]
    Delete {
        /// Name or id; of several names, the one given goes alone
        name: String,
    },
}

#[derive(Clone, Debug, Args)]
pub struct ImageLoad {
    /// The archive, packed with gzip or zstd or not at all
    pub file: PathBuf,
    /// Name in place of the archive's own
    #[arg(long)]
    pub name: Option<String>,
}
