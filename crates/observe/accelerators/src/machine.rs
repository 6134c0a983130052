//! All accelerators of this machine, whoever made them.

use std::path::Path;

use crate::backends::{self, Backend};
use crate::device::{Device, Vendor};
use crate::page::{self, Holder};
use crate::{Recording, Result};

/// What was found at the start. Devices that come later, and MIG slices that are cut
/// anew, are seen at the next start.
pub struct Accelerators {
    backends: Vec<Box<dyn Backend>>,
    findings: Vec<Finding>,
    devices: Vec<Device>,
}

/// What one maker's interface said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub vendor: Vendor,
    /// How it was asked: `NVML`, `sysfs`, `DCMI`.
    pub through: &'static str,
    pub outcome: Outcome,
}

/// Whether there is something to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// So many cards, with this driver.
    Found { cards: usize, driver: String },
    /// Nothing of that maker here, and why one may say so.
    Absent(String),
    /// Something is here and cannot be asked; a person should look.
    Failed(String),
}

impl Accelerators {
    /// Asks every maker's interface.
    pub fn detect() -> Accelerators {
        let mut all =
            Accelerators { backends: Vec::new(), findings: Vec::new(), devices: Vec::new() };
        all.take(Vendor::Nvidia, "NVML", backends::nvidia::open());
        all.take(Vendor::Amd, "sysfs", backends::amd::open(Path::new("/")));
        all.take(Vendor::Ascend, "DCMI", backends::ascend::open());
        all
    }

    /// Plays a recording in place of hardware.
    pub fn recorded(path: &Path) -> Result<Accelerators> {
        let recording = Recording::read(path)?;
        let devices = recording.devices();
        Ok(Accelerators { backends: vec![Box::new(recording)], findings: Vec::new(), devices })
    }

    fn take(
        &mut self,
        vendor: Vendor,
        through: &'static str,
        opened: Result<Box<dyn Backend>, Outcome>,
    ) {
        let outcome = match opened {
            Ok(backend) => {
                let devices = backend.devices();
                let cards = devices.iter().filter(|device| device.slice.is_none()).count();
                let driver = devices.first().map(|first| first.driver.clone()).unwrap_or_default();
                self.devices.extend(devices);
                self.backends.push(backend);
                Outcome::Found { cards, driver }
            }
            Err(outcome) => outcome,
        };
        self.findings.push(Finding { vendor, through, outcome });
    }

    /// Cards and slices.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// What each maker's interface said; nothing when a recording is played.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What all devices do now, as dcgm-exporter would say it. `holder` answers who is
    /// on the device with that [`Device::id`]. Blocks while drivers are asked.
    pub fn page(&self, machine: &str, holder: &dyn Fn(&str) -> Option<Holder>) -> String {
        let mut read = Vec::new();
        for backend in &self.backends {
            read.extend(backend.devices().into_iter().zip(backend.read()));
        }
        page::render(machine, &read, holder)
    }
}
