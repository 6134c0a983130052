//! Environments out of an index of our own: resolved once, built again as they were, listed
//! with their licences. No other index is asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Platform, text};

pub const ENVIRONMENTS: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/environments";

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

pub fn wheel(folder: &Path, version: &str, word: &str) -> PathBuf {
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
pub struct Index {
    server: Child,
    pub url: String,
}

impl Index {
    pub fn of(folder: &Path) -> Self {
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

pub fn ready(platform: &Platform, reason: &str) -> String {
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

/// A project's index and an Environment of its newest `tiny`.
pub fn build_tiny(platform: &Platform, index: &Index) {
    let index = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "dais-package-index"},
        "stringData": {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": index.url},
    });
    assert_eq!(platform.post("/k8s/api/v1/namespaces/default/secrets", &index).0, 201);
    let wanted = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Environment", "metadata": {"name": "tiny"},
        "spec": {"python": {"requirements": ["Tiny"]}},
    });
    assert_eq!(platform.post(ENVIRONMENTS, &wanted).0, 201);
    ready(platform, "Available");
}

pub fn change(platform: &Platform, change: &Value) {
    let request = platform.http.patch(format!("{}{ENVIRONMENTS}/tiny", platform.url()));
    let request = request
        .bearer_auth(platform.token())
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string());
    assert_eq!(request.send().unwrap().status(), 200);
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

    build_tiny(&platform, &served);
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
    change(&platform, &json!({"spec": {"python": {"requirements": ["tiny>1"]}}}));
    ready(&platform, "Available");
    assert!(says(&platform, "newer").contains("second"));
}

const PODS: &str = "/k8s/api/v1/namespaces/default/pods";

/// A pod that has an Environment at /x, and what it says.
struct Shell<'a> {
    platform: &'a Platform,
    name: &'static str,
}

impl<'a> Shell<'a> {
    fn run(platform: &'a Platform, name: &'static str, volume: &Value, words: &str) -> Self {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {
                "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "c", "image": "host", "command": ["sh", "-c", words],
                                "volumeMounts": [{"name": "x", "mountPath": "/x"}]}],
                "volumes": [{"name": "x", "csi": volume}],
            },
        });
        let (code, answer) = platform.post(PODS, &pod);
        assert_eq!(code, 201, "{answer}");
        Self { platform, name }
    }

    fn says(&self, word: &str) {
        let log = format!("{}{PODS}/{}/log", self.platform.url(), self.name);
        self.platform.until(&format!("{} to say {word}", self.name), || {
            let token = self.platform.token();
            let said = self.platform.http.get(&log).bearer_auth(token).send().ok()?.text().ok()?;
            said.lines().any(|line| line == word).then_some(())
        });
    }

    fn delete(&self) {
        let address = format!("{}{PODS}/{}", self.platform.url(), self.name);
        let gone = self.platform.http.delete(address).bearer_auth(self.platform.token());
        assert!(gone.send().unwrap().status().is_success());
    }
}

fn delete(platform: &Platform, kind: &str, name: &str) {
    platform.ok(&["delete", kind, name, "--yes"]);
}

/// The Environment `tiny`, whole, and where its build is.
fn built_tiny(platform: &Platform) -> (Index, PathBuf) {
    let wheels = platform.folder().join("wheels");
    std::fs::create_dir(&wheels).unwrap();
    let served = Index::of(&wheels);
    wheel(&wheels, "1.0", "first");
    build_tiny(platform, &served);
    let digest = environment(platform)["digest"].as_str().unwrap().to_owned();
    (served, platform.data().join("environments/default").join(digest))
}

