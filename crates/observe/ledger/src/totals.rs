//! Sums of use, and what they cost. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use crate::prices::Period;

const HOUR_SECONDS: f64 = 3600.0;
const GIB: f64 = (1_u64 << 30) as f64;

/// Use, in the units of the price list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Processor cores used × hours.
    pub cpu_hours: f64,
    /// GiB held × hours.
    #[serde(rename = "memoryGiBHours")]
    pub memory_gib_hours: f64,
    /// Accelerators of any kind held × hours.
    pub accelerator_hours: f64,
    pub accelerators: Vec<AcceleratorHours>,
    /// In the price list's currency; left out without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// Accelerators of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AcceleratorHours {
    pub resource: String,
    /// Empty when nobody knows.
    pub model: String,
    pub hours: f64,
}

impl Totals {
    pub(crate) fn add_machine(
        &mut self,
        (cpu_seconds, memory_byte_seconds): (f64, f64),
        price: Option<&Period>,
    ) {
        let (cpu, memory) = (cpu_seconds / HOUR_SECONDS, memory_byte_seconds / GIB / HOUR_SECONDS);
        self.cpu_hours += cpu;
        self.memory_gib_hours += memory;
        if let Some(price) = price {
            self.pay(cpu * price.cpu_hour + memory * price.memory_gib_hour);
        }
    }

    pub(crate) fn add_accelerators(
        &mut self,
        (resource, model): (&str, &str),
        seconds: f64,
        price: Option<&Period>,
    ) {
        let hours = seconds / HOUR_SECONDS;
        self.accelerator_hours += hours;
        let same = |own: &&mut AcceleratorHours| own.resource == resource && own.model == model;
        match self.accelerators.iter_mut().find(same) {
            Some(own) => own.hours += hours,
            None => self.accelerators.push(AcceleratorHours {
                resource: resource.to_owned(),
                model: model.to_owned(),
                hours,
            }),
        }
        if let Some(price) = price {
            self.pay(hours * price.accelerator(resource, model));
        }
    }

    pub(crate) fn pay(&mut self, amount: f64) {
        *self.cost.get_or_insert(0.0) += amount;
    }
}
