//! Reading and writing objects of a resource.

use std::sync::Arc;

use bytes::Bytes;
use dais_store::{Error as StoreError, Expect, ListOptions, Record, Revision, Store};
use serde_json::Value;

use super::convert;
use super::entry::{Entries, Entry};
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;

/// Why a write did not happen.
#[derive(Debug)]
pub enum Refused {
    /// Somebody else was faster: read again.
    Raced,
    Failed(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        Refused::Failed(failure)
    }
}

/// One consistent stretch of a list.
#[derive(Debug)]
pub struct Listed {
    pub entries: Vec<Arc<Entry>>,
    /// The key of the last entry, relative to the listed prefix.
    pub last: Option<String>,
    pub revision: Revision,
    pub remaining: usize,
}

/// The objects of all resources.
#[derive(Clone)]
pub struct Objects {
    store: Store,
    entries: Arc<Entries>,
}

impl Objects {
    pub fn new(store: Store) -> Objects {
        Objects { store, entries: Arc::default() }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub async fn get(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Entry>>, Failure> {
        match self.store.get(&resource.key(namespace, name)).await? {
            Some(record) => self.entry(resource, &record).map(Some),
            None => Ok(None),
        }
    }

    /// The object, or a 404 that names it.
    pub async fn expect(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Entry>, Failure> {
        let found = self.get(resource, namespace, name).await?;
        found.ok_or_else(|| Failure::not_found(resource.subject(name)))
    }

    pub async fn list(
        &self,
        resource: &Resource,
        prefix: &str,
        options: ListOptions,
    ) -> Result<Listed, Failure> {
        let page = self.store.list(prefix, options).await.map_err(|error| match error {
            StoreError::Compacted { .. } => Failure::expired(LIST_TOO_OLD),
            other => other.into(),
        })?;
        let last = page.records.last().map(|record| record.key[prefix.len()..].to_owned());
        let entries = page
            .records
            .iter()
            .map(|record| self.entry(resource, record))
            .collect::<Result<_, _>>()?;
        Ok(Listed { entries, last, revision: page.revision, remaining: page.remaining })
    }

    /// All objects of a resource in one namespace, or everywhere.
    pub async fn all(
        &self,
        resource: &Resource,
        namespace: &str,
    ) -> Result<Vec<Arc<Entry>>, Failure> {
        Ok(self
            .list(resource, &resource.scope_prefix(namespace), ListOptions::default())
            .await?
            .entries)
    }

    /// Creates an object; the note is committed with it, as with every write.
    pub async fn create(
        &self,
        resource: &Resource,
        object: Value,
        note: Option<Bytes>,
    ) -> Result<Arc<Entry>, Refused> {
        self.write(resource, object, (Expect::Absent, note)).await
    }

    /// Writes the next state of `current`.
    pub async fn replace(
        &self,
        resource: &Resource,
        (current, note): (&Entry, Option<Bytes>),
        next: Value,
    ) -> Result<Arc<Entry>, Refused> {
        self.write(resource, next, (Expect::At(current.revision), note)).await
    }

    async fn write(
        &self,
        resource: &Resource,
        object: Value,
        terms: (Expect, Option<Bytes>),
    ) -> Result<Arc<Entry>, Refused> {
        let key = resource.key(object::namespace(&object), object::name(&object));
        let mut object = object::canonical(object);
        object::remove_meta(&mut object, "resourceVersion");
        let text = Bytes::from(object.to_string());
        let size = text.len();
        let revision = self.store.put_noted(&key, text, terms).await.map_err(refused)?;
        self.read_as_stored(resource, &mut object, revision);
        Ok(self.entries.insert(served_epoch(resource), Entry::new(revision, object), size))
    }

    /// Removes the object if it is still in the state of `current`.
    pub async fn remove(
        &self,
        resource: &Resource,
        (current, note): (&Entry, Option<Bytes>),
    ) -> Result<Revision, Refused> {
        let key = resource.key(object::namespace(&current.object), object::name(&current.object));
        let terms = (Expect::At(current.revision), note);
        let (revision, _) = self.store.delete_noted(&key, terms).await.map_err(refused)?;
        Ok(revision)
    }

    /// A stored record as it is served.
    pub fn entry(&self, resource: &Resource, record: &Record) -> Result<Arc<Entry>, Failure> {
        self.decode(resource, &record.value, record.modified)
    }

    /// Stored bytes as they are served at a revision: that of the write, or, for
    /// the last state of a deleted object, that of the deletion.
    pub fn decode(
        &self,
        resource: &Resource,
        value: &Bytes,
        revision: Revision,
    ) -> Result<Arc<Entry>, Failure> {
        if let Some(entry) = self.entries.get(revision, served_epoch(resource)) {
            return Ok(entry);
        }
        let mut object: Value = serde_json::from_slice(value).map_err(|error| {
            Failure::internal(format!("revision {revision} does not hold an object: {error}"))
        })?;
        self.read_as_stored(resource, &mut object, revision);
        Ok(self.entries.insert(served_epoch(resource), Entry::new(revision, object), value.len()))
    }

    fn read_as_stored(&self, resource: &Resource, object: &mut Value, revision: Revision) {
        if let Some(custom) = &resource.custom {
            custom.read(resource, object);
        } else if object.get("apiVersion").and_then(Value::as_str) != Some(&resource.api_version())
        {
            if resource.plural == "events" {
                convert::event(object, &resource.group);
            }
            object::set_api_version(object, &resource.api_version());
        }
        object::set_resource_version(object, revision);
    }
}

/// Two versions of one stored object are two entries.
fn served_epoch(resource: &Resource) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (&resource.group, &resource.version, resource.epoch()).hash(&mut hasher);
    hasher.finish()
}

/// What Kubernetes says where a list's snapshot is gone.
pub const LIST_TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

fn refused(error: StoreError) -> Refused {
    match error {
        StoreError::Exists { .. } | StoreError::NotFound { .. } | StoreError::Conflict { .. } => {
            Refused::Raced
        }
        other => Refused::Failed(other.into()),
    }
}
