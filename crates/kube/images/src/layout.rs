//! Which images an archive holds: OCI layouts, and what `docker save` writes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::archive::{Archive, Section, damaged};
use crate::config::{self, ConfigFile};
use crate::digest::Digest;
use crate::error::{Error, Result};

/// Manifests in an index, images in an archive.
const MOST_MANIFESTS: usize = 1000;
/// More than any builder writes.
const MOST_LAYERS: usize = 512;
/// Indexes in indexes.
const DEEPEST: usize = 4;
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// An image in an archive; all but its layers' contents was checked.
pub(crate) struct Found {
    /// As the archive has them.
    pub(crate) names: Vec<String>,
    pub(crate) manifest: Option<Digest>,
    pub(crate) id: Digest,
    pub(crate) config: ConfigFile,
    /// The lowest first.
    pub(crate) layers: Vec<Section>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: Digest,
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    platform: Option<Platform>,
}

#[derive(Clone, Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

/// An index or a manifest: which, its members say.
#[derive(Deserialize)]
struct Document {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// All images of an archive.
pub(crate) fn images(archive: &Archive) -> Result<Vec<Found>> {
    let found = if archive.has("index.json") {
        oci(archive)?
    } else if archive.has("manifest.json") {
        let saved: Vec<Saved> = parse(&archive.json("manifest.json")?, "manifest.json")?;
        bounded(saved.len())?;
        saved.into_iter().map(|saved| docker(archive, saved)).collect::<Result<_>>()?
    } else {
        return Err(Error::refused(
            "the archive holds neither index.json nor manifest.json: it is no image",
        ));
    };
    if found.is_empty() {
        return Err(Error::refused("the archive holds no image"));
    }
    Ok(found)
}

fn bounded(count: usize) -> Result<()> {
    if count <= MOST_MANIFESTS {
        return Ok(());
    }
    let reason = format!("the archive names {count} images, more than {MOST_MANIFESTS}");
    Err(Error::TooLarge { reason })
}

fn parse<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::refused(format!("{name:?} cannot be read: {error}")))
}

fn oci(archive: &Archive) -> Result<Vec<Found>> {
    let index: Index = parse(&archive.json("index.json")?, "index.json")?;
    bounded(index.manifests.len())?;
    let mut others = Vec::new();
    let mut found: Vec<Found> = Vec::new();
    for descriptor in index.manifests {
        let names = names(&descriptor.annotations);
        let Some((digest, document)) = fitting(archive, descriptor, DEEPEST, &mut others)? else {
            continue;
        };
        match found.iter_mut().find(|known| known.manifest.as_ref() == Some(&digest)) {
            Some(known) => known.names.extend(names),
            None => found.push(image(archive, digest, document, names)?),
        }
    }
    if found.is_empty() && !others.is_empty() {
        return Err(Error::Refused {
            reason: format!(
                "the archive holds nothing for linux/{}, only {}",
                config::here(),
                others.join(", ")
            ),
            hint: "load the image of this machine's platform (docker pull --platform …)",
        });
    }
    Ok(found)
}

/// A whole name; some tools write no more than a tag there.
fn names(annotations: &BTreeMap<String, String>) -> Vec<String> {
    let reference = annotations.get(REF_NAME).filter(|name| name.contains([':', '/']));
    annotations.get(CONTAINERD_NAME).or(reference).cloned().into_iter().collect()
}

/// The manifest for this machine that a descriptor leads to.
fn fitting(
    archive: &Archive,
    descriptor: Descriptor,
    depth: usize,
    others: &mut Vec<String>,
) -> Result<Option<(Digest, Document)>> {
    if let Some(platform) = &descriptor.platform
        && (platform.os != "linux" || platform.architecture != config::here())
    {
        // What builders attest of an image stands there as one for "unknown".
        if platform.os != "unknown" {
            others.push(format!("{}/{}", platform.os, platform.architecture));
        }
        return Ok(None);
    }
    let name = descriptor.digest.to_string();
    let document: Document = parse(&archive.json_blob(&descriptor.digest)?, &name)?;
    let Some(inner) = document.manifests else {
        return Ok(Some((descriptor.digest, document)));
    };
    bounded(inner.len())?;
    if depth == 0 {
        return Err(Error::refused("the archive has indexes in indexes without end"));
    }
    for descriptor in inner {
        if let Some(found) = fitting(archive, descriptor, depth - 1, others)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn image(
    archive: &Archive,
    manifest: Digest,
    document: Document,
    names: Vec<String>,
) -> Result<Found> {
    let (Some(config), Some(layers)) = (document.config, document.layers) else {
        return Err(Error::refused(format!("{manifest} is neither an index nor a manifest")));
    };
    let file = config::parse(&archive.json_blob(&config.digest)?)?;
    check_layers(layers.len(), &file)?;
    if let Some(odd) = layers.iter().find(|layer| layer.media_type.ends_with("encrypted")) {
        return Err(Error::refused(format!("the layer {} is encrypted", odd.digest)));
    }
    let layers = layers.iter().map(|layer| archive.blob(&layer.digest)).collect::<Result<_>>()?;
    Ok(Found { names, manifest: Some(manifest), id: config.digest, config: file, layers })
}

fn docker(archive: &Archive, saved: Saved) -> Result<Found> {
    let bytes = archive.json(&saved.config)?;
    let id = Digest::of(&bytes);
    // `<hex>.json`, or `blobs/sha256/<hex>`.
    let stem = saved.config.rsplit('/').next().unwrap_or_default();
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    match Digest::from_hex(stem) {
        Some(said) if said != id => return Err(damaged(&saved.config, &said)),
        _ => {}
    }
    let config = config::parse(&bytes)?;
    check_layers(saved.layers.len(), &config)?;
    let layers = saved.layers.iter().map(|name| archive.section(name)).collect::<Result<_>>()?;
    let names = saved.repo_tags.unwrap_or_default();
    Ok(Found { names, manifest: None, id, config, layers })
}

fn check_layers(count: usize, config: &ConfigFile) -> Result<()> {
    let named = config.rootfs.diff_ids.len();
    if count > MOST_LAYERS {
        let reason = format!("the image has {count} layers, more than {MOST_LAYERS}");
        return Err(Error::TooLarge { reason });
    }
    match count == named {
        true => Ok(()),
        false => Err(Error::refused(format!(
            "the image has {count} layers, and its configuration names {named}"
        ))),
    }
}
