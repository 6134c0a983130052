//! Datasets: who may read one, how much a project may hold, and uploads that a crash or a
//! broken connection interrupts.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Platform, text};
use crate::tenants::{Person, person};

const ALL: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/datasets";

fn upload(platform: &Platform) {
    let folder = platform.folder().join("digits");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.csv"), "text\nshared content\n").unwrap();
    platform.ok(&["upload", "digits", folder.to_str().unwrap()]);
}

fn phase(platform: &Platform, project: &str, job: &str) -> Option<(String, String)> {
    let path = format!("/k8s/apis/dais.io/v1alpha1/namespaces/{project}/trainingjobs/{job}");
    let status = platform.get(&path).ok()?["status"].clone();
    let reason = status["conditions"][0]["reason"].as_str().unwrap_or_default();
    Some((status["phase"].as_str()?.to_owned(), reason.to_owned()))
}

fn request(
    platform: &Platform,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, String) {
    let method = method.parse::<reqwest::Method>().unwrap();
    let request = platform.http.request(method, format!("{}{path}", platform.url()));
    let request = request.bearer_auth(token).header("content-type", "application/json");
    let response = request.body(body.to_owned()).send().unwrap();
    (response.status().as_u16(), response.text().unwrap())
}

#[test]
fn what_is_shared_is_read_elsewhere_and_by_nobody_else() {
    let platform = Platform::start();
    upload(&platform);
    let (bob, eve) = (person(&platform, "bob", "far"), person(&platform, "eve", "third"));
    let versions = "/data/p/far/datasets/default%2Fdigits/versions";
    let file = format!("{versions}/v1/files/a.csv");
    let shared = |who: &Person| {
        let path = format!("/api/datasets/{}/shared", who.project);
        platform.get_as(&who.token, &path).unwrap()["datasets"].clone()
    };
    let job = |name: &'static str| {
        let program = "cat /data/default/digits/a.csv; ! touch /data/default/digits/x";
        let output = platform
            .command(&["run", "--name", name, "--detach", "--no-code", "--data", "default/digits"])
            .args(["-p", bob.project, "--", "sh", "-c", program])
            .env("DAIS_URL", platform.url())
            .env("DAIS_TOKEN", &bob.token)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };

    // Nothing of it is told before, in the same words as of one that does not exist.
    assert_eq!(shared(&bob), json!([]));
    let (code, before) = request(&platform, &bob.token, "GET", versions, "");
    assert_eq!(code, 404, "{before}");
    let absent = versions.replace("digits", "absent");
    let (_, other) = request(&platform, &bob.token, "GET", &absent, "");
    assert_eq!(before.replace("digits", "absent"), other);
    job("early");
    platform.until("the job to wait", || {
        (phase(&platform, "far", "early")?.1 == "DatasetNotFound").then_some(())
    });

    platform.ok(&["data", "share", "digits", "--with", "far"]);
    platform.until("the job to have run", || {
        (phase(&platform, "far", "early")?.0 == "Succeeded").then_some(())
    });
    let (_, log) = bob.command(&platform, &["logs", "early"]);
    assert!(log.contains("shared content"), "{log}");
    assert_eq!(shared(&bob)[0]["name"], "default/digits");
    assert_eq!(shared(&bob)[0]["versions"][0]["files"], 1);
    let (_, list) = bob.command(&platform, &["data", "ls"]);
    assert!(list.contains("default/digits"), "{list}");
    let (_, preview) = bob.command(&platform, &["data", "preview", "default/digits", "a.csv"]);
    assert!(preview.contains("shared content"), "{preview}");
    assert_eq!(request(&platform, &bob.token, "GET", &file, "").0, 200);

    // It is read and no more, and its object stays its project's.
    for (method, rest, body) in [
        ("PATCH", "/v1", r#"{"description":"mine"}"#),
        ("GET", "/../retention", ""),
        ("DELETE", "/v1", ""),
    ] {
        let path = format!("{versions}{rest}").replace("/versions/..", "");
        let (code, said) = request(&platform, &bob.token, method, &path, body);
        assert_eq!(code, 403, "{method} {path}: {said}");
    }
    assert!(platform.get_as(&bob.token, &format!("{ALL}/digits")).is_err());
    assert!(platform.get_as(&bob.token, "/data/p/default/datasets").is_err());

    // Nobody else has anything of it, whichever way they name it.
    assert_eq!(shared(&eve), json!([]));
    assert_eq!(request(&platform, &eve.token, "GET", &file, "").0, 403);
    assert_eq!(request(&platform, &eve.token, "GET", &file.replace("far", "third"), "").0, 404);
    assert!(platform.get_as(&eve.token, "/api/datasets/far/shared").is_err());
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "thief"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "host", "command": ["cat", "/d/a.csv"],
                            "volumeMounts": [{"name": "data", "mountPath": "/d"}]}],
            "volumes": [{"name": "data", "csi": {
                "driver": "data.dais.io", "readOnly": true,
                "volumeAttributes": {"dataset": "default/digits", "version": "v1"},
            }}],
        },
    });
    let pods = "/k8s/api/v1/namespaces/third/pods";
    assert_eq!(platform.post_as(&eve.token, pods, &pod).0, 201);
    platform.until("the pod to be refused", || {
        let events = platform.get("/k8s/api/v1/namespaces/third/events").ok()?;
        let refused = |event: &&Value| {
            let words = event["message"].as_str().unwrap_or_default();
            event["reason"] == "FailedMount" && words.contains("is shared with project")
        };
        events["items"].as_array()?.iter().find(refused).map(drop)
    });

    platform.ok(&["data", "share", "digits", "--not-with", "far"]);
    assert_eq!(request(&platform, &bob.token, "GET", &file, "").0, 404);
    job("late");
    platform.until("the next job to wait", || {
        (phase(&platform, "far", "late")?.1 == "DatasetNotFound").then_some(())
    });
}

