//! Addresses and node ports of Services.
//!
//! What is taken is read from the stored Services, so nothing has to be kept in
//! step; two creates at once are told apart by the lock around the choice.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::error::Error;
use crate::object;

/// The node ports that Kubernetes gives out.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

/// The range of addresses, and the lock under which they are given out.
pub struct Addresses {
    first: u32,
    count: u32,
    lock: Mutex<()>,
}

impl Addresses {
    /// # Errors
    /// Anything but an IPv4 range such as `127.64.0.0/12`.
    pub fn parse(range: &str) -> Result<Addresses, Error> {
        let refused = || Error::ServiceRange { given: range.to_owned() };
        let (address, bits) = range.split_once('/').ok_or_else(refused)?;
        let address: Ipv4Addr = address.parse().map_err(|_| refused())?;
        let bits: u32 =
            bits.parse().ok().filter(|bits| (8..=30).contains(bits)).ok_or_else(refused)?;
        let count = 1u32 << (32 - bits);
        Ok(Addresses { first: u32::from(address) & !(count - 1), count, lock: Mutex::default() })
    }

    /// Held while addresses are chosen and the Service is written.
    pub async fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().await
    }

    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let number = u32::from(address);
        number > self.first && number - self.first < self.count - 1
    }

    /// The address of the API server's own Service.
    pub fn api_server(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.first + 1)
    }

    fn free(&self, taken: &BTreeSet<u32>) -> Option<Ipv4Addr> {
        // A random start spreads addresses, so that one that was just given up is
        // not at once another Service's.
        let usable = self.count - 2;
        let start = rand::random_range(0..usable);
        (0..usable)
            .map(|step| self.first + 1 + (start + step) % usable)
            .find(|number| !taken.contains(number) && *number != u32::from(self.api_server()))
            .map(Ipv4Addr::from)
    }

    /// Fills in the address and node ports of a Service.
    ///
    /// # Errors
    /// Field and words where a wish cannot be met.
    pub fn assign(
        &self,
        service: &mut Value,
        others: &[&Value],
    ) -> Result<(), (String, Value, String)> {
        let kind = object::text(service, "/spec/type").to_owned();
        if kind == "ExternalName" {
            return Ok(());
        }
        self.assign_address(service, others)?;
        if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
            assign_ports(service, others)?;
        }
        Ok(())
    }

    fn assign_address(
        &self,
        service: &mut Value,
        others: &[&Value],
    ) -> Result<(), (String, Value, String)> {
        let wish = object::text(service, "/spec/clusterIP").to_owned();
        let spec = object::child_mut(service, "spec");
        if wish == "None" {
            spec.insert("clusterIPs".into(), json!(["None"]));
            return Ok(());
        }
        let taken: BTreeSet<u32> = others
            .iter()
            .filter_map(|other| object::text(other, "/spec/clusterIP").parse::<Ipv4Addr>().ok())
            .map(u32::from)
            .collect();
        let field = || "spec.clusterIPs".to_owned();
        let address = if wish.is_empty() {
            let none = || (field(), Value::Null, "failed to allocate IP: range is full".to_owned());
            self.free(&taken).ok_or_else(none)?
        } else {
            let refused = |why: &str| {
                (field(), json!([wish]), format!("failed to allocate IP {wish}: {why}"))
            };
            let address: Ipv4Addr = wish
                .parse()
                .map_err(|_| (field(), json!([wish]), "must be a valid IP address".to_owned()))?;
            if !self.contains(address) {
                return Err(refused("the provided network does not match the current range"));
            }
            if taken.contains(&u32::from(address)) {
                return Err(refused("provided IP is already allocated"));
            }
            address
        };
        spec.insert("clusterIP".into(), address.to_string().into());
        spec.insert("clusterIPs".into(), json!([address.to_string()]));
        Ok(())
    }
}

fn assign_ports(service: &mut Value, others: &[&Value]) -> Result<(), (String, Value, String)> {
    let mut taken: BTreeSet<u16> = others.iter().flat_map(|other| node_ports(other)).collect();
    let ports = service.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    for (index, port) in ports.into_iter().flatten().enumerate() {
        let field = format!("spec.ports[{index}].nodePort");
        let wish = port.get("nodePort").and_then(Value::as_u64).unwrap_or_default();
        let number = if wish == 0 {
            NODE_PORTS
                .clone()
                .find(|number| !taken.contains(number))
                .ok_or_else(|| (field, Value::Null, "range is full".to_owned()))?
        } else {
            let number = u16::try_from(wish).ok().filter(|number| NODE_PORTS.contains(number));
            let range = format!(
                "provided port is not in the valid range. The range of valid ports is {}-{}",
                NODE_PORTS.start(),
                NODE_PORTS.end()
            );
            let number = number.ok_or_else(|| (field.clone(), wish.into(), range))?;
            if taken.contains(&number) {
                return Err((field, wish.into(), "provided port is already allocated".to_owned()));
            }
            number
        };
        taken.insert(number);
        port["nodePort"] = number.into();
    }
    Ok(())
}

fn node_ports(service: &Value) -> Vec<u16> {
    let ports = service.pointer("/spec/ports").and_then(Value::as_array);
    let numbers =
        ports.into_iter().flatten().filter_map(|port| port.get("nodePort").and_then(Value::as_u64));
    numbers.filter_map(|number| u16::try_from(number).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_from_the_range_and_once() {
        let addresses = Addresses::parse("127.64.0.0/30").expect("a range");
        let mut first = json!({"spec": {"type": "ClusterIP"}});
        addresses.assign(&mut first, &[]).expect("one is left");
        assert_eq!(first["spec"]["clusterIP"], "127.64.0.2");
        let mut second = json!({"spec": {"type": "ClusterIP"}});
        assert!(addresses.assign(&mut second, &[&first]).is_err());
        let mut outside = json!({"spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1"}});
        assert!(addresses.assign(&mut outside, &[]).is_err());
    }

    #[test]
    fn a_bad_range_is_refused() {
        for range in ["", "127.64.0.0", "127.64.0.0/31", "x/12", "::1/64"] {
            assert!(Addresses::parse(range).is_err(), "{range}");
        }
    }
}
