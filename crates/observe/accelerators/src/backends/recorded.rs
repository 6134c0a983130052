//! Plays a file in a loop, by the clock, in place of hardware: pages and rules are
//! tried without any. Every device of it says that it is recorded.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Backend;
use crate::counters::{Kind, named};
use crate::device::{Device, Readings, Slice, Vendor};
use crate::error::{Error, Result};
use crate::page::{self, Holder};

/// A recording, and when its playing began.
pub struct Recording {
    file: File,
    began: Instant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    /// Seconds from one sample to the next.
    interval: u64,
    devices: Vec<Card>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Card {
    vendor: Vendor,
    model: String,
    uuid: String,
    pci_bus_id: String,
    #[serde(default)]
    driver: String,
    #[serde(rename = "memoryMiB")]
    memory_mib: u64,
    #[serde(default)]
    samples: Samples,
    /// MIG: the card is then given away in these alone.
    #[serde(default)]
    slices: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Part {
    uuid: String,
    gpu_instance: u32,
    #[serde(default)]
    compute_instance: u32,
    profile: String,
    #[serde(rename = "memoryMiB")]
    memory_mib: u64,
    #[serde(default)]
    samples: Samples,
}

/// A counter's values one after the other; one value stays as it is.
type Samples = BTreeMap<String, Vec<f64>>;

impl Recording {
    /// Reads a file of YAML or JSON and checks that it can be played.
    pub fn read(path: &Path) -> Result<Recording> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::File { path: path.to_owned(), source })?;
        let file: File = serde_saphyr::from_str(&text).map_err(|source| Error::Malformed {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        check(path, &file)?;
        Ok(Recording { file, began: Instant::now() })
    }

    /// The page that stands there so long after the playing began: rules are tried over
    /// hours without waiting for them.
    pub fn page_at(
        &self,
        since: Duration,
        machine: &str,
        holder: &dyn Fn(&str) -> Option<Holder>,
    ) -> String {
        let read: Vec<_> = self.devices().into_iter().zip(self.at(since)).collect();
        page::render(machine, &read, holder)
    }

    fn at(&self, time: Duration) -> Vec<Readings> {
        let tick = time.as_secs() / self.file.interval;
        let cards = self.file.devices.iter();
        cards
            .flat_map(|card| {
                let slices = card.slices.iter().map(|slice| &slice.samples);
                std::iter::once(&card.samples).chain(slices)
            })
            .map(|samples| play(samples, tick))
            .collect()
    }
}

fn check(path: &Path, file: &File) -> Result<()> {
    let wrong = |device: &str, reason: String, hint| {
        Err(Error::Unplayable { path: path.to_owned(), device: device.to_owned(), reason, hint })
    };
    if file.interval == 0 {
        return wrong(
            "any",
            "interval is 0".into(),
            "seconds from one sample to the next, at least 1",
        );
    }
    let mut seen = std::collections::BTreeSet::new();
    for card in &file.devices {
        let slices = card.slices.iter().map(|slice| (&slice.uuid, &slice.samples));
        for (uuid, samples) in std::iter::once((&card.uuid, &card.samples)).chain(slices) {
            if uuid.is_empty() || !seen.insert(uuid) {
                return wrong(
                    uuid,
                    "its uuid is empty or taken".into(),
                    "give each device its own",
                );
            }
            for (name, values) in samples {
                if named(name).is_none() {
                    let reason = format!("no counter is called {name:?}");
                    return wrong(uuid, reason, "docs/accelerators.md lists them");
                }
                if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
                    let reason = format!("{name} has no value, or one that is no number");
                    return wrong(uuid, reason, "give at least one number");
                }
            }
        }
        if !card.slices.is_empty() && card.vendor != Vendor::Nvidia {
            let reason = "only NVIDIA's cards have slices".to_owned();
            return wrong(&card.uuid, reason, "leave out `slices`");
        }
    }
    Ok(())
}

/// The values of one moment. A counter goes on where the last turn ended, as a real one
/// would: its rate stays true when the recording begins anew.
fn play(samples: &Samples, tick: u64) -> Readings {
    let value = |kind: Kind, values: &[f64]| -> f64 {
        let turn = tick / values.len() as u64;
        let now = values[(tick % values.len() as u64) as usize];
        let (first, last) = (values[0], values[values.len() - 1]);
        match kind {
            Kind::Gauge => now,
            Kind::Counter => now + turn as f64 * (last - first),
        }
    };
    let known = samples.iter().filter_map(|(name, values)| Some((named(name)?, values)));
    known.map(|(counter, values)| (counter.name, value(counter.kind, values))).collect()
}

impl Backend for Recording {
    fn devices(&self) -> Vec<Device> {
        let cards = self.file.devices.iter();
        cards.enumerate().flat_map(|(index, card)| devices(index as u32, card)).collect()
    }

