//! The price list: what an hour of each resource costs, and since when.
//!
//! Costs are never stored: a corrected list corrects every statement.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Prices of one currency, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceList {
    /// ISO 4217, for example `CNY`.
    pub currency: String,
    pub prices: Vec<Period>,
}

/// Prices from a day on, until the next period begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Period {
    /// The day from whose beginning (UTC) they hold, as `2026-01-31`; left out
    /// in the first period: since ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    /// Of a processor core used for an hour.
    #[serde(default)]
    pub cpu_hour: f64,
    /// Of a GiB of memory held for an hour.
    #[serde(default, rename = "memoryGiBHour")]
    pub memory_gib_hour: f64,
    #[serde(default)]
    pub accelerators: Vec<AcceleratorPrice>,
}

/// Of an accelerator held for an hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceleratorPrice {
    /// For example `nvidia.com/gpu`.
    pub resource: String,
    /// Left out: any model that has no price of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub hour: f64,
}

/// What is wrong with a price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// For example `prices[0].cpuHour`.
    pub field: String,
    pub reason: String,
    pub hint: String,
}

/// The price list as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Prices {
    #[default]
    Absent,
    Listed(PriceList),
    /// Somebody wrote one that cannot be used; nothing has a price until it is mended.
    Wrong(Fault),
}

/// More would be a mistake.
const MOST_PERIODS: usize = 200;
const MOST_ACCELERATORS: usize = 200;
const DEAREST: f64 = 1e9;

impl PriceList {
    /// From YAML or JSON, checked.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let value: serde_json::Value = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.to_string().lines().next().unwrap_or_default().to_owned();
            fault("prices.yaml", format!("is not YAML: {line}"), "mend the line")
        })?;
        Self::of(value)
    }

    /// From its parsed form, checked.
    pub fn of(value: serde_json::Value) -> Result<Self, Fault> {
        let list: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "prices.yaml".to_owned() } else { path };
            fault(field, error.inner().to_string(), "see the documentation of the price list")
        })?;
        list.check()?;
        Ok(list)
    }

    fn check(&self) -> Result<(), Fault> {
        let code = &self.currency;
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let reason = format!("is no currency: {:?}", code.chars().take(20).collect::<String>());
            return Err(fault("currency", reason, "use its ISO 4217 code, for example CNY or USD"));
        }
        if self.prices.is_empty() || self.prices.len() > MOST_PERIODS {
            let reason = format!("has {} periods", self.prices.len());
            return Err(fault("prices", reason, format!("give 1 to {MOST_PERIODS}")));
        }
        for (at, period) in self.prices.iter().enumerate() {
            period.check(&format!("prices[{at}]"))?;
            let before = at.checked_sub(1).and_then(|before| self.prices.get(before));
            if let Some(before) = before
                && period.from <= before.from
            {
                let hint = "order the periods by their first day; only the first may have none";
                return Err(fault(
                    format!("prices[{at}].from"),
                    "does not come after the period before",
                    hint,
                ));
            }
        }
        Ok(())
    }

    /// Where each period begins, in milliseconds since 1970.
    pub(crate) fn begins(&self) -> Vec<i64> {
        let begin = |period: &Period| {
            let day = period.from?.to_zoned(TimeZone::UTC).ok()?;
            Some(day.timestamp().as_millisecond())
        };
        self.prices.iter().map(|period| begin(period).unwrap_or(i64::MIN)).collect()
    }
}

