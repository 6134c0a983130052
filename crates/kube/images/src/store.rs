//! The images of one machine.
//!
//! ```text
//! <root>/trees/<hex of the id>/root/       the files; nobody writes there
//!                             /image.json  what is known of the image
//!                             /used        when it was used last
//!       /names.json                        names → ids
//!       /incoming/<uuid>/                  what is being made or removed; emptied at the start
//! ```
//!
//! A tree comes into `trees` by one rename, whole and on disk, and leaves it the same way.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;

use crate::archive::Archive;
use crate::config::{Image, Program};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::layout::{self, Found};
use crate::reference::{self, Reference, canonical};
use crate::tree::Tree;
use crate::unpack::{Budget, unpack};

/// What an archive may cost at most.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The archive itself, uncompressed.
    pub archive_bytes: u64,
    /// All its images, unpacked.
    pub unpacked_bytes: u64,
    /// So many times what was received may come of it …
    pub unpacked_ratio: u64,
    /// … or this much, however little was received.
    pub unpacked_free: u64,
    /// Its own entries, and files and folders of all its images.
    pub entries: u64,
}

impl Limits {
    /// What may come of so many bytes at this moment, if `most` is the end of it.
    pub(crate) fn of(&self, most: u64, received: u64) -> u64 {
        most.min(self.unpacked_free.max(received.saturating_mul(self.unpacked_ratio)))
    }
}

impl Default for Limits {
    /// Above the largest images of accelerators' makers (some 30 GiB, 300,000 files), and
    /// above what compression does to programs (some 5 times); zeros shrink a thousandfold.
    fn default() -> Limits {
        Limits {
            archive_bytes: 128 << 30,
            unpacked_bytes: 128 << 30,
            unpacked_ratio: 50,
            unpacked_free: 1 << 30,
            entries: 2_000_000,
        }
    }
}

/// What a removal did.
#[derive(Debug, PartialEq, Eq)]
pub enum Removed {
    /// One name of several: the image stays under the others.
    Name(String),
    /// The image with all its names.
    Image(String),
}

/// The store; clones are the same one.
#[derive(Clone)]
pub struct Images(Arc<Inner>);

struct Inner {
    root: PathBuf,
    limits: Limits,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    images: BTreeMap<Digest, Kept>,
    names: BTreeMap<String, Digest>,
    holders: BTreeMap<String, Holder>,
    /// Whether those that held images before this process are among them.
    holders_known: bool,
}

struct Kept {
    record: Record,
    used_at: Timestamp,
}

/// On disk, beside the tree.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    #[serde(default)]
    manifest: Option<Digest>,
    size_bytes: u64,
    loaded_at: Timestamp,
    program: Program,
}

#[derive(Default)]
struct Holder {
    /// For people: `<namespace>/<pod>`.
    label: String,
    images: BTreeSet<Digest>,
}

const RECORD: &str = "image.json";
const USED: &str = "used";
const NAMES: &str = "names.json";
/// The word for the node's own files, which no image may take for itself.
const RESERVED: &str = "host";
/// Lists of users are some lines.
const LONGEST_PASSWD: u64 = 1 << 20;

