//! Puts the built pages (`web/dist`) into the program: text compressed once,
//! here, so that serving it costs nothing and takes no memory.
//!
//! Without built pages the table is empty; the program then says so at `/`.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

const COMPRESSIBLE: [&str; 8] = ["css", "html", "js", "json", "map", "svg", "txt", "webmanifest"];

fn main() -> io::Result<()> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let pages = variable("CARGO_MANIFEST_DIR")?.join("../../web/dist");
    let out = variable("OUT_DIR")?;
    // Cargo watches a folder for changes only if it is there.
    fs::create_dir_all(&pages)?;
    println!("cargo::rerun-if-changed={}", pages.display());

    let mut files = Vec::new();
    collect(&pages, &mut files)?;
    files.sort();
    let mut table = String::from("pub(crate) static PAGES: &[Page] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let content = fs::read(file)?;
        let name = file.strip_prefix(&pages).map_err(io::Error::other)?;
        let (stored, gzip) = store(&out, number, name, &content)?;
        let etag = tag(&content);
        let name = name.to_string_lossy().replace('\\', "/");
        writeln!(
            table,
            "    Page {{ path: {name:?}, etag: {etag:?}, gzip: {gzip}, content: include_bytes!({stored:?}) }},",
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("pages.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// Copies a file where the table includes it from, compressed if that helps.
fn store(out: &Path, number: usize, name: &Path, content: &[u8]) -> io::Result<(PathBuf, bool)> {
    let extension = name.extension().unwrap_or_default().to_string_lossy();
    let stored = out.join(format!("page-{number}"));
    if COMPRESSIBLE.contains(&&*extension) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        fs::write(&stored, encoder.finish()?)?;
        return Ok((stored, true));
    }
    fs::write(&stored, content)?;
    Ok((stored, false))
}

fn tag(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
