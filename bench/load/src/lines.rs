//! Container log files in the CRI format, of as many applications as a cluster has.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::json;

const APPS: usize = 50;
/// One line in so many holds the rare word.
const RARE: usize = 10_000;

/// `lines` lines over [`APPS`] containers. Every line says a step, a loss and a user;
/// few say `deadlock`.
pub fn write(files: &Path, lines: usize) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for app in 0..APPS {
        let pod = files.join(format!("project-{}_app-{app}-0_uid-{app}", app % 10));
        fs::create_dir_all(pod.join("main"))?;
        let about = json!({
            "namespace": format!("project-{}", app % 10), "name": format!("app-{app}-0"),
            "uid": format!("uid-{app}"), "node": "machine-0", "labels": {"app": format!("app-{app}")},
        });
        fs::write(pod.join("pod.json"), about.to_string())?;
        let mut file = BufWriter::new(File::create(pod.join("main/0.log"))?);
        for number in (app..lines).step_by(APPS) {
            let (seconds, nanos) =
                (now - 3600 + (number * 3600 / lines.max(1)) as u64, number % 1_000_000_000);
            let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
            let day = date(seconds / 86_400);
            write!(
                file,
                "{day}T{hours:02}:{minutes:02}:{:02}.{nanos:09}Z stdout F ",
                seconds % 60
            )?;
            if number / APPS % (RARE / APPS) == app % 7 {
                writeln!(
                    file,
                    "ERROR transaction {number} aborted: deadlock detected while waiting for lock {}",
                    number % 977
                )?;
            } else {
                writeln!(
                    file,
                    "INFO step {number} epoch {} loss={:.5} worker-{} handled request /v2/models/digits/infer for user-{} in {} ms",
                    number % 90,
                    1.0 / (1 + number % 1000) as f64,
                    number % 16,
                    number % 613,
                    number % 250
                )?;
            }
        }
        file.flush()?;
    }
    Ok(())
}

/// `YYYY-MM-DD` of a day since 1970 (the algorithm of Howard Hinnant's civil_from_days).
fn date(days: u64) -> String {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