impl Images {
    /// Opens the store, and removes what an earlier process left half-made.
    pub fn open(root: &Path, limits: Limits) -> Result<Images> {
        for folder in [root.to_owned(), root.join("trees"), root.join("incoming")] {
            private_folder(&folder)?;
        }
        empty(&root.join("incoming"))?;
        let mut state = State::default();
        let trees = root.join("trees");
        for entry in fs::read_dir(&trees).map_err(Error::file("read", &trees))?.flatten() {
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(Digest::from_hex) else { continue };
            let record: Record = match read_json(&entry.path().join(RECORD)) {
                Ok(Some(record)) => record,
                // Loaded again, it is mended.
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(image = %id, %error, "an image cannot be used");
                    continue;
                }
            };
            let used_at = read_json(&entry.path().join(USED)).ok().flatten();
            let used_at = used_at.unwrap_or(record.loaded_at);
            state.images.insert(id, Kept { record, used_at });
        }
        let names: Option<BTreeMap<String, Digest>> = read_json(&root.join(NAMES))?;
        state.names = names.unwrap_or_default();
        state.names.retain(|_, id| state.images.contains_key(id));
        let inner = Inner {
            root: root.to_owned(),
            limits,
            state: Mutex::new(state),
            changes: watch::Sender::default(),
        };
        Ok(Images(Arc::new(inner)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the maps is one step: they are sound after a panic.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree(&self, id: &Digest) -> PathBuf {
        self.0.root.join("trees").join(id.hex())
    }

    /// Told of every image that comes or goes and of every holder that lets go.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// Takes in every image of an archive, all or none. `name` takes the place of the names
    /// in the archive. Blocks.
    ///
    /// # Errors
    /// Refused with words where the archive is not whole, not true to its digests, or not
    /// for this machine; nothing of it is left then.
    pub fn load(&self, archive: impl Read, name: Option<&str>) -> Result<Vec<Image>> {
        let name = name.map(allowed).transpose()?;
        let incoming = Incoming::new(&self.0.root)?;
        let limits = &self.0.limits;
        let received = Cell::new(0);
        let counting = Counting { inner: archive, count: &received };
        let archive = Archive::spool(&incoming.0, counting, &received, limits)?;
        let mut found = layout::images(&archive)?;
        if let Some(name) = name {
            let [image] = found.as_mut_slice() else {
                return Err(Error::Refused {
                    reason: format!(
                        "the archive holds {} images, and one name was given",
                        found.len()
                    ),
                    hint: "load it without a name: the images have their own",
                });
            };
            image.names = vec![name];
        }
        let mut ready = Vec::new();
        // One for all: an archive may name the same layers a thousand times.
        let mut budget = Budget::new(limits, received.get());
        for image in found {
            let names = image.names.iter().map(|name| allowed(name)).collect::<Result<Vec<_>>>()?;
            let folder = incoming.0.join(image.id.hex());
            if !self.state().images.contains_key(&image.id) && !folder.exists() {
                make(&image, &folder, &mut budget)?;
            }
            ready.push((image, names, folder));
        }
        ready.into_iter().map(|(image, names, folder)| self.admit(image, names, &folder)).collect()
    }

    /// Puts a finished tree in its place; one that is there already is the same.
    fn admit(&self, image: Found, names: Vec<String>, folder: &Path) -> Result<Image> {
        let mut state = self.state();
        if !state.images.contains_key(&image.id) {
            let to = self.tree(&image.id);
            // Left by a removal of the same image that was cut short.
            remove_all(&to)?;
            let record: Option<Record> = read_json(&folder.join(RECORD))?;
            let record = record.ok_or_else(|| Error::Unknown(image.id.to_string()))?;
            fs::rename(folder, &to).map_err(Error::file("put in place", &to))?;
            sync_folder(&self.0.root.join("trees"))?;
            let used_at = record.loaded_at;
            state.images.insert(image.id.clone(), Kept { record, used_at });
        }
        // Loaded again is as good as used.
        self.touch(&mut state, &image.id);
        for name in names {
            state.names.insert(name, image.id.clone());
        }
        write_json(&self.0.root.join(NAMES), &state.names)?;
        let image = self.show(&state, &image.id);
        drop(state);
        self.changed();
        image
    }

    /// All images, by their first name; those without one last.
    pub fn list(&self) -> Vec<Image> {
        let state = self.state();
        let mut images: Vec<Image> =
            state.images.keys().filter_map(|id| self.show(&state, id).ok()).collect();
        images.sort_by_key(|image| {
            (image.names.is_empty(), image.names.first().cloned(), image.id.clone())
        });
        images
    }

    /// The image of a name or id.
    pub fn find(&self, reference: &str) -> Result<Image> {
        let state = self.state();
        let id = resolve(&state, reference)?;
        self.show(&state, &id)
    }

    /// The image of a name or id, which stays while `holder` holds it. `label` is how people
    /// call the holder.
    pub fn hold(&self, holder: &str, label: &str, reference: &str) -> Result<Image> {
        let mut state = self.state();
        let id = resolve(&state, reference)?;
        let entry = state.holders.entry(holder.to_owned()).or_default();
        entry.label = label.to_owned();
        entry.images.insert(id.clone());
        self.touch(&mut state, &id);
        self.show(&state, &id)
    }

    /// Those that held images before this process have said so: from now on, images may be
    /// removed.
    pub fn holders_are_known(&self) {
        self.state().holders_known = true;
    }

    /// Lets go of all that a holder held: the images were in use until now.
    pub fn release(&self, holder: &str) {
        let mut state = self.state();
        let Some(Holder { images, .. }) = state.holders.remove(holder) else { return };
        for id in &images {
            self.touch(&mut state, id);
        }
        drop(state);
        self.changed();
    }

    fn touch(&self, state: &mut State, id: &Digest) {
        let Some(kept) = state.images.get_mut(id) else { return };
        kept.used_at = Timestamp::now();
        // Not flushed: lost, it is only an older time.
        let (path, text) = (self.tree(id).join(USED), json!(kept.used_at).to_string());
        let partial = path.with_extension("partial");
        if let Err(error) = fs::write(&partial, text).and_then(|()| fs::rename(&partial, &path)) {
            tracing::warn!(image = %id, %error, "the image's last use is not written");
        }
    }

    /// Removes a name, and the image with its last one; an id removes the image with all
    /// its names. Blocks.
    ///
    /// # Errors
    /// [`Error::InUse`] where the image would go and somebody holds it, and
    /// [`Error::Starting`] before [`Images::holders_are_known`].
    pub fn remove(&self, reference: &str) -> Result<Removed> {
        let mut state = self.state();
        let id = resolve(&state, reference)?;
        let names = names_of(&state, &id);
        if let Reference::Name(name) = reference::parse(reference)?
            && names.len() > 1
        {
            state.names.remove(&name);
            write_json(&self.0.root.join(NAMES), &state.names)?;
            drop(state);
            self.changed();
            return Ok(Removed::Name(name));
        }
        if !state.holders_known {
            return Err(Error::Starting);
        }
        let by = holders(&state, &id);
        if !by.is_empty() {
            return Err(Error::InUse { name: reference.to_owned(), by });
        }
        let gone = self.take_out(&mut state, &id)?;
        drop(state);
        self.changed();
        drop(gone);
        Ok(Removed::Image(id.to_string()))
    }

    /// Removes what nobody holds and nobody has used for so long; what it removed. Blocks.
    pub fn collect(&self, unused_for: Duration, now: Timestamp) -> Result<Vec<Image>> {
        let mut state = self.state();
        if !state.holders_known {
            return Err(Error::Starting);
        }
        let due = |kept: &Kept| {
            now.duration_since(kept.used_at).unsigned_abs() >= unused_for && now >= kept.used_at
        };
        let ids: Vec<Digest> = state
            .images
            .iter()
            .filter(|(id, kept)| due(kept) && holders(&state, id).is_empty())
            .map(|(id, _)| id.clone())
            .collect();
        let (mut removed, mut gone) = (Vec::new(), Vec::new());
        for id in ids {
            removed.push(self.show(&state, &id)?);
            gone.push(self.take_out(&mut state, &id)?);
        }
        drop(state);
        if !removed.is_empty() {
            self.changed();
        }
        Ok(removed)
    }

    /// Out of sight in one step; the files go with what is returned.
    fn take_out(&self, state: &mut State, id: &Digest) -> Result<Incoming> {
        let gone = Incoming::new(&self.0.root)?;
        let (from, to) = (self.tree(id), gone.0.join("tree"));
        fs::rename(&from, &to).map_err(Error::file("remove", &from))?;
        state.images.remove(id);
        state.names.retain(|_, named| named != id);
        write_json(&self.0.root.join(NAMES), &state.names)?;
        Ok(gone)
    }

    fn show(&self, state: &State, id: &Digest) -> Result<Image> {
        let Kept { record, used_at } =
            state.images.get(id).ok_or_else(|| Error::Unknown(id.to_string()))?;
        Ok(Image {
            id: id.to_string(),
            names: names_of(state, id),
            manifests: record.manifest.iter().map(ToString::to_string).collect(),
            size_bytes: record.size_bytes,
            loaded_at: record.loaded_at,
            used_at: *used_at,
            used_by: holders(state, id),
            program: record.program.clone(),
            tree: self.tree(id).join("root"),
        })
    }
}

/// Unpacks an image into a folder of its own.
fn make(image: &Found, folder: &Path, budget: &mut Budget) -> Result<()> {
    private_folder(folder)?;
    let root = folder.join("root");
    public_folder(&root)?;
    let size_bytes = unpack(&image.layers, &image.config.rootfs.diff_ids, &root, budget)?;
    let execution = image.config.config.clone().unwrap_or_default();
    let record = Record {
        manifest: image.manifest.clone(),
        size_bytes,
        loaded_at: Timestamp::now(),
        program: execution.program(|name| uid_of(&root, name)),
    };
    write_json(&folder.join(RECORD), &record)
}

fn names_of(state: &State, id: &Digest) -> Vec<String> {
    let of = state.names.iter().filter(|(_, named)| *named == id);
    of.map(|(name, _)| name.clone()).collect()
}

fn holders(state: &State, id: &Digest) -> Vec<String> {
    let of = state.holders.values().filter(|holder| holder.images.contains(id));
    of.map(|holder| holder.label.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn resolve(state: &State, text: &str) -> Result<Digest> {
    let unknown = || Error::Unknown(text.to_owned());
    match reference::parse(text)? {
        Reference::Name(name) => state.names.get(&name).cloned().ok_or_else(unknown),
        Reference::Digest(digest) if state.images.contains_key(&digest) => Ok(digest),
        Reference::Digest(digest) => {
            let by_manifest = |kept: &Kept| kept.record.manifest.as_ref() == Some(&digest);
            let found = state.images.iter().find(|(_, kept)| by_manifest(kept));
            found.map(|(id, _)| id.clone()).ok_or_else(unknown)
        }
    }
}

/// The one form of a name that an image may have.
fn allowed(name: &str) -> Result<String> {
    let one = canonical(name)?;
    if canonical(RESERVED).is_ok_and(|reserved| reserved == one) {
        return Err(Error::Refused {
            reason: format!("{name:?} means the node's own files: no image may be called so"),
            hint: "give it another name",
        });
    }
    Ok(one)
}

/// The number of a user in the image's own list.
fn uid_of(root: &Path, name: &str) -> Option<u32> {
    let file = Tree::open(root).ok()?.read(Path::new("etc/passwd")).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(LONGEST_PASSWD).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?)
}

struct Counting<'a, R> {
    inner: R,
    count: &'a Cell<u64>,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// A folder for what is half-made, which goes when this does.
struct Incoming(PathBuf);

impl Incoming {
    fn new(root: &Path) -> Result<Incoming> {
        let path = root.join("incoming").join(uuid::Uuid::new_v4().simple().to_string());
        private_folder(&path)?;
        Ok(Incoming(path))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Err(error) = remove_all(&self.0) {
            tracing::warn!(%error, "left until the next start");
        }
    }
}

fn private_folder(path: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(Error::file("create directory", path))
}

fn public_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir(path).map_err(Error::file("create directory", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(Error::file("set the permissions of", path))
}

fn empty(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))?.flatten() {
        remove_all(&entry.path())?;
    }
    Ok(())
}

fn remove_all(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn sync_folder(path: &Path) -> Result<()> {
    let synced = fs::File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(Error::file("flush", path))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(Error::file("read", path))?,
    };
    let value = serde_json::from_slice(&bytes).map_err(std::io::Error::from);
    value.map(Some).map_err(Error::file("read", path))
}

/// Replaces a file whole, on disk when this returns.
fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(std::io::Error::from);
    let bytes = bytes.map_err(Error::file("write", path))?;
    let partial = path.with_extension("partial");
    let written = fs::File::create(&partial).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.map_err(Error::file("write", &partial))?;
    fs::rename(&partial, path).map_err(Error::file("replace", path))?;
    path.parent().map_or(Ok(()), sync_folder)
}
