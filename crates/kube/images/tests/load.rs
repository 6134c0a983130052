//! Archives of images: what becomes of good ones, and that nothing becomes of bad ones.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use dais_images::{Error, Image, Images, Limits, Removed};
use dais_testkit::images::{self as make, Compression, Layer, blob_name, docker, oci, tar};
use jiff::Timestamp;
use serde_json::json;

struct Store {
    images: Images,
    folder: tempfile::TempDir,
}

fn store() -> Store {
    store_with(Limits::default())
}

fn store_with(limits: Limits) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let images = Images::open(&folder.path().join("images"), limits).unwrap();
    images.holders_are_known();
    Store { images, folder }
}

impl Store {
    fn load(&self, archive: &[u8]) -> Result<Image, Error> {
        self.images.load(archive, None).map(|mut images| images.remove(0))
    }

    /// Nothing is half-made: neither in sight nor out of it.
    fn is_empty(&self) -> bool {
        let count = |name: &str| {
            fs::read_dir(self.folder.path().join("images").join(name)).unwrap().count()
        };
        self.images.list().is_empty() && count("trees") == 0 && count("incoming") == 0
    }

    fn again(self) -> Store {
        let images = Images::open(&self.folder.path().join("images"), Limits::default()).unwrap();
        Store { images, folder: self.folder }
    }
}

fn image(layers: &[Layer]) -> make::Image {
    let image = make::Image::named("shop/train:v1");
    layers.iter().fold(image, |image, layer| image.layer(layer, Compression::Gzip))
}

fn archive(image: &make::Image) -> Vec<u8> {
    tar(&oci(std::slice::from_ref(image)))
}

fn text(image: &Image, path: &str) -> String {
    fs::read_to_string(image.tree.join(path)).unwrap()
}

fn is_there(image: &Image, path: &str) -> bool {
    fs::symlink_metadata(image.tree.join(path)).is_ok()
}

#[test]
fn oci_layouts_and_docker_archives_become_the_same_image() {
    let layer = Layer::default().folder("etc").file("etc/a", 0o600, b"one");
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let image = make::Image::named("train:v1").layer(&layer, compression).config(json!({
            "Entrypoint": ["/bin/sh"], "Cmd": ["-c", "x"], "Env": ["A=1=2", "B"],
            "WorkingDir": "/srv", "User": "7:8",
        }));
        let files = [oci(std::slice::from_ref(&image)), docker(&image)];
        for (files, outer) in files.iter().zip([Compression::Gzip, Compression::Zstd]) {
            for packed in [tar(files), outer.pack(&tar(files))] {
                let store = store();
                let loaded = store.load(&packed).unwrap();
                assert_eq!(loaded.id, image.id());
                assert_eq!(loaded.names, ["docker.io/library/train:v1"]);
                assert_eq!(text(&loaded, "etc/a"), "one");
                assert_eq!(loaded.size_bytes, 3);
                let program = loaded.program;
                assert_eq!(program.words(None, None), ["/bin/sh", "-c", "x"]);
                let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
                assert_eq!(program.env, [pair("A", "1=2"), pair("B", "")]);
                assert_eq!((program.working_dir.as_str(), program.uid), ("/srv", Some(7)));
            }
        }
    }
}

#[test]
fn a_user_is_looked_up_in_the_image_itself() {
    let passwd = b"root:x:0:0::/:\napp:x:77:77::/:\n";
    let low = Layer::default().file("usr/lists", 0o644, passwd).symlink("etc/passwd", "/usr/lists");
    let image = image(&[low, Layer::default().file("x", 0o644, b"")]);
    let loaded = store().load(&archive(&image.config(json!({"User": "app"})))).unwrap();
    assert_eq!(loaded.program.uid, Some(77));
}

#[test]
fn a_layer_may_bring_anew_what_it_removes() {
    let low = Layer::default().file("usr/x", 0o644, b"low");
    let high = Layer::default().file("usr/.wh.x", 0, b"").file("usr/x", 0o644, b"anew");
    let store = store();
    let loaded = store.load(&archive(&image(&[low, high]))).unwrap();
    assert_eq!(text(&loaded, "usr/x"), "anew");
}

