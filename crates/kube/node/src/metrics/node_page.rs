//! `/metrics`: the machine as node-exporter shows it, and the kubelet's basics.

use std::sync::{Arc, PoisonError};

use axum::extract::State;

use super::proc;
use super::text::Page;
use crate::host::Host;

pub(crate) async fn node(State(host): State<Arc<Host>>) -> impl axum::response::IntoResponse {
    let mut page = Page::default();
    processors(&mut page);
    memory(&mut page);
    filesystems(&mut page);
    network(&mut page);
    disks(&mut page);
    system(&mut page);
    kubelet(&mut page, &host);
    page
}

fn processors(page: &mut Page) {
    let stat = proc::read("/proc/stat");
    page.family("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.");
    for (cpu, mode, seconds) in proc::cpu_seconds(&stat) {
        page.sample("node_cpu_seconds_total", &[("cpu", &cpu), ("mode", mode)], seconds);
    }
    for (name, key, kind, help) in [
        ("node_boot_time_seconds", "btime", "gauge", "Node boot time, in unixtime."),
        ("node_context_switches_total", "ctxt", "counter", "Total number of context switches."),
        ("node_forks_total", "processes", "counter", "Total number of forks."),
        ("node_procs_running", "procs_running", "gauge", "Number of processes in runnable state."),
        (
            "node_procs_blocked",
            "procs_blocked",
            "gauge",
            "Number of processes blocked waiting for I/O to complete.",
        ),
    ] {
        if let Some(value) = proc::stat_number(&stat, key) {
            page.single(name, kind, help, value);
        }
    }
    let load = proc::read("/proc/loadavg");
    for (name, word) in
        ["node_load1", "node_load5", "node_load15"].iter().zip(load.split_whitespace())
    {
        page.single(name, "gauge", "Load average.", word.parse().unwrap_or(0.0));
    }
}

fn memory(page: &mut Page) {
    for (name, bytes) in proc::memory_info() {
        let counted = name.starts_with("HugePages_");
        let name = if counted {
            format!("node_memory_{name}")
        } else {
            format!("node_memory_{name}_bytes")
        };
        page.single(&name, "gauge", "Memory information field.", bytes as f64);
    }
}

fn filesystems(page: &mut Page) {
    let mounts: Vec<_> = proc::filesystems(&proc::read("/proc/self/mounts"))
        .into_iter()
        .filter_map(|(device, point, kind)| {
            Some((rustix::fs::statvfs(&point).ok()?, device, point, kind))
        })
        .collect();
    type Value = fn(&rustix::fs::StatVfs) -> u64;
    let families: [(&str, &str, Value); 5] = [
        ("node_filesystem_size_bytes", "Filesystem size in bytes.", |stat| {
            stat.f_blocks * stat.f_frsize
        }),
        ("node_filesystem_free_bytes", "Filesystem free space in bytes.", |stat| {
            stat.f_bfree * stat.f_frsize
        }),
        (
            "node_filesystem_avail_bytes",
            "Filesystem space available to non-root users in bytes.",
            |stat| stat.f_bavail * stat.f_frsize,
        ),
        ("node_filesystem_files", "Filesystem total file nodes.", |stat| stat.f_files),
        ("node_filesystem_files_free", "Filesystem total free file nodes.", |stat| stat.f_ffree),
    ];
    for (name, help, value) in families {
        page.family(name, "gauge", help);
        for (stat, device, point, kind) in &mounts {
            let labels = [
                ("device", device.as_str()),
                ("fstype", kind.as_str()),
                ("mountpoint", point.as_str()),
            ];
            page.sample(name, &labels, value(stat) as f64);
        }
    }
}

fn network(page: &mut Page) {
    let interfaces = proc::network(&proc::read("/proc/net/dev"));
    let names = [
        "receive_bytes",
        "receive_packets",
        "receive_errs",
        "receive_drop",
        "transmit_bytes",
        "transmit_packets",
        "transmit_errs",
        "transmit_drop",
    ];
    for (index, name) in names.iter().enumerate() {
        let name = format!("node_network_{name}_total");
        page.family(&name, "counter", "Network device statistic.");
        for (device, values) in &interfaces {
            page.sample(&name, &[("device", device)], values[index] as f64);
        }
    }
}

fn disks(page: &mut Page) {
    let disks = proc::disks(&proc::read("/proc/diskstats"));
    let names = [
        ("node_disk_reads_completed_total", "The total number of reads completed successfully."),
        ("node_disk_read_bytes_total", "The total number of bytes read successfully."),
        ("node_disk_writes_completed_total", "The total number of writes completed successfully."),
        ("node_disk_written_bytes_total", "The total number of bytes written successfully."),
        ("node_disk_io_time_seconds_total", "Total seconds spent doing I/Os."),
    ];
    for (index, (name, help)) in names.iter().enumerate() {
        page.family(name, "counter", help);
        for (device, values) in &disks {
            page.sample(name, &[("device", device)], values[index]);
        }
    }
}

fn system(page: &mut Page) {
    let uname = rustix::system::uname();
    let fields = [
        ("domainname", uname.domainname()),
        ("machine", uname.machine()),
        ("nodename", uname.nodename()),
        ("release", uname.release()),
        ("sysname", uname.sysname()),
        ("version", uname.version()),
    ];
    let fields = fields.map(|(name, text)| (name, text.to_string_lossy().into_owned()));
    let labels: Vec<(&str, &str)> =
        fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
    page.family(
        "node_uname_info",
        "gauge",
        "Labeled system information as provided by the uname system call.",
    );
    page.sample("node_uname_info", &labels, 1.0);
    let now = jiff::Timestamp::now().as_millisecond() as f64 / 1e3;
    page.single("node_time_seconds", "gauge", "System time in seconds since epoch (1970).", now);
}

fn kubelet(page: &mut Page, host: &Host) {
    let registry = host.registry.read().unwrap_or_else(PoisonError::into_inner);
    let containers = || registry.values().flat_map(|pod| &pod.containers);
    let running = registry
        .values()
        .filter(|pod| pod.containers.iter().any(|container| container.running))
        .count();
    page.single(
        "kubelet_running_pods",
        "gauge",
        "Number of pods that have a running pod sandbox.",
        running as f64,
    );
    page.family("kubelet_running_containers", "gauge", "Number of containers currently running.");
    let (up, began) =
        (containers().filter(|c| c.running).count(), containers().filter(|c| c.began).count());
    page.sample("kubelet_running_containers", &[("container_state", "running")], up as f64);
    page.sample(
        "kubelet_running_containers",
        &[("container_state", "exited")],
        (began - up) as f64,
    );
    page.family("kubelet_node_name", "gauge", "The node's name. The count is always 1.");
    page.sample("kubelet_node_name", &[("node", &host.config.name)], 1.0);
    let devices = host.devices_in_use() as f64;
    page.single("kubelet_devices_in_use", "gauge", "Accelerators that pods hold.", devices);
}
