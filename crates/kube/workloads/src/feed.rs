//! One watch of one kind, shared by everybody who needs it.
//!
//! ```text
//!  API server ──watch──▶ Feed ──▶ Store (read by all controllers)
//!                          └────▶ one queue of Changes per subscriber
//! ```
//!
//! Owns the watch, the store and the fan-out. Knows nothing of what the objects
//! mean. A change is visible in the store before any subscriber hears of it.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{StreamExt, TryStreamExt};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

/// How long a writer waits to see its own write before it goes on regardless.
/// In process the watch delivers within a millisecond; over a network this
/// bounds the harm of a broken watch to one delayed reconcile.
const READ_OWN_WRITE_LIMIT: Duration = Duration::from_secs(5);

/// What a feed can carry.
pub trait Watched:
    Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}
impl<K> Watched for K where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}

/// One object changed.
#[derive(Debug)]
pub struct Change<K> {
    /// The object as it is now, or as it last was.
    pub object: Arc<K>,
    /// The object before the change, when it was known.
    pub previous: Option<Arc<K>>,
    /// Whether it no longer exists.
    pub gone: bool,
}

impl<K> Clone for Change<K> {
    fn clone(&self) -> Self {
        Self { object: self.object.clone(), previous: self.previous.clone(), gone: self.gone }
    }
}

impl<K> Change<K> {
    /// The object now and before: a controller that maps objects to owners must
    /// wake the old owner too.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<K>> {
        std::iter::once(&self.object).chain(&self.previous)
    }
}

/// The shared watch of one kind.
pub struct Feed<K: Watched> {
    store: Store<K>,
    inner: Arc<Inner<K>>,
}

impl<K: Watched> Clone for Feed<K> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), inner: self.inner.clone() }
    }
}

struct Inner<K> {
    subscribers: Mutex<Vec<UnboundedSender<Change<K>>>>,
    version: watch::Sender<u64>,
}