    fn read(&self) -> Vec<Readings> {
        self.at(self.began.elapsed())
    }
}

fn devices(index: u32, card: &Card) -> Vec<Device> {
    let name = match card.vendor {
        Vendor::Nvidia => "nvidia",
        Vendor::Amd => "card",
        Vendor::Ascend => "davinci",
    };
    let whole = Device {
        vendor: card.vendor,
        index,
        uuid: card.uuid.clone(),
        pci_bus_id: card.pci_bus_id.clone(),
        name: format!("{name}{index}"),
        model: card.model.clone(),
        memory_mib: card.memory_mib,
        driver: card.driver.clone(),
        slice: None,
        whole: card.slices.is_empty(),
        nodes: Vec::new(),
        recorded: true,
    };
    let slices = card.slices.iter().map(|part| Device {
        memory_mib: part.memory_mib,
        slice: Some(Slice {
            uuid: part.uuid.clone(),
            gpu_instance: part.gpu_instance,
            compute_instance: part.compute_instance,
            profile: part.profile.clone(),
        }),
        whole: true,
        ..whole.clone()
    });
    std::iter::once(whole.clone()).chain(slices.collect::<Vec<_>>()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::counters as c;

    const TWO: &str = r#"
interval: 10
devices:
  - vendor: nvidia
    model: NVIDIA H100 80GB HBM3
    uuid: GPU-1
    pciBusId: "00000000:1A:00.0"
    memoryMiB: 81559
    samples:
      DCGM_FI_DEV_GPU_UTIL: [10, 90]
      DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: [1000, 1400]
  - vendor: nvidia
    model: NVIDIA A100-SXM4-40GB
    uuid: GPU-2
    pciBusId: "00000000:1B:00.0"
    memoryMiB: 40960
    slices:
      - {uuid: MIG-3, gpuInstance: 7, profile: 1g.5gb, memoryMiB: 4864, samples: {DCGM_FI_DEV_FB_USED: [512]}}
"#;

    fn recording(text: &str) -> Result<Recording> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Recording::read(file.path())
    }

    #[test]
    fn it_plays_by_the_clock_and_begins_anew() {
        let recording = recording(TWO).unwrap();
        let at = |seconds| recording.at(Duration::from_secs(seconds));
        let busy = [0, 9, 10, 20, 35].map(|seconds| at(seconds)[0][c::GPU_UTIL]);
        assert_eq!(busy, [10.0, 10.0, 90.0, 10.0, 90.0]);
        let energy = [0, 10, 20, 30, 40].map(|seconds| at(seconds)[0][c::ENERGY]);
        assert_eq!(energy, [1000.0, 1400.0, 1400.0, 1800.0, 1800.0], "it never goes back");
        assert_eq!(at(1234)[2], Readings::from([(c::FB_USED, 512.0)]));
    }

    #[test]
    fn a_card_in_slices_is_given_away_in_slices() {
        let devices = recording(TWO).unwrap().devices();
        let told: Vec<_> = devices.iter().map(|one| (one.id(), one.whole, one.recorded)).collect();
        assert_eq!(told, [("GPU-1", true, true), ("GPU-2", false, true), ("MIG-3", true, true)]);
        assert_eq!(devices[2].resource(), "nvidia.com/mig-1g.5gb");
        assert_eq!((devices[2].index, devices[2].uuid.as_str()), (1, "GPU-2"));
    }

    #[test]
    fn what_cannot_be_played_is_said_with_a_hint() {
        for (from, to, words) in [
            ("interval: 10", "interval: 0", "interval is 0"),
            (
                "DCGM_FI_DEV_GPU_UTIL",
                "DCGM_FI_DEV_MOOD",
                "no counter is called \"DCGM_FI_DEV_MOOD\"",
            ),
            ("[512]", "[]", "DCGM_FI_DEV_FB_USED has no value"),
            ("[512]", "[.nan]", "DCGM_FI_DEV_FB_USED has no value"),
            ("MIG-3", "GPU-1", "its uuid is empty or taken"),
        ] {
            let error = recording(&TWO.replace(from, to)).err().unwrap().to_string();
            assert!(error.contains(words) && error.contains("hint"), "{error}");
        }
        let error = recording(&TWO.replace("vendor: nvidia", "vendor: acme")).err().unwrap();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
}
