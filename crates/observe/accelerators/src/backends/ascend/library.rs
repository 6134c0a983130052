//! The calls of `libdcmi.so` that are used, and nothing else of it.
//!
//! Every call answers 0 when it did what was asked. What it writes to is a local; those
//! that are structures end in room to spare, so that a later version of the library
//! that writes more than this one knows cannot write past them.

#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, c_ulonglong};
use std::sync::Mutex;

use libloading::{Library as Loaded, Symbol};

use crate::machine::Outcome;

const PATHS: [&str; 3] =
    ["libdcmi.so", "/usr/local/dcmi/libdcmi.so", "/usr/local/Ascend/driver/lib64/libdcmi.so"];
const MOST_CARDS: usize = 64;
const NAME: usize = 32;
const VERSION: usize = 256;

/// Where a chip is: the n-th on a card.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chip {
    pub(super) card: c_int,
    pub(super) device: c_int,
}

pub(super) struct Memory {
    pub(super) total_mib: u64,
    pub(super) used_mib: u64,
    pub(super) clock: u32,
    pub(super) temperature: i32,
}

#[repr(C)]
struct ChipInfo {
    kind: [u8; NAME],
    name: [u8; NAME],
    version: [u8; NAME],
    cores: c_uint,
    spare: [u8; 256],
}

#[repr(C)]
struct HbmInfo {
    size: c_ulonglong,
    frequency: c_uint,
    usage: c_ulonglong,
    temperature: c_int,
    bandwidth: c_uint,
    spare: [u8; 256],
}

/// The library is not said to be fit for several threads: one call at a time.
pub(super) struct Library(Mutex<Loaded>);

impl Library {
    pub(super) fn load() -> Result<Library, Outcome> {
        // SAFETY: the driver's own library; loading it runs its initialisers, which is
        // what every tool of the maker does.
        let loaded = PATHS.iter().find_map(|path| unsafe { Loaded::new(*path) }.ok());
        let Some(loaded) = loaded else {
            return Err(Outcome::Absent("libdcmi.so is not installed".to_owned()));
        };
        let library = Library(Mutex::new(loaded));
        // SAFETY: the type is that of the published header.
        match unsafe { library.call::<unsafe extern "C" fn() -> c_int>(b"dcmi_init\0", |f| f()) } {
            Some(0) => Ok(library),
            Some(code) => Err(Outcome::Failed(format!("DCMI does not start: code {code}"))),
            None => Err(Outcome::Failed("libdcmi.so has no dcmi_init".to_owned())),
        }
    }

    /// # Safety
    /// `F` is the type of the function of that name, and `call` uses it as its header says.
    unsafe fn call<F: Copy>(&self, name: &[u8], call: impl FnOnce(F) -> c_int) -> Option<c_int> {
        let loaded = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: passed on to the caller.
        let symbol: Symbol<'_, F> = unsafe { loaded.get(name) }.ok()?;
        Some(call(*symbol))
    }

    pub(super) fn chips(&self) -> Vec<Chip> {
        type Cards = unsafe extern "C" fn(*mut c_int, *mut c_int, c_int) -> c_int;
        type Count = unsafe extern "C" fn(c_int, *mut c_int) -> c_int;
        let (mut count, mut cards) = (0, [0; MOST_CARDS]);
        // SAFETY: the list has as many places as is said.
        let code = unsafe {
            self.call::<Cards>(b"dcmi_get_card_num_list\0", |f| {
                f(&mut count, cards.as_mut_ptr(), MOST_CARDS as c_int)
            })
        };
        if code != Some(0) {
            return Vec::new();
        }
        let cards = cards.into_iter().take(usize::try_from(count).unwrap_or_default());
        let of = |card| {
            let mut chips = 0;
            // SAFETY: one integer is written.
            let code = unsafe {
                self.call::<Count>(b"dcmi_get_device_num_in_card\0", |f| f(card, &mut chips))
            };
            let chips = if code == Some(0) { chips } else { 0 };
            (0..chips).map(move |device| Chip { card, device })
        };
        cards.flat_map(of).collect()
    }

    pub(super) fn driver(&self) -> Option<String> {
        type Version = unsafe extern "C" fn(*mut c_char, c_uint) -> c_int;
        let mut text = [0_u8; VERSION];
        // SAFETY: the buffer is as long as is said; one byte less leaves its end in place.
        let code = unsafe {
            self.call::<Version>(b"dcmi_get_driver_version\0", |f| {
                f(text.as_mut_ptr().cast(), VERSION as c_uint - 1)
            })
        };
        (code == Some(0)).then(|| words(&text))
    }

    pub(super) fn model(&self, chip: Chip) -> Option<String> {
        type Info = unsafe extern "C" fn(c_int, c_int, *mut ChipInfo) -> c_int;
        let mut info = ChipInfo {
            kind: [0; NAME],
            name: [0; NAME],
            version: [0; NAME],
            cores: 0,
            spare: [0; 256],
        };
        // SAFETY: see the module.
        let code = unsafe {
            self.call::<Info>(b"dcmi_get_device_chip_info\0", |f| {
                f(chip.card, chip.device, &mut info)
            })
        };
        (code == Some(0)).then(|| words(&info.name))
    }

    pub(super) fn memory(&self, chip: Chip) -> Option<Memory> {
        type Info = unsafe extern "C" fn(c_int, c_int, *mut HbmInfo) -> c_int;
        let mut info = HbmInfo {
            size: 0,
            frequency: 0,
            usage: 0,
            temperature: 0,
            bandwidth: 0,
            spare: [0; 256],
        };
        // SAFETY: see the module.
        let code = unsafe {
            self.call::<Info>(b"dcmi_get_device_hbm_info\0", |f| {
                f(chip.card, chip.device, &mut info)
            })
        };
        (code == Some(0)).then_some(Memory {
            total_mib: info.size,
            used_mib: info.usage,
            clock: info.frequency,
            temperature: info.temperature,
        })
    }

    pub(super) fn temperature(&self, chip: Chip) -> Option<f64> {
        self.signed(b"dcmi_get_device_temperature\0", chip)
    }

    /// In tenths of a watt.
    pub(super) fn power(&self, chip: Chip) -> Option<f64> {
        self.signed(b"dcmi_get_device_power_info\0", chip)
    }

    pub(super) fn utilisation(&self, chip: Chip, of: c_int) -> Option<f64> {
        self.unsigned(b"dcmi_get_device_utilization_rate\0", chip, of)
    }

    pub(super) fn frequency(&self, chip: Chip, of: c_int) -> Option<f64> {
        self.unsigned(b"dcmi_get_device_frequency\0", chip, of)
    }

    fn signed(&self, name: &[u8], chip: Chip) -> Option<f64> {
        type Get = unsafe extern "C" fn(c_int, c_int, *mut c_int) -> c_int;
        let mut value = 0;
        // SAFETY: one integer is written.
        let code = unsafe { self.call::<Get>(name, |f| f(chip.card, chip.device, &mut value)) };
        (code == Some(0)).then(|| f64::from(value))
    }

    fn unsigned(&self, name: &[u8], chip: Chip, of: c_int) -> Option<f64> {
        type Get = unsafe extern "C" fn(c_int, c_int, c_int, *mut c_uint) -> c_int;
        let mut value = 0;
        // SAFETY: one integer is written; an enumeration is an int in C.
        let code = unsafe { self.call::<Get>(name, |f| f(chip.card, chip.device, of, &mut value)) };
        (code == Some(0)).then(|| f64::from(value))
    }
}

/// A text of C, whose end may be missing.
fn words(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}