#[test]
fn an_environment_that_a_pod_uses_is_deleted_when_it_is_not() {
    let mut platform = Platform::start();
    let (_index, build) = built_tiny(&platform);
    let module = || {
        let found = glob::glob(&format!("{}/built/**/tiny.py", build.display())).unwrap();
        found.flatten().next()
    };
    assert!(module().is_some());

    // It names the Environment and no digest, as notebooks, services and applications do.
    let by_name = json!({"driver": "environments.dais.io", "readOnly": true,
                         "volumeAttributes": {"name": "tiny"}});
    let words = "cat /x/venv/lib/python*/site-packages/tiny.py; exec sleep 600";
    let user = Shell::run(&platform, "user", &by_name, words);
    user.says("word = 'first'");
    delete(&platform, "environment", "tiny");
    let stays = |platform: &Platform| {
        let environment = platform.get(&format!("{ENVIRONMENTS}/tiny")).unwrap();
        assert!(environment["metadata"]["deletionTimestamp"].is_string(), "{environment}");
        assert!(module().is_some(), "its files stay");
    };
    stays(&platform);
    // Who holds what is known after a crash, too.
    platform.kill();
    platform.up();
    stays(&platform);
    Shell { platform: &platform, name: "user" }.delete();
    let address = format!("{ENVIRONMENTS}/tiny");
    platform.until("its end", || platform.get(&address).is_err().then_some(()));
    assert!(!build.exists(), "its files go with it");
}

#[test]
fn the_build_of_a_job_stays_for_the_job_and_is_collected_after_it() {
    let platform = Platform::start();
    let (_index, build) = built_tiny(&platform);

    // It imports from the environment once the Environment is gone.
    let program = "import pathlib, time\nprint('began', flush=True)\n\
                   gate = pathlib.Path('/checkpoints/go')\n\
                   while not gate.exists(): time.sleep(0.05)\n\
                   import tiny; print(tiny.word)";
    let job = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob", "metadata": {"name": "late"},
        "spec": {"command": ["python", "-c", program], "environment": "tiny", "checkpoints": {}},
    });
    let jobs = "/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs";
    assert_eq!(platform.post(jobs, &job).0, 201);
    platform.until_phase("late", "Running");
    delete(&platform, "environment", "tiny");
    let address = format!("{ENVIRONMENTS}/tiny");
    platform.until("its end", || platform.get(&address).is_err().then_some(()));
    assert!(build.join("built").exists(), "the job may be run again exactly");
    let checkpoints = platform.until("the job's folder", || {
        let pattern = format!("{}/**/checkpoints-*", platform.data().display());
        glob::glob(&pattern).unwrap().flatten().find(|path| path.is_dir())
    });
    std::fs::write(checkpoints.join("go"), "").unwrap();
    platform.until_phase("late", "Succeeded");
    assert!(platform.ok(&["logs", "late"]).contains("first"));

    delete(&platform, "trainingjob", "late");
    platform.until("the build's end", || (!build.exists()).then_some(()));
}

/// SHA-256 of no version and one requirement: what names the build.
fn digest_of(requirement: &str) -> String {
    use sha2::Digest;
    format!("{:x}", sha2::Sha256::digest(format!("\n{requirement}")))
}

#[test]
fn what_was_opened_while_it_was_built_changes_nothing() {
    let platform = Platform::start();
    let wheels = platform.folder().join("wheels");
    std::fs::create_dir(&wheels).unwrap();
    let served = Index::of(&wheels);
    wheel(&wheels, "1.0", "first");

    // Another pod of the project asks to build the same, and writes into what it finds.
    let volume = json!({"driver": "environments.dais.io", "readOnly": false,
                        "volumeAttributes": {"environment": digest_of("Tiny")}});
    let words = r#"touch /x/mine && echo began
        while :; do
          for file in $(find /x -name tiny.py); do echo "word = 'stolen'" >> "$file"; done
          sleep 0.02
        done"#;
    let intruder = Shell::run(&platform, "intruder", &volume, words);
    intruder.says("began");
    build_tiny(&platform, &served);
    assert_eq!(environment(&platform)["digest"], digest_of("Tiny"));
    assert!(says(&platform, "first").contains("first"));
    assert_eq!(environment(&platform)["contentDigest"].as_str().unwrap().len(), 64);

    // What it left goes with it.
    let builds = platform.data().join("environments/default").join(digest_of("Tiny"));
    let left = || std::fs::read_dir(builds.join("builds")).unwrap().count();
    assert_eq!(left(), 1, "the intruder's own folder");
}
