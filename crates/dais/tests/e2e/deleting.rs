//! `dais delete`: what it says, and when it asks.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{DAIS, Platform, text};

const KINDS: &str = "/k8s/apis/dais.io/v1alpha1";
const JOBS: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs";

/// Runs a command on a terminal of its own, and types the answer once it is asked.
const TERMINAL: &str = r"
import os, pty, sys
answer, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
said = b''
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    if b'[y/N]' in more:
        os.write(terminal, answer.encode() + b'\n')
    said += more
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

fn on_a_terminal(platform: &Platform, answer: &str, words: &[&str]) -> Output {
    let mut python = Command::new("python3");
    python.args(["-c", TERMINAL, answer, DAIS]).args(words);
    python.env("DAIS_DATA_DIR", platform.data()).env("DAIS_LANG", "en");
    python.output().unwrap()
}

fn submit(platform: &Platform, name: &str) {
    let job = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob", "metadata": {"name": name},
        "spec": {"command": ["true"], "suspend": true, "checkpoints": {}},
    });
    let (code, answer) = platform.post(JOBS, &job);
    assert_eq!(code, 201, "{answer}");
}

fn until_gone(platform: &Platform, name: &str) {
    let address = format!("{JOBS}/{name}");
    platform.until("the job's end", || platform.get(&address).is_err().then_some(()));
}

#[test]
fn delete_says_what_else_goes_and_asks_whoever_can_answer() {
    let platform = Platform::start();
    for name in ["piped", "kept", "asked", "sure"] {
        submit(&platform, name);
    }
    // Nobody is there to answer: it says what goes, and does not wait.
    let said = platform.ok(&["delete", "trainingjob", "piped"]);
    assert!(said.contains("trainingjobs/piped is being deleted"), "{said}");
    assert!(said.contains("checkpoints folder goes"), "{said}");
    assert!(said.contains("= Its run, models"), "{said}");
    assert!(!said.contains("[y/N]"), "{said}");
    until_gone(&platform, "piped");

    for answer in ["n", "", "yesterday"] {
        let refused = on_a_terminal(&platform, answer, &["delete", "trainingjob", "kept"]);
        let said = text(&refused);
        assert!(said.contains("checkpoints folder goes"), "{said}");
        assert!(said.contains("Delete trainingjobs/kept? [y/N]"), "{said}");
        assert!(said.contains("nothing was deleted") && !refused.status.success(), "{said}");
    }
    let kept = platform.get(&format!("{JOBS}/kept")).unwrap();
    assert_eq!(kept["metadata"]["deletionTimestamp"], Value::Null, "{kept}");

    let agreed = on_a_terminal(&platform, "y", &["delete", "trainingjob", "asked"]);
    assert!(agreed.status.success(), "{}", text(&agreed));
    until_gone(&platform, "asked");

    let sure = on_a_terminal(&platform, "n", &["delete", "trainingjob", "sure", "--yes"]);
    assert!(sure.status.success() && !text(&sure).contains("[y/N]"), "{}", text(&sure));
    until_gone(&platform, "sure");

    // What is not there is not asked about.
    let missing = on_a_terminal(&platform, "y", &["delete", "trainingjob", "asked"]);
    assert!(!missing.status.success() && !text(&missing).contains("[y/N]"), "{}", text(&missing));
}

#[test]
fn delete_of_a_queue_says_that_jobs_wait() {
    let platform = Platform::start();
    let queue = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Queue", "metadata": {"name": "q"},
        "spec": {"resources": [{"name": "cpu", "nominalQuota": "1"}]},
    });
    let (code, answer) = platform.post(&format!("{KINDS}/queues"), &queue);
    assert_eq!(code, 201, "{answer}");
    let said = platform.ok(&["delete", "queue", "q"]);
    assert!(said.contains("Jobs that wait in it go on waiting"), "{said}");
}