#[test]
fn whiteouts_and_opaque_folders_are_for_the_layers_below() {
    let low = Layer::default()
        .file("usr/bin/tool", 0o4755, b"low")
        .symlink("bin", "usr/bin")
        .file("etc/gone", 0o644, b"")
        .file("etc/kept", 0o644, b"kept")
        .file("cache/a", 0o644, b"")
        .file("cache/b/c", 0o644, b"")
        .file("was-file", 0o644, b"")
        .file("was-folder/x", 0o644, b"");
    let high = Layer::default()
        .file("cache/new", 0o644, b"new")
        .file("cache/.wh..wh..opq", 0, b"")
        .file("cache/later", 0o644, b"later")
        .file("etc/.wh.gone", 0, b"")
        .file("bin/more", 0o755, b"through a link inside")
        .folder("was-file")
        .file("was-folder", 0o644, b"now a file")
        .link("etc/second", "etc/kept")
        .symlink("out", "/tmp");
    let store = store();
    let loaded = store.load(&archive(&image(&[low, high]))).unwrap();
    for (path, there) in [
        ("cache/a", false),
        ("cache/b", false),
        ("cache/new", true),
        ("cache/later", true),
        ("etc/gone", false),
        ("etc/.wh.gone", false),
        ("cache/.wh..wh..opq", false),
        ("usr/bin/more", true),
        ("was-folder/x", false),
        ("out", true),
    ] {
        assert_eq!(is_there(&loaded, path), there, "{path}");
    }
    assert!(loaded.tree.join("was-file").is_dir());
    assert_eq!(text(&loaded, "was-folder"), "now a file");
    assert_eq!(text(&loaded, "etc/second"), "kept");
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(loaded.tree.join("usr/bin/tool")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755, "no rights of the file's owner for others");
}

