//! The store's public face.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rusqlite::Connection;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::feed::{Feed, feed};
use crate::query::{self, At};
use crate::readers::Readers;
use crate::writer::{Request, Write, Writer, Written};
use crate::{Error, Event, Expect, ListOptions, Page, Record, Result, Revision, Watch, database};

/// Enough for lists to overlap; more would only hold more page cache.
const READERS: usize = 4;

/// How many writes may wait before `put` itself waits.
const QUEUE: usize = 1024;

/// What can be set when a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many of the newest revisions can be watched from and listed at.
    pub history: u64,
    /// For tests of the full disk: the file may not grow beyond so many pages.
    #[doc(hidden)]
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { history: 10_000, max_pages: None }
    }
}

/// A handle to an open store; clones share it. The writer ends when the last
/// handle is dropped, and open watches end with it.
#[derive(Clone)]
pub struct Store {
    requests: mpsc::Sender<Request>,
    readers: Arc<Readers>,
    feed: Feed,
    oldest: Arc<AtomicU64>,
    noted: Arc<Notify>,
}

impl Store {
    /// Opens the file, making it if there is none.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Options::default())
    }

    pub fn open_with(path: &Path, options: Options) -> Result<Self> {
        let lock = database::lock(path)?;
        let writer = database::open_writer(path, options.max_pages)?;
        let readers = (0..READERS)
            .map(|_| database::open_reader(path).map(|reader| Arc::new(Mutex::new(reader))))
            .collect::<Result<_>>()?;
        let readers = Readers::new(path.to_owned(), readers);
        Self::start(Arc::new(Mutex::new(writer)), readers, (path, Some(lock)), options)
    }

    /// A store that is gone with its last handle.
    pub fn in_memory() -> Result<Self> {
        let path = Path::new(":memory:");
        let connection = Arc::new(Mutex::new(database::open_in_memory()?));
        let readers = Readers::new(path.to_owned(), vec![Arc::clone(&connection)]);
        Self::start(connection, readers, (path, None), Options::default())
    }

    fn start(
        connection: Arc<Mutex<Connection>>,
        readers: Readers,
        (path, lock): (&Path, Option<File>),
        options: Options,
    ) -> Result<Self> {
        let failed = |source| Error::sqlite("read the newest revision", path, source);
        let (newest, oldest) = {
            let connection = crate::readers::hold(&connection);
            (
                query::newest(&connection).map_err(failed)?,
                query::oldest(&connection).map_err(failed)?,
            )
        };
        let oldest = Arc::new(AtomicU64::new(oldest));
        let (publisher, feed) = feed(newest);
        let (sender, requests) = mpsc::channel(QUEUE);
        let noted = Arc::new(Notify::new());
        let writer = Writer {
            connection,
            path: path.to_owned(),
            requests,
            publisher,
            newest,
            oldest: Arc::clone(&oldest),
            history: options.history,
            noted: Arc::clone(&noted),
        };
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                writer.run();
                // Another process may open the file once its writer is gone.
                drop(lock);
            })
            .map_err(|source| Error::file("start the writer of", path, source))?;
        Ok(Self { requests: sender, readers: Arc::new(readers), feed, oldest, noted })
    }

    /// The newest committed revision.
    pub fn revision(&self) -> Revision {
        self.feed.newest()
    }

    pub async fn get(&self, key: &str) -> Result<Option<Record>> {
        let key = key.to_owned();
        self.readers.ask_briefly("get", move |db| query::get(db, &key)).await
    }

    /// Lists the records whose keys begin with `prefix`, in byte order.
    ///
    /// Errors: `Compacted` when `at` is older than the history window,
    /// `NotYet` when it is newer than the newest revision.
    pub async fn list(&self, prefix: &str, options: ListOptions) -> Result<Page> {
        let prefix = prefix.to_owned();
        let at = options.at;
        let list = move |db: &Connection| query::list(db, &prefix, &options);
        match self.readers.ask("list", list).await? {
            At::Found(page) => Ok(page),
            At::Compacted { oldest } => Err(Error::Compacted { oldest }),
            At::NotYet { newest } => Err(Error::NotYet { asked: at.unwrap_or(newest), newest }),
        }
    }

    /// Writes a value and returns its revision once it is on disk.
    ///
    /// Errors: `Exists`, `NotFound` and `Conflict` by `expect`; `DiskFull`,
    /// after which nothing of the write is kept and reads go on.
    pub async fn put(&self, key: &str, value: Bytes, expect: Expect) -> Result<Revision> {
        self.put_noted(key, value, (expect, None)).await
    }

    /// Deletes a key; returns the revision of the deletion and what was there.
    ///
    /// Errors: as `put`; `NotFound` also with [`Expect::Any`].
    pub async fn delete(&self, key: &str, expect: Expect) -> Result<(Revision, Record)> {
        self.remove(key, (expect, None)).await
    }

    pub(crate) async fn remove(
        &self,
        key: &str,
        terms: (Expect, Option<Bytes>),
    ) -> Result<(Revision, Record)> {
        let written = self.write(key, None, terms).await?;
        match written.previous {
            Some(previous) => Ok((written.revision, previous)),
            None => Err(Error::NotFound { key: key.to_owned() }),
        }
    }

    pub(crate) async fn write(
        &self,
        key: &str,
        value: Option<Bytes>,
        (expect, note): (Expect, Option<Bytes>),
    ) -> Result<Written> {
        let (reply, answer) = oneshot::channel();
        let write = Write { key: key.to_owned(), value, expect, note, reply };
        self.send(Request::Write(write)).await?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    pub(crate) fn wake(&self) -> &Notify {
        &self.noted
    }

    pub(crate) async fn send(&self, request: Request) -> Result<()> {
        self.requests.send(request).await.map_err(|_| Error::Closed)
    }

    /// The events of a prefix after a revision, in order, each exactly once.
    ///
    /// Errors: `Compacted` when `after` is older than the history window (here,
    /// or later through the stream when a slow reader falls out of it);
    /// `NotYet` when it is newer than the newest revision.
    pub fn watch(&self, prefix: &str, after: Revision) -> Result<Watch> {
        let oldest = self.oldest.load(Ordering::Acquire);
        if after < oldest {
            return Err(Error::Compacted { oldest });
        }
        let newest = self.revision();
        if after > newest {
            return Err(Error::NotYet { asked: after, newest });
        }
        let readers = Arc::clone(&self.readers);
        Ok(Watch::new(prefix, after, self.feed.clone(), readers))
    }

    /// The events of a prefix after a revision, without waiting for any, and the revision
    /// that they reach to; `None` when some are no longer in memory.
    pub fn recent(&self, prefix: &str, after: Revision) -> Option<(Vec<Arc<Event>>, Revision)> {
        self.feed.read(prefix, after)
    }

    /// Forgets history before a revision. It happens by itself, too.
    pub async fn compact(&self, before: Revision) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Compact { before, reply }).await?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// Writes a consistent copy to a new file while the store goes on. The
    /// name appears only once the copy is whole and on disk.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let to = to.to_owned();
        let partial = with_suffix(&to, ".partial");
        remove_if_there(&partial)?;
        let target = partial.to_string_lossy().into_owned();
        let copied = self
            .readers
            .ask("copy the store", move |db| db.execute("VACUUM INTO ?1", [&target]).map(drop))
            .await;
        let finished = match copied {
            Ok(()) => tokio::task::spawn_blocking({
                let partial = partial.clone();
                move || publish_file(&partial, &to)
            })
            .await
            .unwrap_or(Err(Error::Closed)),
            Err(error) => Err(error),
        };
        if finished.is_err() {
            // The failure is the news; a leftover is removed by the next try.
            let _ = std::fs::remove_file(&partial);
        }
        finished
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("remove", path, source))
        }
        _ => Ok(()),
    }
}

/// Flushes a finished file and gives it its name; both survive a power cut.
fn publish_file(partial: &Path, to: &Path) -> Result<()> {
    let flush = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    flush(partial).map_err(|source| Error::file("flush", partial, source))?;
    std::fs::rename(partial, to).map_err(|source| Error::file("name", to, source))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    flush(folder).map_err(|source| Error::file("flush", folder, source))
}
