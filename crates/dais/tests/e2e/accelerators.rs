//! Accelerators that are played from a recording, from the node to the person.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use dais_accelerators::{Holder, Recording};
use dais_metrics::rules::{Alert, Group, RuleGroup, RulesConfig};
use dais_metrics::{Config, Labels, NAME, Sample, Store};
use serde_json::{Value, json};

use crate::support::{Platform, folder, text};
use crate::tenants::person;

const RULES: &str = include_str!("../../../../deploy/rules/dais.yaml");
const FIRST: &str = "GPU-5ec0a1d0-0000-4000-8000-000000000000";
const SLICE: &str = "MIG-5ec0a1d0-0000-5000-8000-000000000003";

fn recording() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/accelerators/recording.yaml"
    ))
}

fn platform() -> Platform {
    let file = recording().display().to_string();
    Platform::start_with_options(&["--recorded-accelerators".to_owned(), file])
}

/// A pod that says what it was given and waits.
fn pod(name: &str, resource: &str, count: &str) -> Value {
    let say = "echo $CUDA_VISIBLE_DEVICES $DAIS_RECORDED_DEVICE; ls /dev | grep -c nvidia; exec sleep 600";
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"dais.io/app": "score", "dais.io/user": "ann"}},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [{
            "name": "main", "image": "host", "command": ["sh", "-c", say],
            "resources": {"limits": {resource: count}},
        }]},
    })
}

fn query(platform: &Platform, token: &str, query: &str) -> Vec<Value> {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let answer =
        platform.get_as(token, &format!("/prometheus/api/v1/query?query={query}")).unwrap();
    answer["data"]["result"].as_array().unwrap().clone()
}

