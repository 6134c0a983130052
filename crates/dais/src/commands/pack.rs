//! Packs a folder as a job's code: a tar stream without what is not code.

use std::path::Path;

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

/// Folders that are never code.
pub const LEFT_OUT: &[&str] = &[
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".ipynb_checkpoints",
    "target",
    "mlruns",
];
/// A bundle over this is data: it belongs into a dataset.
const LARGEST: u64 = 100 << 20;

/// The folder as a tar archive in memory.
pub fn folder(root: &Path) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    archive.follow_symlinks(true);
    let mut total = 0;
    let entries = WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !LEFT_OUT.contains(&entry.file_name().to_string_lossy().as_ref())
    });
    for entry in entries {
        let entry = entry.with_context(|| format!("reading {}", root.display()))?;
        let path = entry.path();
        if !path.is_file() {
            continue;
        }
        total += path.metadata().map(|metadata| metadata.len()).unwrap_or(0);
        if total > LARGEST {
            bail!(
                "the code in {} is over {} MiB; put data into a dataset (`dais upload`), or name \
                 a smaller folder with --code",
                root.display(),
                LARGEST >> 20
            );
        }
        add(&mut archive, root, path)?;
    }
    archive.into_inner().context("packing the code")
}

fn add(archive: &mut tar::Builder<Vec<u8>>, root: &Path, path: &Path) -> Result<()> {
    let name = path.strip_prefix(root).context("packing the code")?;
    let mut file =
        std::fs::File::open(path).with_context(|| format!("reading {}", path.display()))?;
    let metadata = file.metadata().with_context(|| format!("reading {}", path.display()))?;
    let mut header = tar::Header::new_gnu();
    // Equal code is an equal bundle: neither times nor owners go in.
    header.set_metadata_in_mode(&metadata, tar::HeaderMode::Deterministic);
    archive
        .append_data(&mut header, name, &mut file)
        .with_context(|| format!("packing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_code_is_an_equal_bundle_without_clutter() {
        let folder = |at: &Path| {
            std::fs::create_dir_all(at.join(".git")).unwrap();
            std::fs::create_dir_all(at.join("pkg")).unwrap();
            std::fs::write(at.join(".git/config"), "x").unwrap();
            std::fs::write(at.join("pkg/train.py"), "print(1)").unwrap();
        };
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        folder(one.path());
        folder(two.path());
        let bundle = super::folder(one.path()).unwrap();
        assert_eq!(bundle, super::folder(two.path()).unwrap());
        let mut archive = tar::Archive::new(bundle.as_slice());
        let names: Vec<_> =
            archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!(names, [Path::new("pkg/train.py")]);
    }
}