#[test]
fn a_version_is_of_a_dataset_and_within_the_quota() {
    let platform = Platform::start();
    let token = platform.token();
    let put = |upload: &str, path: &str, content: &str| {
        let address = format!("/data/p/default/uploads/{upload}/files/{path}");
        request(&platform, &token, "PUT", &address, content)
    };
    let begin = || {
        let (code, answer) = platform.post("/data/p/default/uploads", &json!({}));
        assert_eq!(code, 201, "{answer}");
        answer["upload"].as_str().unwrap().to_owned()
    };
    let upload = begin();
    assert_eq!(put(&upload, "a", "1").0, 200);
    let commit = format!("/data/p/default/uploads/{upload}/commit");
    let (code, said) = platform.post(&commit, &json!({"dataset": "made"}));
    assert_eq!((code, &said["code"]), (404, &json!("no_dataset")), "{said}");
    let dataset = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Dataset", "metadata": {"name": "made"}, "spec": {},
    });
    assert_eq!(platform.post(ALL, &dataset).0, 201);
    let (code, said) = platform.post(&commit, &json!({"dataset": "made"}));
    assert_eq!(code, 201, "{said}");
    // Whatever deletes it, its versions go with it: no other of its name finds them.
    assert_eq!(request(&platform, &token, "DELETE", &format!("{ALL}/made"), "").0, 200);
    platform.until("it to go", || platform.get(&format!("{ALL}/made")).is_err().then_some(()));
    assert_eq!(platform.post(ALL, &dataset).0, 201);
    assert!(platform.get("/data/p/default/datasets/made/versions").is_err());

    let quotas = "/k8s/api/v1/namespaces/default/resourcequotas";
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "bytes"},
        "spec": {"hard": {"dais.io/datasets.storage": "1Ki", "pods": "100"}},
    });
    assert_eq!(platform.post(quotas, &quota).0, 201);
    let upload = begin();
    platform.until("the quota to hold", || {
        (platform.get("/data/p/default/usage").ok()?["limit"] == 1024).then_some(())
    });
    let (code, said) = put(&upload, "big", &"x".repeat(2000));
    assert_eq!(code, 413, "{said}");
    assert!(said.contains("may hold 1024 bytes") && said.contains("takes 2000 more"), "{said}");
    assert_eq!(put(&upload, "small", &"y".repeat(1000)).0, 200);
    let (code, said) = platform
        .post(&format!("/data/p/default/uploads/{upload}/commit"), &json!({"dataset": "made"}));
    assert_eq!(code, 201, "{said}");
    let usage = platform.get("/data/p/default/usage").unwrap();
    assert_eq!(usage, json!({"used": 1000, "limit": 1024}));
    platform.until("the quota to say what is used", || {
        let quota = platform.get(&format!("{quotas}/bytes")).ok()?;
        (quota["status"]["used"]["dais.io/datasets.storage"] == "1k").then_some(())
    });
}

