//! What containers used is booked: to the last one, once, and for whom.

use serde_json::{Value, json};

use crate::crash::{kill, processes};
use crate::support::Platform;
use crate::tenants::person;

/// Busy for some tenths of a second.
const BURN: &str = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done";

fn entries(platform: &Platform, words: &str) -> Vec<Value> {
    let path = format!("/api/ledger/entries?since=1h{words}");
    platform.get(&path).unwrap()["items"].as_array().unwrap().clone()
}

fn ended(platform: &Platform, object: &str) -> Value {
    platform.until(&format!("the entry of {object} to be closed"), || {
        let all = entries(platform, &format!("&object={object}"));
        all.into_iter().find(|entry| !entry["ended"].is_null())
    })
}

#[test]
fn a_job_shorter_than_a_scrape_is_booked_with_what_it_used() {
    let platform = Platform::start();
    // The shell's own count of its time is what the entry must agree with.
    let said = platform.ok(&[
        "run",
        "--name",
        "burn",
        "--no-code",
        "--",
        "sh",
        "-c",
        "i=0; while [ $i -lt 600000 ]; do i=$((i+1)); done; times",
    ]);
    let line = said.lines().find(|line| line.starts_with("0m")).unwrap_or_else(|| panic!("{said}"));
    let seconds: f64 = line
        .split_whitespace()
        .map(|word| word.trim_start_matches("0m").trim_end_matches('s').parse::<f64>().unwrap())
        .sum();
    assert!(seconds > 0.05, "{said}");
    let entry = ended(&platform, "burn");
    let booked = entry["cpuHours"].as_f64().unwrap() * 3600.0;
    // Starting the program costs some, too.
    assert!(booked >= seconds * 0.9 && booked < seconds + 0.5, "{booked} for {seconds}: {entry:#}");
    assert_eq!(entry["user"], "admin", "{entry:#}");
    assert_eq!((&entry["app"], &entry["kind"]), (&"burn".into(), &"TrainingJob".into()));
    assert_eq!((&entry["exitCode"], &entry["complete"]), (&0.into(), &true.into()));
    assert!(entry["memoryGiBHours"].as_f64().unwrap() > 0.0, "{entry:#}");
    assert!(entry["memoryPeak"].as_i64().unwrap() > 0, "{entry:#}");
    let shown = platform.ok(&["usage", "--since", "1h", "-o", "csv"]);
    assert!(
        shown.starts_with("user,project,jobs,runs,cpu_hours,") && shown.contains("\nadmin,,1,1,0."),
        "{shown}"
    );
}

#[test]
fn what_ends_while_the_platform_is_dead_is_booked_once() {
    let mut platform = Platform::start();
    // A length of its own, by which the test finds the program again.
    let program = format!("sleep 1000.{}", std::process::id());
    let wait = format!("{BURN}; exec {program}");
    platform.ok(&["run", "--name", "orphan", "--no-code", "--detach", "--", "sh", "-c", &wait]);
    platform.until_phase("orphan", "Running");
    platform.ok(&["run", "--name", "done", "--no-code", "--", "true"]);
    ended(&platform, "done");
    let is_ours = |line: &str| line.trim() == program;
    let pid = platform.until("the program", || processes(is_ours).first().copied());
    platform.kill();
    kill(pid);
    let state = platform.data().join("node/pods");
    platform.until("the shim to write the end down", || {
        let all = walk(&state);
        let over = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path).is_ok_and(|text| text.contains("\"exit\":{"))
        };
        (all.len() == 2 && all.iter().all(over)).then_some(())
    });
    platform.up();
    let first = ended(&platform, "orphan");
    assert_eq!(first["exitCode"], 137, "{first:#}");
    assert!(first["cpuHours"].as_f64().unwrap() > 0.0, "{first:#}");
    // Once more, with everything still on disk: the same entries.
    platform.kill();
    platform.up();
    platform.ok(&["run", "--name", "last", "--no-code", "--", "true"]);
    ended(&platform, "last");
    assert_eq!(ended(&platform, "orphan"), first);
    let total = platform.get("/api/ledger/use?since=1h").unwrap()["total"].clone();
    assert_eq!((&total["jobs"], &total["runs"]), (&3.into(), &3.into()), "{total}");
}

/// All states of containers below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => walk(&path),
            path if path.ends_with("state.json") => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn what_runs_is_booked_so_far_and_a_deleted_pod_stays_booked() {
    let platform = Platform::start();
    platform.ok(&[
        "run",
        "--name",
        "long",
        "--no-code",
        "--detach",
        "--",
        "sh",
        "-c",
        "while :; do :; done",
    ]);
    platform.until_phase("long", "Running");
    let path = "/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs/long";
    let delete = platform.http.delete(format!("{}{path}", platform.url()));
    assert!(delete.bearer_auth(platform.token()).send().unwrap().status().is_success());
    let entry = ended(&platform, "long");
    assert!(entry["cpuHours"].as_f64().unwrap() > 0.0, "{entry:#}");
}