/// Every archive is refused with words that name what is wrong, and nothing is left.
#[test]
fn hostile_layers_are_refused_by_name() {
    use tar_kinds::*;
    let base = Layer::default;
    let outside = tempfile::tempdir().unwrap();
    let aim = outside.path().to_str().unwrap();
    let cases: Vec<(Layer, &str)> = vec![
        (base().file("../evil", 0o644, b"x"), "outside the image"),
        (base().file("a/../../evil", 0o644, b"x"), "outside the image"),
        (base().file("/etc/evil", 0o644, b"x"), "outside the image"),
        (base().symlink("out", aim).file("out/evil", 0o644, b"x"), "out/evil"),
        (base().symlink("out", "../../..").link("x", "out/etc/passwd"), "\"x\""),
        (base().link("x", "../../etc/passwd"), "outside the image"),
        (base().link("x", "/etc/passwd"), "outside the image"),
        (base().folder("d").link("x", "d"), "a link to a folder"),
        (base().entry("dev/sda", BLOCK, 0o660, "", b""), "a device"),
        (base().entry("dev/null", CHAR, 0o666, "", b""), "a device"),
        (base().entry("pipe", FIFO, 0o666, "", b""), "a pipe"),
        (base().entry("odd", SPARSE, 0o666, "", b""), "of a kind"),
        (base().file("f", 0o644, b"").file("f/x", 0o644, b""), "below what is no folder"),
        (base().symlink("a", "b").symlink("b", "a").file("a/x", 0o644, b""), "links"),
        (base().file("d/.wh...", 0o644, b""), "removes nothing"),
        (base().file("d/.wh.", 0o644, b""), "removes nothing"),
        (base().file("etc/passwd/", 0o644, b"").file("etc/passwd/x", 0o644, b""), "no folder"),
    ];
    for (layer, words) in cases {
        let store = store();
        let error = store.load(&archive(&image(&[layer]))).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("layer 1"), "{words}: {error}");
        assert!(store.is_empty(), "{words}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

mod tar_kinds {
    pub use tar::EntryType;
    pub const BLOCK: EntryType = EntryType::Block;
    pub const CHAR: EntryType = EntryType::Char;
    pub const FIFO: EntryType = EntryType::Fifo;
    pub const SPARSE: EntryType = EntryType::GNUSparse;
}

#[test]
fn an_archive_that_is_not_true_to_its_digests_is_refused() {
    let image = image(&[Layer::default().file("a", 0o644, b"one")]);
    let other = Compression::Gzip.pack(&Layer::default().file("a", 0o644, b"two").bytes());
    let (manifest, blobs) = image.blobs();
    let changed = |name: String, content: Vec<u8>| {
        let mut files = oci(std::slice::from_ref(&image));
        files.iter_mut().find(|(known, _)| *known == name).unwrap().1 = content;
        tar(&files)
    };
    let without = |name: String| {
        let mut files = oci(std::slice::from_ref(&image));
        files.retain(|(known, _)| *known != name);
        tar(&files)
    };
    let mut config = blobs[0].clone();
    config.push(b' ');
    let mut saved = docker(&image);
    saved[1].1 = other.clone();
    let mut renamed = docker(&image);
    renamed[0].1.push(b' ');
    let mut elsewhere = image.clone();
    elsewhere.architecture = Some("pdp11".to_owned());
    for (archive, words) in [
        (changed(blob_name(&blobs[1]), other), "its digest"),
        (changed(blob_name(&blobs[0]), config), "its digest"),
        (changed(blob_name(&manifest), b"{}".to_vec()), "its digest"),
        (changed("index.json".to_owned(), b"[]".to_vec()), "index.json"),
        (without(blob_name(&blobs[1])), "does not hold"),
        (tar(&saved), "does not hold what the image's configuration says"),
        (tar(&renamed), "its digest"),
        (archive(&elsewhere), "pdp11"),
        (tar(&[]), "no image"),
        (b"not a tar at all, but longer than nothing".to_vec(), "tar"),
        (Vec::new(), "no image"),
    ] {
        let store = store();
        let error = store.load(&archive).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
        assert!(store.is_empty(), "{words}");
    }
}

/// However much of an archive arrives, it becomes an image whole or not at all.
#[test]
fn an_archive_that_is_cut_off_leaves_nothing() {
    let layer = Layer::default().file("a", 0o644, &[7; 5000]).file("b", 0o644, b"b");
    for compression in [Compression::None, Compression::Gzip] {
        let image = make::Image::named("cut:v1").layer(&layer, compression);
        for files in [oci(std::slice::from_ref(&image)), docker(&image)] {
            let whole = tar(&files);
            let end = whole.len() - 1024;
            for cut in (0..end).step_by(257) {
                let store = store();
                assert!(store.load(&whole[..cut]).is_err(), "at {cut} of {}", whole.len());
                assert!(store.is_empty());
            }
        }
    }
    let packed = Compression::Gzip.pack(&archive(&image(&[layer])));
    let store = store();
    assert!(store.load(&packed[..packed.len() - 9]).is_err());
    assert!(store.is_empty());
}

#[test]
fn what_is_too_much_is_refused() {
    let limits = Limits { unpacked_free: 1 << 20, unpacked_ratio: 3, ..Limits::default() };
    let bomb = Layer::default().file("zeros", 0o644, &vec![0; 8 << 20]);
    let many = (0..50).fold(Layer::default(), |l, n| l.file(&format!("f{n}"), 0o644, b""));
    // A name of many megabytes, for a reader that keeps names in memory.
    let long = Layer::default().entry(
        "././@LongLink",
        tar::EntryType::GNULongName,
        0o644,
        "",
        &vec![b'a'; 2 << 20],
    );
    for (limits, layer, words) in [
        (limits.clone(), bomb.clone(), "far too much"),
        (Limits { entries: 20, ..Limits::default() }, many, "more than 20"),
        (Limits { archive_bytes: 4096, ..Limits::default() }, bomb.clone(), "more than 4096"),
        (Limits::default(), long, "a name of 2097152 bytes"),
    ] {
        let store = store_with(limits);
        let error = store.load(&archive(&image(&[layer]))).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
        assert!(store.is_empty(), "{words}");
    }
    // The same when it is the archive itself that is packed.
    let limits = Limits { unpacked_free: 1 << 20, unpacked_ratio: 3, ..Limits::default() };
    let image = make::Image::named("bomb").layer(&bomb, Compression::None);
    let store = store_with(limits);
    let error = store.load(&Compression::Gzip.pack(&archive(&image))).unwrap_err().to_string();
    assert!(error.contains("far too much"), "{error}");
    assert!(store.is_empty());
}

#[test]
fn names_move_and_are_refused() {
    let store = store();
    let image_of = |content: &[u8]| image(&[Layer::default().file("a", 0o644, content)]);
    let one = store.load(&archive(&image_of(b"1"))).unwrap();
    let two = store.load(&archive(&image_of(b"2"))).unwrap();
    assert_eq!(store.images.find("shop/train:v1").unwrap().id, two.id);
    assert!(store.images.find(&one.id).unwrap().names.is_empty(), "the older is known by its id");
    let named = store.images.load(&archive(&image_of(b"1"))[..], Some("other")).unwrap();
    assert_eq!((&named[0].id, named[0].names.len()), (&one.id, 1));
    assert!(store.images.find(&format!("x@{}", two.manifests[0])).is_ok());
    for name in ["host", "docker.io/library/host:latest", "A B", "../x", ""] {
        let refused = store.images.load(&archive(&image_of(b"3"))[..], Some(name));
        assert!(matches!(refused, Err(Error::Refused { .. })), "{name}");
    }
    assert_eq!(store.images.list().len(), 2);
    let both = [image_of(b"1"), image_of(b"4")];
    assert!(store.images.load(&tar(&oci(&both))[..], Some("x")).is_err(), "one name for two");
    assert_eq!(store.images.load(&tar(&oci(&both))[..], None).unwrap().len(), 2);
    let again = store.again();
    assert_eq!(again.images.find("other:latest").unwrap().id, one.id);
    assert_eq!(again.images.list().len(), 3);
}

#[test]
fn what_is_held_stays() {
    let store = store();
    let loaded = store.load(&archive(&image(&[Layer::default().file("a", 0o644, b"1")]))).unwrap();
    let held = store.images.hold("uid-1", "default/web", "shop/train:v1").unwrap();
    assert_eq!(held.used_by, ["default/web"]);
    match store.images.remove(&loaded.id) {
        Err(Error::InUse { by, .. }) => assert_eq!(by, ["default/web"]),
        other => panic!("{other:?}"),
    }
    let later = Timestamp::now().checked_add(Duration::from_secs(3600 * 24 * 365)).unwrap();
    assert!(store.images.collect(Duration::ZERO, later).unwrap().is_empty());
    store.images.release("uid-1");
    assert!(store.images.collect(Duration::from_secs(3600 * 24 * 400), later).unwrap().is_empty());
    assert_eq!(store.images.collect(Duration::from_secs(60), later).unwrap().len(), 1);
    assert!(store.is_empty());
    assert!(matches!(store.images.hold("uid-2", "x", &loaded.id), Err(Error::Unknown(_))));
    store.load(&archive(&image(&[Layer::default().file("a", 0o644, b"1")]))).unwrap();
    assert_eq!(store.images.remove("shop/train:v1").unwrap(), Removed::Image(loaded.id));
    assert!(store.is_empty());
}

#[test]
fn nothing_is_removed_before_it_is_known_who_holds_what() {
    let store = store();
    store.load(&archive(&image(&[Layer::default().file("a", 0o644, b"1")]))).unwrap();
    let again = store.again();
    assert!(matches!(again.images.remove("shop/train:v1"), Err(Error::Starting)));
    let later = Timestamp::now().checked_add(Duration::from_secs(3600)).unwrap();
    assert!(matches!(again.images.collect(Duration::ZERO, later), Err(Error::Starting)));
    again.images.holders_are_known();
    again.images.remove("shop/train:v1").unwrap();
    assert!(again.is_empty());
}

/// Set for a process that is to be killed: where its store is.
const VICTIM: &str = "DAIS_IMAGES_VICTIM";

fn long_archive() -> Vec<u8> {
    let layer = (0..20_000).fold(Layer::default(), |l, n| l.file(&format!("f{n}"), 0o644, b"x"));
    archive(&image(&[layer]))
}

/// Run by the next test in a process of its own.
#[test]
fn victim() {
    let Ok(root) = std::env::var(VICTIM) else { return };
    let images = Images::open(Path::new(&root), Limits::default()).unwrap();
    images.load(&long_archive()[..], None).unwrap();
}

#[test]
fn a_process_killed_in_the_middle_leaves_nothing_that_looks_whole() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("images");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim"])
        .env(VICTIM, &root)
        .spawn()
        .unwrap();
    let begun = || {
        let incoming = fs::read_dir(root.join("incoming")).ok()?.flatten().next()?;
        let made = fs::read_dir(incoming.path()).ok()?.flatten().next()?;
        made.path().join("root/f9").exists().then_some(())
    };
    while begun().is_none() {
        assert!(child.try_wait().unwrap().is_none(), "it was done before it was seen");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::read_dir(root.join("incoming")).unwrap().next().is_some(), "it was in the middle");
    assert!(fs::read_dir(root.join("trees")).unwrap().next().is_none());
    let store = Store { images: Images::open(&root, Limits::default()).unwrap(), folder };
    assert!(store.is_empty());
    assert!(store.load(&long_archive()).unwrap().tree.join("f19999").exists());
}