#[test]
fn an_upload_goes_on_after_a_kill() {
    let mut platform = Platform::start();
    upload(&platform);
    let (code, begun) = platform.post("/data/p/default/uploads", &json!({}));
    assert_eq!(code, 201, "{begun}");
    let address = format!("/data/p/default/uploads/{}", begun["upload"].as_str().unwrap());
    let put = |platform: &Platform, path: &str| {
        let file = format!("{address}/files/{path}");
        let (code, said) =
            request(platform, &platform.token(), "PUT", &file, &format!("content of {path}"));
        assert_eq!(code, 200, "{said}");
    };
    put(&platform, "before");
    platform.kill();
    platform.up();
    let shown = platform.get(&address).unwrap();
    assert_eq!(shown["files"][0]["path"], "before");
    put(&platform, "after");
    let (code, made) = platform.post(&format!("{address}/commit"), &json!({"dataset": "digits"}));
    assert_eq!((code, &made["files"]), (201, &json!(2)), "{made}");
    let file = "/data/p/default/datasets/digits/versions/latest/files/before";
    let (code, content) = request(&platform, &platform.token(), "GET", file, "");
    assert_eq!((code, content.as_str()), (200, "content of before"));
}

/// A way to the platform that breaks the first connection after so many bytes.
fn breaking_way(to: String, after: u64) -> String {
    let way = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = way.local_addr().unwrap();
    std::thread::spawn(move || {
        let left = Arc::new(Mutex::new(Some(after)));
        for from in way.incoming() {
            let (from, to) = (from.unwrap(), TcpStream::connect(&to).unwrap());
            let (answers, asker) = (to.try_clone().unwrap(), from.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut &answers, &mut &asker));
            let left = left.clone();
            std::thread::spawn(move || {
                let mut piece = vec![0; 1 << 16];
                while let Ok(length @ 1..) = (&from).read(&mut piece) {
                    let mut left = left.lock().unwrap();
                    if left.is_some_and(|left| left < length as u64) {
                        *left = None;
                        break;
                    }
                    *left = left.map(|left| left - length as u64);
                    drop(left);
                    if (&to).write_all(&piece[..length]).is_err() {
                        break;
                    }
                }
                let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
            });
        }
    });
    format!("http://{address}")
}

#[test]
fn a_large_upload_goes_on_after_its_connection_broke() {
    let platform = Platform::start();
    let file = platform.folder().join("large.bin");
    let content = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>();
    std::fs::write(&file, &content).unwrap();
    let way = breaking_way(platform.url().trim_start_matches("http://").to_owned(), 5 << 20);
    let mut command = platform.command(&["upload", "large", file.to_str().unwrap()]);
    let output = command.env("DAIS_URL", way).env("DAIS_TOKEN", platform.token()).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let (_, rest) =
        said.split_once("going on at byte ").expect("it says that the connection broke");
    let first: u64 = rest.split(' ').next().unwrap().parse().unwrap();
    assert!(first > 0, "what had arrived was sent again: {said}");
    let path = "/data/p/default/datasets/large/versions/v1/files/large.bin";
    let request = platform.http.get(format!("{}{path}", platform.url()));
    let stored = request.bearer_auth(platform.token()).send().unwrap().bytes().unwrap();
    assert!(stored == content, "{} bytes, and not those that were sent", stored.len());
}