impl Period {
    fn check(&self, at: &str) -> Result<(), Fault> {
        let amount = |field: String, value: f64| match (0.0..=DEAREST).contains(&value) {
            true => Ok(()),
            false => Err(fault(field, format!("is {value}"), "give a number from 0 to a billion")),
        };
        amount(format!("{at}.cpuHour"), self.cpu_hour)?;
        amount(format!("{at}.memoryGiBHour"), self.memory_gib_hour)?;
        if self.accelerators.len() > MOST_ACCELERATORS {
            let reason = format!("has {} entries", self.accelerators.len());
            return Err(fault(format!("{at}.accelerators"), reason, "give at most 200"));
        }
        for (index, price) in self.accelerators.iter().enumerate() {
            let at = format!("{at}.accelerators[{index}]");
            if price.resource.is_empty() || price.resource.len() > 253 {
                let hint = "name the resource, for example nvidia.com/gpu";
                return Err(fault(format!("{at}.resource"), "is empty or too long", hint));
            }
            amount(format!("{at}.hour"), price.hour)?;
            let same = |other: &AcceleratorPrice| {
                other.resource == price.resource && other.model == price.model
            };
            if self.accelerators[..index].iter().any(same) {
                let reason = "has a price above already";
                return Err(fault(format!("{at}.resource"), reason, "keep one of the two"));
            }
        }
        Ok(())
    }

    /// The price of an hour of an accelerator: the model's own, else the
    /// resource's, else nothing.
    pub(crate) fn accelerator(&self, resource: &str, model: &str) -> f64 {
        let of = |model: Option<&str>| {
            let mut all = self.accelerators.iter();
            all.find(|price| price.resource == resource && price.model.as_deref() == model)
        };
        of(Some(model)).or_else(|| of(None)).map_or(0.0, |price| price.hour)
    }
}

fn fault(field: impl Into<String>, reason: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault { field: field.into(), reason: reason.into(), hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
currency: CNY
prices:
- cpuHour: 0.1
  memoryGiBHour: 0.02
  accelerators:
  - {resource: nvidia.com/gpu, hour: 6}
  - {resource: nvidia.com/gpu, model: NVIDIA-H100, hour: 12.5}
- from: 2026-07-01
  cpuHour: 0.2
";

    #[test]
    fn a_model_has_its_own_price_or_the_resources() {
        let list = PriceList::read(GOOD).unwrap();
        let first = &list.prices[0];
        assert_eq!(first.accelerator("nvidia.com/gpu", "NVIDIA-H100"), 12.5);
        assert_eq!(first.accelerator("nvidia.com/gpu", "NVIDIA-T4"), 6.0);
        assert_eq!(first.accelerator("huawei.com/Ascend910", ""), 0.0);
        assert_eq!(list.begins()[0], i64::MIN);
        let july: jiff::Timestamp = "2026-07-01T00:00:00Z".parse().unwrap();
        assert_eq!(list.begins()[1], july.as_millisecond());
        // Written as JSON by the pages, it reads the same.
        let again = serde_json::to_string(&list).unwrap();
        assert_eq!(PriceList::read(&again).unwrap(), list);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, field) in [
            ("currency: [", "prices.yaml"),
            ("prices: []", "prices.yaml"),
            ("{currency: yuan, prices: [{}]}", "currency"),
            ("{currency: CNY, prices: []}", "prices"),
            ("{currency: CNY, prices: [{cpuHour: -1}]}", "prices[0].cpuHour"),
            ("{currency: CNY, prices: [{cpuHour: .nan}]}", "prices.yaml"),
            ("{currency: CNY, prices: [{cpuHour: much}]}", "prices[0].cpuHour"),
            ("{currency: CNY, prices: [{cpuPrice: 1}]}", "prices[0].cpuPrice"),
            ("{currency: CNY, prices: [{}, {}]}", "prices[1].from"),
            ("{currency: CNY, prices: [{from: 2026-13-01}]}", "prices[0].from"),
            (
                "{currency: CNY, prices: [{accelerators: [{resource: '', hour: 1}]}]}",
                "prices[0].accelerators[0].resource",
            ),
            (
                "{currency: CNY, prices: [{accelerators: [{resource: a, hour: 1}, {resource: a, hour: 2}]}]}",
                "prices[0].accelerators[1].resource",
            ),
        ] {
            let fault = PriceList::read(text).unwrap_err();
            assert_eq!(fault.field, field, "{text}: {fault:?}");
        }
    }
}
