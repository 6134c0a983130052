//! `dais backup` and `dais restore`: the whole state in one file, and back.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use tokio::io::AsyncWriteExt;

use crate::cli::{BackupFile, Target};
use crate::client::{self, Connection};
use crate::language::say;
use crate::platform::backup::END;
use crate::platform::datadir::DataDir;

pub async fn save(target: &Target, args: BackupFile) -> Result<ExitCode> {
    let connection = Connection::open(target)?;
    let partial = args.file.with_extension("partial");
    let shown = args.file.display();
    let mut response = client::send(connection.request(Method::GET, "/api/backup")).await?;
    let mut file =
        tokio::fs::File::create(&partial).await.with_context(|| format!("writing {shown}"))?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await.context("reading the backup")? {
        file.write_all(&chunk).await.with_context(|| format!("writing {shown}"))?;
        bytes += chunk.len();
    }
    file.sync_all().await.with_context(|| format!("writing {shown}"))?;
    check_whole(&partial).context("the platform broke off the backup; its log says why")?;
    fs::rename(&partial, &args.file).with_context(|| format!("writing {shown}"))?;
    println!("{shown}: {} MiB", bytes.div_ceil(1 << 20));
    Ok(ExitCode::SUCCESS)
}

fn check_whole(path: &Path) -> Result<()> {
    let file = File::open(path).context("reading the backup")?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    for entry in archive.entries().context("reading the backup")? {
        let entry = entry.context("reading the backup")?;
        if entry.path().context("reading the backup")? == Path::new(END) {
            return Ok(());
        }
    }
    bail!("{} is not a whole backup: its end is missing", path.display())
}

pub fn restore(target: &Target, args: &BackupFile) -> Result<ExitCode> {
    let data = DataDir::new(target.data_dir.as_deref())?;
    let root = data.root();
    let occupied = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        bail!(
            "{} is not empty; a backup is put back into an empty --data-dir, so that nothing is lost",
            root.display()
        );
    }
    check_whole(&args.file)?;
    fs::create_dir_all(root).with_context(|| format!("making {}", root.display()))?;
    let file =
        File::open(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    archive.set_preserve_permissions(true);
    // The archive's reader refuses names that lead out of the directory.
    archive.unpack(root).with_context(|| format!("unpacking into {}", root.display()))?;
    let _ = fs::remove_file(root.join(END));
    data.prepare()?;
    println!(
        "{} `dais up --data-dir {}`",
        say("restored; start it with", "已恢复；启动命令："),
        root.display()
    );
    Ok(ExitCode::SUCCESS)
}
