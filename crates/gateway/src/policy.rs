//! A TrafficPolicy as the gateway reads it on every request.

use std::sync::Arc;
use std::time::Duration;

use dais_api::traffic;
use http::HeaderValue;

use crate::assignment::{Share, Split};
use crate::compare::Terms;
use crate::key::KeySource;
use crate::live::Live;
use crate::table::Backend;

/// Bytes of each body that are written down when the policy does not say.
const BODY_BYTES: usize = 4096;

/// Which policy: another one of the same name counts anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyKey {
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

#[derive(Debug)]
pub struct Policy {
    pub key: PolicyKey,
    pub hold: Option<Hold>,
    pub assignment: Option<Assignment>,
    pub shadow: Option<Shadow>,
    pub record: Option<Record>,
    pub credential: Option<Credential>,
    pub live: Arc<Live>,
}

#[derive(Clone, Copy, Debug)]
pub struct Hold {
    pub time: Duration,
    pub most: i64,
    /// Whoever opens no page is refused at once.
    pub visits: bool,
}

/// How the gateway shows the backend that it is the gateway.
#[derive(Debug)]
pub enum Credential {
    /// Value of `Authorization`; never printed.
    Known(HeaderValue),
    /// The Secret is not there, or not meant for this.
    Unknown,
}

#[derive(Debug)]
pub struct Assignment {
    pub test: Arc<str>,
    pub uid: Arc<str>,
    pub key: KeySource,
    pub split: Split,
    /// In the order of the split's variants.
    pub backends: Vec<Backend>,
}

#[derive(Debug)]
pub struct Shadow {
    pub backend: Arc<Backend>,
    pub percent: f64,
    pub terms: Arc<Terms>,
}

#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub percent: f64,
    pub body_bytes: usize,
    pub failures: bool,
}

impl From<&traffic::Hold> for Hold {
    fn from(hold: &traffic::Hold) -> Self {
        let seconds = u64::try_from(hold.seconds).unwrap_or(0);
        let (time, most) = (Duration::from_secs(seconds), i64::from(hold.most));
        Self { time, most, visits: hold.visits }
    }
}

impl From<&traffic::Record> for Record {
    fn from(record: &traffic::Record) -> Self {
        let bytes = record.body_bytes.map(|bytes| usize::try_from(bytes).unwrap_or(0));
        Self {
            percent: record.percent,
            body_bytes: bytes.unwrap_or(BODY_BYTES),
            failures: record.failures,
        }
    }
}

impl Assignment {
    pub fn new(
        spec: &traffic::Assignment,
        backend: impl FnMut(&traffic::Variant) -> Backend,
    ) -> Self {
        let named = |variant: &traffic::Variant| (variant.name.as_str().into(), variant.weight);
        let split = Split {
            salt: spec.salt.clone(),
            percent: spec.percent,
            excluded: spec.excluded.iter().cloned().collect(),
            variants: spec.variants.iter().map(named).collect(),
        };
        Self {
            test: spec.test.as_str().into(),
            uid: spec.uid.as_deref().unwrap_or_default().into(),
            key: (&spec.key).into(),
            split,
            backends: spec.variants.iter().map(backend).collect(),
        }
    }

    /// The backend of what a request was given, while it has an endpoint; else that of
    /// the first variant, which then counts for nobody.
    pub fn choice(&self, share: &Share) -> Option<Choice<'_>> {
        let names = self.split.variants.iter().map(|(name, _)| name);
        let mut variants = names.zip(&self.backends);
        let served = |(_, backend): &(_, &Backend)| !backend.endpoints.is_empty();
        let wanted = variants.clone().find(|(name, _)| Some(*name) == share.variant.as_ref());
        let (variant, backend, key_hash) = match wanted.filter(served) {
            Some((name, backend)) => (name, backend, share.key_hash),
            None => {
                let (name, backend) = variants.next().filter(served)?;
                (name, backend, None)
            }
        };
        Some(Choice { backend, variant: Some(variant), key_hash })
    }
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    pub backend: &'a Backend,
    pub variant: Option<&'a Arc<str>>,
    /// Of a request of which the test learns.
    pub key_hash: Option<u64>,
}

/// Chance decides; `percent` of a hundred are taken.
pub fn is_drawn(percent: f64) -> bool {
    percent > 0.0 && rand::random::<f64>() * 100.0 < percent
}
