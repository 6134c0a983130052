//! Environments out of an index of our own: resolved once, built again as they were, listed
//! with their licences. No other index is asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Platform, text};

const ENVIRONMENTS: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/environments";

/// Makes a wheel of one module, and the page that names all files with their digests.
/// Arguments: file, version, what the module says.
const WHEEL: &str = r##"
import hashlib, pathlib, sys, zipfile
path, version, word = sys.argv[1:]
files = {
    "tiny.py": f"word = {word!r}\n",
    f"tiny-{version}.dist-info/METADATA": f"Metadata-Version: 2.4\nName: tiny\nVersion: {version}\nLicense-Expression: MIT-0\n",
    f"tiny-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"tiny-{version}.dist-info/RECORD": "",
}
with zipfile.ZipFile(path, "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
folder = pathlib.Path(path).parent
digest = lambda file: hashlib.sha256(file.read_bytes()).hexdigest()
links = [f'<a href="{file.name}#sha256={digest(file)}">{file.name}</a>' for file in folder.glob("*.whl")]
(folder / "index.html").write_text("<!doctype html>" + "".join(links))
"##;

fn wheel(folder: &Path, version: &str, word: &str) -> PathBuf {
    let path = folder.join(format!("tiny-{version}-py3-none-any.whl"));
    let made = Command::new("/usr/bin/python3")
        .args(["-I", "-c", WHEEL])
        .arg(&path)
        .args([version, word])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made));
    path
}

/// The folder over HTTP: containers see neither the test's folder nor another /tmp.
struct Index {
    server: Child,
    url: String,
}

impl Index {
    fn of(folder: &Path) -> Self {
        let mut server = Command::new("/usr/bin/python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let port: u16 = said.split(' ').nth(5).unwrap_or_default().parse().unwrap();
        Self { server, url: format!("http://127.0.0.1:{port}/") }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn environment(platform: &Platform) -> Value {
    platform.get(&format!("{ENVIRONMENTS}/tiny")).unwrap()["status"].clone()
}

fn ready(platform: &Platform, reason: &str) -> String {
    platform.until(reason, || {
        let status = environment(platform);
        let ready = &status["conditions"][0];
        (ready["reason"] == reason).then(|| ready["message"].as_str().unwrap().to_owned())
    })
}

/// The files of the build are lost, as after a restore on another machine.
fn lose_build(platform: &mut Platform) {
    platform.kill();
    let builds = platform.data().join("environments/default");
    std::fs::remove_dir_all(builds).unwrap();
    platform.up();
    platform.until("the loss to be noticed", || {
        (environment(platform)["conditions"][0]["reason"] != "Available").then_some(())
    });
}

fn says(platform: &Platform, name: &str) -> String {
    let print = "import tiny; print(tiny.word)";
    platform.ok(&["run", "--name", name, "-e", "tiny", "--no-code", "--", "python", "-c", print])
}

#[test]
fn what_was_resolved_once_is_built_again_from_the_same_files() {
    let mut platform = Platform::start();
    let wheels = platform.folder().join("wheels");
    std::fs::create_dir(&wheels).unwrap();
    let served = Index::of(&wheels);
    let first = wheel(&wheels, "1.0", "first");
    let summed = Command::new("sha256sum").arg(&first).output().unwrap();
    let summed = String::from_utf8(summed.stdout).unwrap();
    let hash = summed.split(' ').next().unwrap();

    let index = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "dais-package-index"},
        "stringData": {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": served.url},
    });
    assert_eq!(platform.post("/k8s/api/v1/namespaces/default/secrets", &index).0, 201);
    let wanted = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Environment", "metadata": {"name": "tiny"},
        "spec": {"python": {"requirements": ["Tiny"]}},
    });
    assert_eq!(platform.post(ENVIRONMENTS, &wanted).0, 201);
    ready(&platform, "Available");
    let status = environment(&platform);
    let packages: BTreeMap<&str, &Value> = status["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["name"].as_str().unwrap(), package))
        .collect();
    assert_eq!(
        packages["tiny"],
        &json!({"name": "tiny", "version": "1.0", "sha256": hash, "licence": "MIT-0"})
    );
    assert!(packages.contains_key("pip") && status["sizeBytes"].as_i64().unwrap() > 1_000_000);
    assert!(says(&platform, "before").contains("first"));

    // A newer version has come out meanwhile.
    wheel(&wheels, "2.0", "second");
    lose_build(&mut platform);
    ready(&platform, "Available");
    assert_eq!(environment(&platform)["packages"], status["packages"]);
    assert!(says(&platform, "after").contains("first"));

    // The file is another one now, under the same name.
    wheel(&wheels, "1.0", "forged");
    lose_build(&mut platform);
    let why = ready(&platform, "BuildFailed");
    assert!(why.to_uppercase().contains("DO NOT MATCH THE HASHES"), "{why}");

    // Asked for anew, it is resolved anew.
    let change = json!({"spec": {"python": {"requirements": ["tiny>1"]}}});
    let request = platform.http.patch(format!("{}{ENVIRONMENTS}/tiny", platform.url()));
    let request = request
        .bearer_auth(platform.token())
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string());
    assert_eq!(request.send().unwrap().status(), 200);
    ready(&platform, "Available");
    assert!(says(&platform, "newer").contains("second"));
}
