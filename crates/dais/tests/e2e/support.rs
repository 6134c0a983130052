//! A running platform, and the words to speak with it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub const DAIS: &str = env!("CARGO_BIN_EXE_dais");
/// Long enough for a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Platform {
    process: Option<Child>,
    folder: tempfile::TempDir,
    data: PathBuf,
    offset: u16,
    /// Of `dais up`, besides where it is.
    options: Vec<String>,
    pub http: reqwest::blocking::Client,
}

/// Distance between the lowest and the highest port of a platform without offset.
const PORTS: [u16; 5] = [8080, 8081, 6443, 4317, 9000];

impl Platform {
    pub fn start() -> Self {
        let folder = folder();
        let data = folder.path().join("data");
        Self::start_with(folder, data, Vec::new())
    }

    /// A platform with further options of `dais up`.
    pub fn start_with_options(options: &[String]) -> Self {
        let folder = folder();
        let data = folder.path().join("data");
        Self::start_with(folder, data, options.to_vec())
    }

    /// A platform that keeps its state in `data`.
    pub fn start_on(data: PathBuf) -> Self {
        Self::start_with(folder(), data, Vec::new())
    }

    fn start_with(folder: tempfile::TempDir, data: PathBuf, options: Vec<String>) -> Self {
        let (http, offset) = (reqwest::blocking::Client::new(), free_offset());
        let mut platform = Self { process: None, folder, data, offset, options, http };
        platform.up();
        platform
    }

    /// Starts the platform on its directory and waits until it is ready.
    pub fn up(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let offset = self.offset.to_string();
        let child = Command::new(DAIS)
            .args(["up", "--port-offset", &offset, "--data-dir"])
            .arg(self.data())
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(child);
        self.until("the platform to answer", || {
            let node = self.get("/k8s/api/v1/nodes").ok()?;
            let node = &node["items"][0];
            let ready = node["status"]["conditions"]
                .as_array()?
                .iter()
                .any(|c| c["type"] == "Ready" && c["status"] == "True");
            ready.then_some(())
        });
    }

    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("up.log")
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", 8080 + self.offset)
    }

    pub fn serve_url(&self) -> String {
        format!("http://127.0.0.1:{}", 8081 + self.offset)
    }

    pub fn otlp_url(&self) -> String {
        format!("http://127.0.0.1:{}", 4317 + self.offset)
    }

    pub fn s3_url(&self) -> String {
        format!("http://127.0.0.1:{}", 9000 + self.offset)
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// SIGKILL, as a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.process.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn token(&self) -> String {
        let text = std::fs::read_to_string(self.data().join("client.json")).unwrap_or_default();
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        value["token"].as_str().unwrap_or_default().to_owned()
    }

    /// A dais command on this platform.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(DAIS);
        command.args(words).env("DAIS_DATA_DIR", self.data()).env("DAIS_LANG", "en");
        command.stdin(Stdio::null());
        command
    }

    pub fn dais(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// A dais command that must end well; its output.
    pub fn ok(&self, words: &[&str]) -> String {
        let output = self.dais(words);
        let text = text(&output);
        assert!(
            output.status.success(),
            "dais {words:?} ended with {}:\n{text}\n{}",
            output.status,
            self.tail()
        );
        text
    }

    pub fn get(&self, path: &str) -> Result<Value, String> {
        self.get_as(&self.token(), path)
    }

    pub fn get_as(&self, token: &str, path: &str) -> Result<Value, String> {
        let request = self.http.get(format!("{}{path}", self.url())).bearer_auth(token);
        let response = request.send().map_err(|error| error.to_string())?;
        let status = response.status();
        let text = response.text().map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{status}: {text}"));
        }
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    pub fn post_as(&self, token: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url())).bearer_auth(token).json(body);
        let response = request.send().unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().unwrap()).unwrap_or_default())
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.post_as(&self.token(), path, body)
    }

    pub fn job(&self, name: &str) -> Value {
        self.get(&format!("/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs/{name}"))
            .unwrap_or_default()
    }

    pub fn job_phase(&self, name: &str) -> String {
        self.job(name)["status"]["phase"].as_str().unwrap_or_default().to_owned()
    }

    pub fn until_phase(&self, name: &str, phase: &str) {
        self.until(&format!("job {name} to be {phase}"), || {
            (self.job_phase(name) == phase).then_some(())
        });
    }

    /// Waits until `look` finds something.
    pub fn until<T>(&self, words: &str, look: impl Fn() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < end, "waited in vain for {words}\n{}", self.tail());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The end of the platform's own log, for a test that failed.
    pub fn tail(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("--- log of the platform\n{}", lines[lines.len().saturating_sub(25)..].join("\n"))
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.take() {
            // Its containers too: a test leaves nothing behind.
            let _ = self.dais(&["down"]);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A folder that containers' own users pass through.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("dais-e2e-").tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o711);
    std::fs::set_permissions(folder.path(), open).unwrap();
    folder
}

pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// An offset at which all ports are free right now.
fn free_offset() -> u16 {
    // Eight apart, so that tests side by side never meet; below the ports that
    // clients are given.
    let start = u16::try_from(std::process::id() % 2_900 * 8).unwrap();
    let free = |offset: u16| {
        PORTS.iter().all(|port| std::net::TcpListener::bind(("127.0.0.1", port + offset)).is_ok())
    };
    (0..200).map(|step| 1000 + (start + step * 1048) % 23_200).find(|offset| free(*offset)).unwrap()
}
