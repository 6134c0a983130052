//! Kinds, help texts and units of metrics, as the targets last told them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::text::About;

/// Shared by the scraper, which fills it, and the HTTP API.
#[derive(Clone, Default)]
pub struct Metadata {
    by_name: Arc<RwLock<BTreeMap<String, About>>>,
}

impl Metadata {
    pub fn note(&self, about: Vec<(String, About)>) {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        for (name, about) in about {
            if by_name.get(&name) != Some(&about) {
                by_name.insert(name, about);
            }
        }
    }

    pub fn all(&self) -> BTreeMap<String, About> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