fn phase(platform: &Platform, namespace: &str, name: &str) -> String {
    let pod = platform.get(&format!("/k8s/api/v1/namespaces/{namespace}/pods/{name}"));
    pod.unwrap_or_default()["status"]["phase"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn recorded_devices_are_given_out_measured_and_attributed() {
    let mut platform = platform();
    let node = platform.get("/k8s/api/v1/nodes").unwrap()["items"][0].clone();
    for (resource, count) in
        [("nvidia.com/gpu", "2"), ("nvidia.com/mig-3g.20gb", "1"), ("nvidia.com/mig-1g.5gb", "1")]
    {
        assert_eq!(node["status"]["allocatable"][resource], count, "{node}");
    }
    let labels = &node["metadata"]["labels"];
    assert_eq!(labels["nvidia.com/gpu.product"], "NVIDIA-H100-80GB-HBM3");
    assert_eq!(labels["nvidia.com/gpu.count"], "3");

    let ann = person(&platform, "ann", "score");
    let bob = person(&platform, "bob", "other");
    let pods = "/k8s/api/v1/namespaces/score/pods";
    let (code, answer) = platform.post_as(&ann.token, pods, &pod("whole", "nvidia.com/gpu", "1"));
    assert_eq!(code, 201, "{answer}");
    let (code, _) = platform.post_as(&ann.token, pods, &pod("part", "nvidia.com/mig-3g.20gb", "1"));
    assert_eq!(code, 201);
    platform.until("both to run", || {
        let both = ["whole", "part"].map(|name| phase(&platform, "score", name));
        (both == ["Running", "Running"]).then_some(())
    });
    told(&platform, "whole", FIRST);
    told(&platform, "part", SLICE);
    attributed(&platform, &ann.token);
    // What is another's, and what is nobody's, is not for everybody.
    assert_eq!(query(&platform, &bob.token, "DCGM_FI_DEV_POWER_USAGE"), Vec::<Value>::new());
    assert!(query(&platform, &platform.token(), "DCGM_FI_DEV_POWER_USAGE").len() == 3);

    // A restart finds every device where it was: two of one, one of them free.
    platform.kill();
    platform.up();
    let two = pod("two", "nvidia.com/gpu", "2");
    assert_eq!(platform.post_as(&ann.token, pods, &two).0, 201);
    assert_eq!(platform.post_as(&ann.token, pods, &pod("second", "nvidia.com/gpu", "1")).0, 201);
    platform.until("the second card", || {
        (phase(&platform, "score", "second") == "Running").then_some(())
    });
    told(&platform, "second", "GPU-5ec0a1d0-0000-4000-8000-000000000001");
    assert_eq!(phase(&platform, "score", "two"), "Pending");
    let status = platform.ok(&["status"]);
    assert!(status.contains("2 × nvidia.com/gpu"), "{status}");
    assert!(status.contains("played from a recording"), "{status}");
}

/// The program knows its device, knows that it is recorded, and has no file of it.
fn told(platform: &Platform, pod: &str, device: &str) {
    let log = format!("/k8s/api/v1/namespaces/score/pods/{pod}/log");
    let wanted = format!("{device} 1\n0\n");
    platform.until(&format!("{pod} to say {wanted:?}"), || {
        let request = platform.http.get(format!("{}{log}", platform.url()));
        let text = request.bearer_auth(platform.token()).send().ok()?.text().ok()?;
        (text == wanted).then_some(())
    });
}

fn attributed(platform: &Platform, token: &str) {
    let joined = "DCGM_FI_DEV_FB_USED * on (namespace, pod) group_left (label_dais_io_app, \
                  label_dais_io_user) kube_pod_labels{label_dais_io_app!=\"\"}";
    let series = platform.until("both devices to be attributed", || {
        let series = query(platform, token, joined);
        (series.len() == 2).then_some(series)
    });
    let of = |pod: &str| {
        series.iter().find(|one| one["metric"]["pod"] == pod).unwrap()["metric"].clone()
    };
    let whole = of("whole");
    for (label, value) in [
        ("UUID", FIRST),
        ("gpu", "0"),
        ("modelName", "NVIDIA H100 80GB HBM3"),
        ("namespace", "score"),
        ("container", "main"),
        ("label_dais_io_app", "score"),
        ("label_dais_io_user", "ann"),
        ("recorded", "true"),
    ] {
        assert_eq!(whole[label], value, "{whole}");
    }
    let part = of("part");
    assert_eq!((&part["GPU_I_ID"], &part["GPU_I_PROFILE"]), (&json!("1"), &json!("3g.20gb")));
}

#[test]
fn a_recording_that_cannot_be_played_is_said_before_anything_starts() {
    let folder = folder();
    let file = folder.path().join("wrong.yaml");
    std::fs::write(&file, "interval: 10\ndevices: [{vendor: acme}]\n").unwrap();
    let mut command = std::process::Command::new(crate::support::DAIS);
    command.args(["up", "--port-offset", "23990", "--recorded-accelerators"]).arg(&file);
    let output = command.arg("--data-dir").arg(folder.path().join("data")).output().unwrap();
    assert!(!output.status.success());
    let words = text(&output);
    assert!(words.contains("--recorded-accelerators") && words.contains("acme"), "{words}");
}

/// Our rules over what the example plays, minute by minute, with one card held.
struct World {
    store: Store,
    config: RulesConfig,
    group: Group,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(folder.path())).unwrap();
        let rules: Value = serde_saphyr::from_str(RULES).unwrap();
        let groups = rules["spec"]["groups"].as_array().unwrap();
        let group = groups.iter().find(|group| group["name"] == "accelerator").unwrap();
        let group: RuleGroup = serde_json::from_value(group.clone()).unwrap();
        World { store, config: RulesConfig::default(), group: Group::new(group), _folder: folder }
    }

    /// Which alerts begin, by the device, over so many minutes of a recording.
    fn play(&mut self, recording: &Recording, held: &str, minutes: u64) -> BTreeMap<String, Alert> {
        let holder = |id: &str| {
            (id == held).then(|| Holder {
                namespace: "score".into(),
                pod: "train-0".into(),
                container: "main".into(),
            })
        };
        let mut fired = BTreeMap::new();
        for minute in 0..minutes {
            let page = recording.page_at(Duration::from_secs(minute * 60), "here", &holder);
            let time = i64::try_from(minute).unwrap() * 60_000;
            self.store.append(samples(&page, time)).unwrap();
            for alert in self.group.evaluate(&self.store, &self.config, time) {
                let name = alert.labels.get("alertname").to_owned();
                let device = alert.labels.get("gpu").to_owned();
                fired.entry(format!("{name} {device}")).or_insert(alert);
            }
        }
        fired
    }
}

