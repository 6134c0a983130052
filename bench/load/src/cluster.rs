//! A cluster's series, in the field's names: machines as node-exporter tells them, pods
//! as cAdvisor and kube-state-metrics do. The same numbers for whoever is asked.

/// Of every hundred series, about what a cluster has.
const PODS_OF_A_MACHINE: usize = 30;
const CORES: usize = 8;
const MODES: [&str; 8] = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];

/// How a series' value goes.
#[derive(Clone, Copy)]
pub enum Shape {
    /// Rises by about so much a second.
    Counter(f64),
    /// Somewhere around.
    Gauge(f64),
    /// Always this.
    Constant(f64),
}

pub struct Line {
    pub name: &'static str,
    pub labels: Vec<(&'static str, String)>,
    pub shape: Shape,
}

impl Line {
    fn new(name: &'static str, labels: &[(&'static str, &str)], shape: Shape) -> Line {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Line { name, labels, shape }
    }

    /// The value at a time (seconds), with some unrest that is the same each time.
    pub fn value(&self, seed: usize, seconds: i64) -> f64 {
        let unrest = unrest(seed as u64, seconds as u64);
        match self.shape {
            Shape::Counter(rate) => {
                // Never falls, asked once a second at most.
                let value = (seconds as f64 + unrest * 0.9) * rate;
                // Bytes are whole, seconds have thousandths.
                if rate < 1000.0 { (value * 1000.0).round() / 1000.0 } else { value.round() }
            }
            Shape::Gauge(level) => (level * (0.75 + unrest / 2.0)).round(),
            Shape::Constant(value) => value,
        }
    }
}

/// Between 0 and 1, by the finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
fn unrest(seed: u64, time: u64) -> f64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ time;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The first `count` series of one machine and the pods on it.
pub fn machine(number: usize, count: usize) -> Vec<Line> {
    let mut lines = node(number);
    for pod in 0.. {
        if lines.len() >= count {
            break;
        }
        lines.extend(pod_lines(number, pod));
    }
    lines.truncate(count);
    lines
}

/// So many series, of as many machines as that makes.
pub fn cluster(count: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for number in 0.. {
        if lines.len() >= count {
            break;
        }
        lines.extend(node(number));
        for pod in 0..PODS_OF_A_MACHINE {
            lines.extend(pod_lines(number, pod));
        }
    }
    lines.truncate(count);
    lines
}

fn node(number: usize) -> Vec<Line> {
    let name = format!("machine-{number}");
    let own = [("instance", name.as_str()), ("job", "node"), ("node", name.as_str())];
    let with = |more: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        own.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let mut lines = Vec::new();
    for core in 0..CORES {
        let core = core.to_string();
        for mode in MODES {
            lines.push(Line {
                name: "node_cpu_seconds_total",
                labels: with(&[("cpu", &core), ("mode", mode)]),
                shape: Shape::Counter(if mode == "idle" { 0.6 } else { 0.05 }),
            });
        }
    }
    let plain = [
        ("node_memory_MemTotal_bytes", Shape::Constant(64e9)),
        ("node_memory_MemAvailable_bytes", Shape::Gauge(32e9)),
        ("node_memory_Cached_bytes", Shape::Gauge(9e9)),
        ("node_memory_Buffers_bytes", Shape::Gauge(1e9)),
        ("node_load1", Shape::Gauge(400.0)),
        ("node_load15", Shape::Gauge(300.0)),
        ("node_boot_time_seconds", Shape::Constant(1.7e9)),
    ];
    lines.extend(plain.map(|(name, shape)| Line { name, labels: with(&[]), shape }));
    for device in ["sda", "nvme0n1"] {
        for name in ["node_disk_read_bytes_total", "node_disk_written_bytes_total"] {
            let labels = with(&[("device", device)]);
            lines.push(Line { name, labels, shape: Shape::Counter(4e6) });
        }
    }
    for name in ["node_network_receive_bytes_total", "node_network_transmit_bytes_total"] {
        let labels = with(&[("device", "eth0")]);
        lines.push(Line { name, labels, shape: Shape::Counter(9e6) });
    }
    lines
}

fn pod_lines(machine: usize, pod: usize) -> Vec<Line> {
    let node = format!("machine-{machine}");
    let namespace = format!("project-{}", (machine * PODS_OF_A_MACHINE + pod) % 40);
    let name = format!("train-{machine}-{pod}-7d9f8b6c5-x{pod:04}");
    let id = format!("/kubepods/burstable/pod{machine:08x}-{pod:04x}-4c1d-8e2f-0123456789ab/main");
    let pod = [("namespace", namespace.as_str()), ("pod", name.as_str())];
    let container = [pod[0], pod[1], ("container", "main")];
    let cadvisor = [
        container[0],
        container[1],
        container[2],
        ("id", id.as_str()),
        ("image", "registry.example/team/trainer:2.4.1"),
        ("instance", node.as_str()),
        ("job", "cadvisor"),
        ("name", "main"),
    ];
    let mut lines = Vec::new();
    for (name, shape) in [
        ("container_cpu_usage_seconds_total", Shape::Counter(0.7)),
        ("container_cpu_user_seconds_total", Shape::Counter(0.5)),
        ("container_cpu_system_seconds_total", Shape::Counter(0.2)),
        ("container_cpu_cfs_throttled_periods_total", Shape::Counter(0.1)),
        ("container_memory_working_set_bytes", Shape::Gauge(2e9)),
        ("container_memory_rss", Shape::Gauge(1.5e9)),
        ("container_memory_cache", Shape::Gauge(4e8)),
        ("container_memory_usage_bytes", Shape::Gauge(2.4e9)),
        ("container_spec_memory_limit_bytes", Shape::Constant(4e9)),
        ("container_fs_reads_bytes_total", Shape::Counter(1e5)),
        ("container_fs_writes_bytes_total", Shape::Counter(2e5)),
        ("container_network_receive_bytes_total", Shape::Counter(3e5)),
        ("container_network_transmit_bytes_total", Shape::Counter(3e5)),
        ("container_start_time_seconds", Shape::Constant(1.76e9)),
    ] {
        lines.push(Line::new(name, &cadvisor, shape));
    }
    lines.push(Line::new(
        "kube_pod_labels",
        &[
            pod[0],
            pod[1],
            ("label_dais_io_app", &format!("app-{}", machine % 20)),
            ("label_dais_io_user", &format!("user-{}", machine % 30)),
        ],
        Shape::Constant(1.0),
    ));
    lines.push(Line::new(
        "kube_pod_info",
        &[pod[0], pod[1], ("node", &node)],
        Shape::Constant(1.0),
    ));
    for phase in ["Pending", "Running", "Succeeded", "Failed", "Unknown"] {
        let is = f64::from(u8::from(phase == "Running"));
        lines.push(Line::new(
            "kube_pod_status_phase",
            &[pod[0], pod[1], ("phase", phase)],
            Shape::Constant(is),
        ));
    }
    for (resource, unit, amount) in
        [("cpu", "core", 1.0), ("memory", "byte", 4e9), ("nvidia_com_gpu", "integer", 1.0)]
    {
        lines.push(Line::new(
            "kube_pod_container_resource_requests",
            &[
                container[0],
                container[1],
                container[2],
                ("node", &node),
                ("resource", resource),
                ("unit", unit),
            ],
            Shape::Constant(amount),
        ));
    }
    lines
}