#[test]
fn two_people_see_nothing_of_each_others_use_and_prices_are_an_administrators() {
    let platform = Platform::start();
    let (ann, bob) = (person(&platform, "ann", "risk"), person(&platform, "bob", "vision"));
    ann.run(&platform, "ann-job", "true");
    bob.run(&platform, "bob-job", "true");
    ended(&platform, "ann-job");
    ended(&platform, "bob-job");
    for path in ["use", "series", "entries"] {
        for by in ["", "&by=project", "&by=application", "&by=workspace"] {
            if path == "entries" && !by.is_empty() {
                continue;
            }
            let seen = |token: &str| {
                platform
                    .get_as(token, &format!("/api/ledger/{path}?since=1h{by}"))
                    .unwrap()
                    .to_string()
            };
            let (anns, bobs) = (seen(&ann.token), seen(&bob.token));
            assert!(!anns.contains("vision") && !anns.contains("bob"), "{anns}");
            assert!(!bobs.contains("risk") && !bobs.contains("ann"), "{bobs}");
        }
    }
    let own = platform.get_as(&bob.token, "/api/ledger/use?since=1h").unwrap();
    assert_eq!((&own["items"][0]["name"], &own["total"]["jobs"]), (&"bob".into(), &1.into()));
    let others = platform.get_as(&bob.token, "/api/ledger/entries?user=ann&project=risk").unwrap();
    assert!(others["items"].as_array().unwrap().is_empty(), "{others}");
    for path in ["use.csv", "entries.csv"] {
        let address = format!("{}/api/ledger/{path}?since=1h", platform.url());
        let answer = platform.http.get(&address).bearer_auth(&bob.token).send().unwrap();
        let text = answer.text().unwrap();
        assert!(text.contains("bob") && !text.contains("ann") && !text.contains("risk"), "{text}");
        assert_eq!(platform.http.get(&address).send().unwrap().status(), 401);
    }
    strangers(&platform);
    prices(&platform, &bob.token);
}

/// Every address of the ledger: who is not signed in learns nothing.
const ADDRESSES: [&str; 6] = [
    "/api/ledger/entries",
    "/api/ledger/entries.csv",
    "/api/ledger/prices",
    "/api/ledger/series",
    "/api/ledger/use",
    "/api/ledger/use.csv",
];

fn strangers(platform: &Platform) {
    let document = platform.get("/api/openapi.json").unwrap();
    let described = document["paths"].as_object().unwrap().keys();
    let mut described: Vec<&str> =
        described.map(String::as_str).filter(|path| path.starts_with("/api/ledger/")).collect();
    described.sort_unstable();
    assert_eq!(described, ADDRESSES);
    for path in ADDRESSES {
        let address = format!("{}{path}", platform.url());
        assert_eq!(platform.http.get(&address).send().unwrap().status(), 401, "{path}");
    }
    let address = format!("{}/api/ledger/prices", platform.url());
    for request in [platform.http.put(&address).json(&json!({})), platform.http.delete(&address)] {
        assert_eq!(request.send().unwrap().status(), 401);
    }
}

fn prices(platform: &Platform, bob: &str) {
    let address = format!("{}/api/ledger/prices", platform.url());
    let put = |token: &str, list: &Value| {
        let answer = platform.http.put(&address).bearer_auth(token).json(list).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let list = json!({"currency": "CNY", "prices": [{"cpuHour": 3600.0}]});
    let (code, answer) = put(bob, &list);
    assert_eq!(code, 403, "{answer}");
    let (code, answer) =
        put(&platform.token(), &json!({"currency": "CNY", "prices": [{"cpuHour": -1}]}));
    assert_eq!(code, 400, "{answer}");
    assert!(answer.contains("prices[0].cpuHour"), "{answer}");
    let (code, answer) = put(&platform.token(), &list);
    assert_eq!(code, 200, "{answer}");
    platform.until("a cost", || {
        let answer = platform.get_as(bob, "/api/ledger/use?since=1h").ok()?;
        (answer["total"]["cost"].as_f64()? > 0.0 && answer["currency"] == "CNY").then_some(())
    });
    // Written by hand, and wrong: it says where, and nothing has a price.
    let map = json!({"data": {"prices.yaml": "currency: CNY\nprices:\n- cpuHour: much\n"}});
    let path = format!("{}/k8s/api/v1/namespaces/dais-system/configmaps/prices", platform.url());
    let patch = platform.http.patch(&path).bearer_auth(platform.token());
    let patch = patch.header("content-type", "application/merge-patch+json").body(map.to_string());
    assert!(patch.send().unwrap().status().is_success());
    let fault = platform.until("the fault", || {
        let answer = platform.get_as(bob, "/api/ledger/prices").ok()?;
        answer["fault"]["field"].as_str().map(str::to_owned)
    });
    assert_eq!(fault, "prices[0].cpuHour");
    let answer = platform.get_as(bob, "/api/ledger/use?since=1h").unwrap();
    assert!(answer["total"]["cost"].is_null(), "{answer}");
}