fn samples(page: &str, time: i64) -> Vec<(Labels, Sample)> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, rest) = series.split_once('{').unwrap();
            let pairs = rest.trim_end_matches('}').split("\",").map(|pair| {
                let (label, value) = pair.split_once("=\"").unwrap();
                (label, value.trim_end_matches('"'))
            });
            let labels = Labels::new([(NAME, name)].into_iter().chain(pairs));
            (labels, Sample { time, value: value.parse().unwrap() })
        })
        .collect()
}

/// A card of the example, changed so that it is in trouble.
fn troubled(changes: &[(&str, &str)]) -> Recording {
    let text = std::fs::read_to_string(recording()).unwrap();
    let mut card = 0;
    let lines = text.lines().map(|line| {
        card += usize::from(line.starts_with("  - vendor"));
        let name = line.trim_start().split(':').next().unwrap();
        let change = changes.iter().find(|(counter, _)| *counter == name && card == 1);
        change.map_or(line.to_owned(), |(counter, values)| format!("      {counter}: {values}"))
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.collect::<Vec<_>>().join("\n")).unwrap();
    Recording::read(file.path()).unwrap()
}

#[test]
fn rules_find_what_is_wrong_with_a_device() {
    let cases = [
        ("DCGM_FI_DEV_GPU_TEMP", "[93]", "AcceleratorHot 0", 10),
        (
            "DCGM_FI_DEV_XID_ERRORS",
            "[0, 0, 0, 0, 0, 0, 79, 79, 79, 79, 79, 79]",
            "AcceleratorError 0",
            10,
        ),
        (
            "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
            "[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]",
            "AcceleratorError 0",
            10,
        ),
        ("DCGM_FI_DEV_ROW_REMAP_FAILURE", "[1]", "AcceleratorError 0", 10),
        ("DCGM_FI_DEV_FB_FREE", "[12]", "AcceleratorMemoryFull 0", 20),
        ("DCGM_FI_DEV_GPU_UTIL", "[1]", "AcceleratorHeldIdle 0", 75),
    ];
    for (counter, values, wanted, minutes) in cases {
        let fired = World::new().play(&troubled(&[(counter, values)]), FIRST, minutes);
        let alert = fired.get(wanted).unwrap_or_else(|| panic!("{counter}: {:?}", fired.keys()));
        assert_eq!(alert.labels.get("recorded"), "true", "{counter}");
        let healthy = World::new().play(&troubled(&[]), FIRST, minutes);
        assert!(!healthy.contains_key(wanted), "{counter}: {:?}", healthy.keys());
    }
}

#[test]
fn a_held_slice_that_does_nothing_is_found_too() {
    let idle = "MIG-5ec0a1d0-0000-5000-8000-000000000004";
    let fired = World::new().play(&troubled(&[]), idle, 75);
    let alert = fired.get("AcceleratorHeldIdle 2").unwrap_or_else(|| panic!("{:?}", fired.keys()));
    assert_eq!(alert.labels.get("GPU_I_ID"), "9");
    let nobody = World::new().play(&troubled(&[]), "", 75);
    assert!(!nobody.contains_key("AcceleratorHeldIdle 2"), "nobody holds it");
}
