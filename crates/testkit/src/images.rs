//! Archives of container images, as OCI tools and `docker save` write them, and as those
//! write them who mean harm. Out of this machine's own programs: no network is needed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

/// `sha256:…`
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A layer, entry by entry; names are taken as they are.
#[derive(Clone, Default)]
pub struct Layer(Vec<u8>);

impl Layer {
    pub fn file(self, path: &str, mode: u32, content: &[u8]) -> Self {
        self.entry(path, EntryType::Regular, mode, "", content)
    }

    pub fn folder(self, path: &str) -> Self {
        self.entry(path, EntryType::Directory, 0o755, "", &[])
    }

    pub fn symlink(self, path: &str, aim: &str) -> Self {
        self.entry(path, EntryType::Symlink, 0o777, aim, &[])
    }

    pub fn link(self, path: &str, of: &str) -> Self {
        self.entry(path, EntryType::Link, 0o644, of, &[])
    }

    pub fn entry(
        mut self,
        path: &str,
        kind: EntryType,
        mode: u32,
        link: &str,
        content: &[u8],
    ) -> Self {
        let mut header = Header::new_ustar();
        // Not by the setters, which refuse what a hostile archive has.
        let fields = header.as_old_mut();
        fields.name[..path.len()].copy_from_slice(path.as_bytes());
        fields.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// Programs of this machine at their own places, with the libraries that they need, and
    /// the links that lead there.
    ///
    /// # Panics
    /// Where one is not there.
    pub fn programs(mut self, programs: &[&str]) -> Self {
        let mut wanted = BTreeSet::new();
        for program in programs {
            wanted.insert(PathBuf::from(program));
            let listed = Command::new("ldd").arg(program).output().expect("ldd runs");
            let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
            let paths = listed.split_whitespace().filter(|word| word.starts_with('/'));
            wanted.extend(paths.map(PathBuf::from));
        }
        for path in wanted {
            let content = std::fs::read(&path).expect("a program of this machine");
            let path = path.to_str().expect("a path of letters").trim_start_matches('/');
            self = self.file(path, 0o755, &content);
        }
        self
    }

    /// The whole layer, uncompressed.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.0.clone();
        bytes.extend_from_slice(&[0; 1024]);
        bytes
    }
}

/// How a layer lies in its archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    pub fn pack(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Compression::None => bytes.to_vec(),
            Compression::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).expect("memory takes it");
                encoder.finish().expect("memory takes it")
            }
            Compression::Zstd => zstd::encode_all(bytes, 1).expect("memory takes it"),
        }
    }
}

/// An image that is to be written.
#[derive(Clone, Default)]
pub struct Image {
    pub layers: Vec<(Vec<u8>, Vec<u8>)>,
    /// `config` of the configuration: `Cmd`, `Env` …
    pub config: Value,
    pub name: Option<String>,
    /// Of the configuration; this machine's when absent.
    pub architecture: Option<String>,
}

impl Image {
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), config: json!({}), ..Self::default() }
    }

    pub fn layer(mut self, layer: &Layer, compression: Compression) -> Self {
        let bytes = layer.bytes();
        self.layers.push((compression.pack(&bytes), bytes));
        self
    }

    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// The configuration's text, whose digest is the image's id.
    pub fn configuration(&self) -> Vec<u8> {
        let here = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let architecture = self.architecture.as_deref().unwrap_or(here);
        let diff_ids: Vec<String> = self.layers.iter().map(|(_, plain)| digest(plain)).collect();
        let config = json!({
            "architecture": architecture, "os": "linux", "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        config.to_string().into_bytes()
    }

    pub fn id(&self) -> String {
        digest(&self.configuration())
    }

    /// The manifest, and everything that it names, by digest.
    pub fn blobs(&self) -> (Vec<u8>, Vec<Vec<u8>>) {
        let config = self.configuration();
        let descriptor = |kind: &str, bytes: &[u8]| {
            json!({"mediaType": format!("application/vnd.oci.image.{kind}"),
                "digest": digest(bytes), "size": bytes.len()})
        };
        let layers: Vec<Value> =
            self.layers.iter().map(|(packed, _)| descriptor("layer.v1.tar", packed)).collect();
        let manifest = json!({"schemaVersion": 2, "config": descriptor("config.v1+json", &config),
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": layers});
        let mut blobs = vec![config];
        blobs.extend(self.layers.iter().map(|(packed, _)| packed.clone()));
        (manifest.to_string().into_bytes(), blobs)
    }
}

/// A tar of files.
pub fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let layer = files
        .iter()
        .fold(Layer::default(), |layer, (name, content)| layer.file(name, 0o644, content));
    layer.bytes()
}

/// The files of an OCI layout; tests change one before they are packed.
pub fn oci(images: &[Image]) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())];
    let mut manifests = Vec::new();
    for image in images {
        let (manifest, blobs) = image.blobs();
        let mut annotations = json!({});
        if let Some(name) = &image.name {
            annotations["org.opencontainers.image.ref.name"] = json!(name);
        }
        manifests.push(json!({"mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest(&manifest), "size": manifest.len(), "annotations": annotations}));
        files.extend(blobs.into_iter().chain([manifest]).map(|blob| (blob_name(&blob), blob)));
    }
    let index = json!({"schemaVersion": 2, "manifests": manifests});
    files.push(("index.json".to_owned(), index.to_string().into_bytes()));
    files
}

/// The files that `docker save` writes.
pub fn docker(image: &Image) -> Vec<(String, Vec<u8>)> {
    let config = image.configuration();
    let config_name = format!("{}.json", &digest(&config)["sha256:".len()..]);
    let mut files = vec![(config_name.clone(), config)];
    let mut names = Vec::new();
    for (number, (packed, _)) in image.layers.iter().enumerate() {
        names.push(format!("{number}/layer.tar"));
        files.push((format!("{number}/layer.tar"), packed.clone()));
    }
    let tags: Vec<&String> = image.name.iter().collect();
    let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": names}]);
    files.push(("manifest.json".to_owned(), manifest.to_string().into_bytes()));
    files
}

/// Where a blob lies in a layout.
pub fn blob_name(bytes: &[u8]) -> String {
    digest(bytes).replace("sha256:", "blobs/sha256/")
}

/// Writes an OCI layout of one image to a file.
///
/// # Panics
/// Where the file cannot be written.
pub fn write_oci(image: &Image, to: &Path) {
    std::fs::write(to, tar(&oci(std::slice::from_ref(image)))).expect("the archive is written");
}
