//! `dais doctor`: what this machine has and what would be missing.

use std::process::{Command, ExitCode};

use anyhow::Result;
use dais_accelerators::Accelerators;
use serde::Serialize;

use crate::cli::{Engines, Target};
use crate::language::say;
use crate::output::{Table, print};
use crate::platform::accelerators;
use crate::platform::datadir::DataDir;
use crate::platform::engines;

#[derive(Serialize)]
struct Finding {
    what: String,
    ok: bool,
    found: String,
    /// How to mend it; empty where nothing is amiss.
    hint: String,
}

pub async fn run(target: &Target, engines: &Engines) -> Result<ExitCode> {
    let mut findings = vec![python(), venv(), namespaces(), cgroups(), space(target)?];
    findings.extend(others(engines).await?);
    findings.extend(accelerators());
    print(target.output, &findings, || table(&findings))?;
    let well = findings.iter().all(|finding| finding.ok);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(findings: &[Finding]) -> Table {
    let head =
        [say("CHECK", "检查"), say("STATE", "状态"), say("FOUND", "结果"), say("HINT", "建议")];
    let mut table = Table::new(&head, "");
    for finding in findings {
        let state = if finding.ok { say("ok", "正常") } else { say("missing", "缺失") };
        table.row(vec![
            finding.what.clone(),
            state.to_owned(),
            finding.found.clone(),
            finding.hint.clone(),
        ]);
    }
    table
}

fn finding(what: &str, ok: bool, found: impl Into<String>, hint: &str) -> Finding {
    let hint = if ok { String::new() } else { hint.to_owned() };
    Finding { what: what.to_owned(), ok, found: found.into(), hint }
}

/// What a container of a project would find: the system's path, not a person's.
fn probe(program: &str, args: &[&str]) -> Option<String> {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let output = Command::new(program).args(args).env("PATH", path).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn python() -> Finding {
    let found = probe("/usr/bin/python3", &["--version"]);
    let hint =
        say("apt-get install python3 python3-venv", "请执行 apt-get install python3 python3-venv");
    finding("python", found.is_some(), found.unwrap_or_default(), hint)
}

fn venv() -> Finding {
    let found =
        probe("/usr/bin/python3", &["-c", "import venv, ensurepip; print('venv, ensurepip')"]);
    let hint = say("apt-get install python3-venv", "请执行 apt-get install python3-venv");
    finding("python venv", found.is_some(), found.unwrap_or_default(), hint)
}

fn namespaces() -> Finding {
    let privileged = rustix::process::geteuid().is_root();
    let limit = std::fs::read_to_string("/proc/sys/user/max_user_namespaces").unwrap_or_default();
    let restricted =
        std::fs::read_to_string("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
            .is_ok_and(|text| text.trim() == "1");
    let allowed = limit.trim().parse::<u64>().is_ok_and(|limit| limit > 0) && !restricted;
    let found = if privileged { "root" } else { "user namespaces" };
    let hint = say(
        "containers run without isolation; allow user namespaces or start as root",
        "容器将没有隔离；请允许用户命名空间或以 root 启动",
    );
    finding("sandbox", privileged || allowed, found, hint)
}

fn cgroups() -> Finding {
    let unified = std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    let classic = std::path::Path::new("/sys/fs/cgroup/memory").exists();
    let found = match (unified, classic) {
        (true, _) => "cgroup v2",
        (false, true) => "cgroup v1",
        (false, false) => "none",
    };
    let hint = say("limits of cpu and memory will not hold", "CPU 与内存限制将不起作用");
    finding("limits", unified || classic, found, hint)
}

/// Engines that are not ours and would be asked.
async fn others(engines: &Engines) -> Result<Vec<Finding>> {
    let hint = say(
        "check its address and credentials, and that this machine reaches it",
        "请检查地址与凭据，并确认本机可以访问它",
    );
    let health = engines::probe(engines).await?;
    Ok(health.into_iter().map(|one| finding(&one.engine, one.ok, one.found, hint)).collect())
}

fn accelerators() -> Vec<Finding> {
    let hint = say(
        "the driver and its library must be of one version; restart the machine after an update",
        "驱动与其库的版本必须一致；更新之后请重启机器",
    );
    let machine = Accelerators::detect();
    let findings = machine.findings().iter();
    findings
        .map(|one| {
            let (well, found) = accelerators::found(one);
            finding(accelerators::name(one.vendor), well, found, hint)
        })
        .collect()
}

fn space(target: &Target) -> Result<Finding> {
    /// Below this, a first Python environment may not fit.
    const WANTED: u64 = 2 << 30;
    let data = DataDir::new(target.data_dir.as_deref())?;
    let existing = data.root().ancestors().find(|path| path.exists());
    let free = existing
        .and_then(|path| rustix::fs::statvfs(path).ok())
        .map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    let found = format!("{} GiB at {}", free >> 30, data.root().display());
    let hint = say("give another --data-dir, or make room", "请更换 --data-dir 或清理磁盘空间");
    Ok(finding("disk", free >= WANTED, found, hint))
}
