//! NVIDIA's cards through NVML, the library that comes with the driver.
//!
//! One thread owns the library and all its handles, which may not wander between
//! threads; a driver that hangs then holds up that thread and not who asks.
//!
//! ```text
//! read() ── asked ──▶ thread: NVML ── values ──▶ read()
//!        ◀─ none after PATIENCE ─┘
//! ```

mod cards;
mod profiling;
mod raw;
mod values;

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{EventSet, Nvml};

use super::Backend;
use crate::device::{Device, Readings};
use crate::machine::Outcome;
use profiling::Profiler;

/// The driver's own name comes first: the second belongs to development packages.
const LIBRARIES: [&str; 2] = ["libnvidia-ml.so.1", "libnvidia-ml.so"];
/// NVML takes milliseconds a card, a second when it wakes one up; longer is a hang.
const PATIENCE: Duration = Duration::from_secs(5);
/// What NVML says where an error's number is not known.
const UNKNOWN_XID: f64 = 999.0;

type Answer = Vec<Readings>;

struct Nvidia {
    devices: Vec<Device>,
    asks: Sender<Sender<Answer>>,
}

pub(crate) fn open() -> Result<Box<dyn Backend>, Outcome> {
    let (told, tells) = mpsc::channel();
    let (asks, asked) = mpsc::channel();
    let thread = std::thread::Builder::new().name("nvml".to_owned());
    let spawned = thread.spawn(move || serve(&told, &asked));
    spawned.map_err(|error| Outcome::Failed(error.to_string()))?;
    match tells.recv_timeout(PATIENCE) {
        Ok(found) => found.map(|devices| Box::new(Nvidia { devices, asks }) as Box<dyn Backend>),
        Err(_) => Err(Outcome::Failed("NVML does not answer".to_owned())),
    }
}

impl Backend for Nvidia {
    fn devices(&self) -> Vec<Device> {
        self.devices.clone()
    }

    fn read(&self) -> Vec<Readings> {
        let (answer, answers) = mpsc::channel();
        let asked = self.asks.send(answer).is_ok();
        answers.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            tracing::warn!(asked, %error, "nvml gave no values");
            Vec::new()
        })
    }
}

/// The thread: says what is there, then answers until nobody can ask any more.
fn serve(told: &Sender<Result<Vec<Device>, Outcome>>, asked: &Receiver<Sender<Answer>>) {
    let nvml = match load() {
        Ok(nvml) => nvml,
        Err(outcome) => {
            let _ = told.send(Err(outcome));
            return;
        }
    };
    let found = cards::find(&nvml);
    let devices: Vec<Device> = found.iter().map(|(device, _)| device.clone()).collect();
    if devices.is_empty() {
        let _ = told.send(Err(Outcome::Absent("NVML knows of no device".to_owned())));
        return;
    }
    if told.send(Ok(devices)).is_err() {
        return;
    }
    let events = xid_events(&nvml);
    let (mut xids, mut profiler) = (BTreeMap::new(), Profiler::default());
    while let Ok(mut answer) = asked.recv() {
        // Of several that ask while a driver is slow, only the last still waits.
        while let Ok(later) = asked.try_recv() {
            answer = later;
        }
        note(events.as_ref(), &mut xids);
        let mut values: Answer = Vec::with_capacity(found.len());
        for (device, handle) in &found {
            let parent = match &device.slice {
                None => None,
                Some(_) => nvml.device_by_uuid(device.uuid.as_str()).ok(),
            };
            let mut read = match &device.slice {
                None => values::of_card(handle, device.whole),
                Some(_) => values::of_slice(handle),
            };
            let last = xids.get(&device.uuid).copied().unwrap_or_default();
            if device.slice.is_none() && events.is_some() {
                read.insert(crate::counters::XID_ERRORS, last);
            }
            let asked_of = parent.as_ref().unwrap_or(handle);
            profiler.read(&nvml, device, asked_of, &mut read);
            values.push(read);
        }
        let _ = answer.send(values);
    }
}

fn load() -> Result<Nvml, Outcome> {
    let mut last = String::new();
    for name in LIBRARIES {
        match Nvml::builder().lib_path(name.as_ref()).init() {
            Ok(nvml) => return Ok(nvml),
            Err(NvmlError::LibloadingError(error)) => last = error.to_string(),
            Err(error @ (NvmlError::DriverNotLoaded | NvmlError::LibraryNotFound)) => {
                return Err(Outcome::Absent(format!("NVML is here, its driver is not: {error}")));
            }
            Err(error) => return Err(Outcome::Failed(format!("NVML does not start: {error}"))),
        }
    }
    tracing::debug!(error = last, "no nvml");
    Err(Outcome::Absent("libnvidia-ml.so.1 is not installed".to_owned()))
}

/// Hears of errors of all cards; none where the driver does not tell.
fn xid_events(nvml: &Nvml) -> Option<EventSet<'_>> {
    let mut set = nvml.create_event_set().ok()?;
    for index in 0..nvml.device_count().ok()? {
        let Ok(card) = nvml.device_by_index(index) else { continue };
        // The set is lost with a refusal; then no card is heard rather than some.
        set = card.register_events(EventTypes::CRITICAL_XID_ERROR, set).ok()?;
    }
    Some(set)
}

/// Takes in what happened since the last time, without waiting.
fn note(events: Option<&EventSet<'_>>, last: &mut BTreeMap<String, f64>) {
    /// A card in a storm of errors must not keep us from answering.
    const MOST: usize = 64;
    let Some(events) = events else { return };
    for _ in 0..MOST {
        let Ok(event) = events.wait(0) else { return };
        let code = match event.event_data {
            Some(XidError::Value(code)) => code as f64,
            Some(XidError::Unknown) | None => UNKNOWN_XID,
        };
        if let Ok(uuid) = event.device.uuid() {
            tracing::warn!(uuid, xid = code, "accelerator reported an error");
            last.insert(uuid, code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a machine with the driver this reads the real thing; elsewhere it proves that
    /// its absence is no error.
    #[test]
    fn nvml_is_read_or_said_to_be_absent() {
        match open() {
            Ok(nvidia) => {
                let (devices, values) = (nvidia.devices(), nvidia.read());
                assert!(!devices.is_empty());
                assert_eq!(values.len(), devices.len());
            }
            Err(Outcome::Absent(words)) => assert!(words.contains("libnvidia-ml"), "{words}"),
            Err(other) => assert!(std::path::Path::new("/dev/nvidiactl").exists(), "{other:?}"),
        }
    }
}