impl<K: Watched> Feed<K>
where
    K::DynamicType: Hash + Eq,
{
    /// Starts watching; the returned future runs for as long as the watch should.
    pub fn new(api: Api<K>, config: watcher::Config) -> (Self, impl Future<Output = ()> + Send) {
        let writer = Writer::default();
        let feed = Self {
            store: writer.as_reader(),
            inner: Arc::new(Inner { subscribers: Mutex::default(), version: watch::channel(0).0 }),
        };
        (feed.clone(), feed.run(writer, api, config))
    }

    async fn run(self, mut writer: Writer<K>, api: Api<K>, config: watcher::Config) {
        let events = watcher(api, config).default_backoff();
        let mut events = pin!(events);
        loop {
            match events.try_next().await {
                Ok(Some(event)) => self.apply(&mut writer, event),
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(kind = %K::kind(&()), error = %error, "watch interrupted");
                }
            }
        }
    }

    fn apply(&self, writer: &mut Writer<K>, mut event: watcher::Event<K>) {
        if let watcher::Event::Apply(object) | watcher::Event::InitApply(object) = &mut event {
            // Half of an object's size, and no controller reads it.
            object.meta_mut().managed_fields = None;
        }
        let mut subscribers = self.subscribers();
        let changes = match &event {
            watcher::Event::Apply(object) => {
                let key = ObjectRef::from_obj(object);
                let previous = self.store.get(&key);
                writer.apply_watcher_event(&event);
                self.store
                    .get(&key)
                    .map(|object| Change { object, previous, gone: false })
                    .into_iter()
                    .collect()
            }
            watcher::Event::Delete(object) => {
                let previous = self.store.get(&ObjectRef::from_obj(object));
                let object = Arc::new(object.clone());
                writer.apply_watcher_event(&event);
                vec![Change { object, previous, gone: true }]
            }
            watcher::Event::Init | watcher::Event::InitApply(_) => {
                writer.apply_watcher_event(&event);
                return;
            }
            watcher::Event::InitDone => {
                let before = self.store.state();
                writer.apply_watcher_event(&event);
                difference(before, self.store.state())
            }
        };
        for change in changes {
            subscribers.retain(|subscriber| subscriber.unbounded_send(change.clone()).is_ok());
        }
        drop(subscribers);
        self.inner.version.send_modify(|version| *version += 1);
    }

    fn subscribers(&self) -> MutexGuard<'_, Vec<UnboundedSender<Change<K>>>> {
        self.inner.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every change from now on, after one change for each object known already.
    pub fn subscribe(&self) -> UnboundedReceiver<Change<K>> {
        let (sender, receiver) = unbounded();
        let mut subscribers = self.subscribers();
        for object in self.store.state() {
            let change = Change { object, previous: None, gone: false };
            // The receiver is held here, so that sending cannot fail.
            let _ = sender.unbounded_send(change);
        }
        subscribers.push(sender);
        receiver
    }

    /// The objects, as of the last change.
    pub fn store(&self) -> &Store<K> {
        &self.store
    }

    /// All objects of one namespace that satisfy the predicate.
    pub fn select(&self, namespace: &str, predicate: impl Fn(&K) -> bool) -> Vec<Arc<K>> {
        self.store.state_filter(|object| {
            object.meta().namespace.as_deref() == Some(namespace) && predicate(object)
        })
    }

    /// The object of that name in that namespace (`None` for cluster scope).
    pub fn get(&self, namespace: Option<&str>, name: &str) -> Option<Arc<K>> {
        let key = ObjectRef::new(name);
        self.store.get(&match namespace {
            Some(namespace) => key.within(namespace),
            None => key,
        })
    }

    /// Waits until the first list is in the store.
    ///
    /// Not by `Store::wait_until_ready`: it wakes only the last of several tasks
    /// that wait.
    pub async fn ready(&self) {
        // Nothing is announced before the first list is complete. The sender
        // lives in this feed.
        let _ = self.inner.version.subscribe().wait_for(|version| *version > 0).await;
    }

    /// Waits until the store satisfies the predicate, so that a controller that
    /// wrote does not decide again on what was before its write.
    ///
    /// Gives up after [`READ_OWN_WRITE_LIMIT`].
    pub async fn wait_for(&self, mut predicate: impl FnMut(&Store<K>) -> bool) {
        let mut version = self.inner.version.subscribe();
        let seen = async {
            loop {
                version.mark_unchanged();
                if predicate(&self.store) || version.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(READ_OWN_WRITE_LIMIT, seen).await.is_err() {
            tracing::warn!(kind = %K::kind(&()), "did not see an own write in time");
        }
    }

    /// Waits until the store holds this object, this version or a later one.
    pub async fn wait_seen(&self, written: &K) {
        let key = ObjectRef::from_obj(written);
        let uid = written.uid();
        let wanted = revision(written);
        self.wait_for(|store| {
            store
                .get(&key)
                .is_some_and(|object| object.uid() != uid || revision(&*object) >= wanted)
        })
        .await;
    }

    /// Waits until the store says that the object is gone or going.
    pub async fn wait_going(&self, deleted: &K) {
        let key = ObjectRef::from_obj(deleted);
        let uid = deleted.uid();
        self.wait_for(|store| {
            store.get(&key).is_none_or(|object| {
                object.uid() != uid || object.meta().deletion_timestamp.is_some()
            })
        })
        .await;
    }
}

/// Resource versions of one resource are ordered numbers (KEP-5504).
fn revision<K: Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// What a fresh list says has happened while nobody was watching.
fn difference<K: Watched>(before: Vec<Arc<K>>, after: Vec<Arc<K>>) -> Vec<Change<K>>
where
    K::DynamicType: Hash + Eq,
{
    let mut before: HashMap<Option<String>, Arc<K>> =
        before.into_iter().map(|object| (object.uid(), object)).collect();
    let mut changes = Vec::new();
    for object in after {
        let previous = before.remove(&object.uid());
        if previous
            .as_ref()
            .is_some_and(|previous| previous.resource_version() == object.resource_version())
        {
            continue;
        }
        changes.push(Change { object, previous, gone: false });
    }
    let gone = before.into_values().map(|object| Change {
        previous: Some(object.clone()),
        object,
        gone: true,
    });
    gone.chain(changes).collect()
}

/// Turns changes of any kind into references to the objects to reconcile.
pub fn triggers<K, T, I>(
    feed: &Feed<K>,
    map: impl Fn(&Change<K>) -> I + Send + 'static,
) -> impl futures::Stream<Item = ObjectRef<T>> + Send + 'static
where
    K: Watched,
    T: Watched,
    I: IntoIterator<Item = ObjectRef<T>>,
    I::IntoIter: Send,
{
    feed.subscribe()
        .flat_map(move |change| futures::stream::iter(map(&change).into_iter().collect::<Vec<_>>()))
}
