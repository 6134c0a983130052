//! Labelling from a dataset to a dataset: tasks, two annotators, review, a new version.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Platform;
use crate::tenants::{Person, member, person};

const TEXTS: [&str; 4] = ["so good", "too bad, \"really\"", "好极了", "meh"];
const PROJECTS: &str = "/k8s/apis/dais.io/v1alpha1/namespaces/default/labelingprojects";
const WORK: &str = "/labeling/p/default/reviews";

fn upload(platform: &Platform) {
    let folder = platform.folder().join("reviews");
    std::fs::create_dir_all(&folder).unwrap();
    let rows: Vec<String> =
        TEXTS.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
    std::fs::write(folder.join("reviews.csv"), format!("text\n{}\n", rows.join("\n"))).unwrap();
    platform.ok(&["upload", "reviews", folder.to_str().unwrap()]);
}

fn project(policy: &Value) -> Value {
    json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "LabelingProject",
        "metadata": {"name": "reviews", "namespace": "default"},
        "spec": {
            "dataset": "reviews",
            "config": {"kind": "textClassification", "labels": [{"name": "good"}, {"name": "bad", "hotkey": "b"}]},
            "policy": policy,
        },
    })
}

fn make(platform: &Platform, policy: &Value) {
    let (code, answer) = platform.post(PROJECTS, &project(policy));
    assert_eq!(code, 201, "{answer}");
    platform.until("its tasks", || {
        let work = platform.get(&format!("{PROJECTS}/reviews")).ok()?;
        (work["status"]["tasks"] == TEXTS.len()).then_some(())
    });
}

fn next(platform: &Platform, who: &Person) -> Option<Value> {
    let (code, answer) = platform.post_as(&who.token, &format!("{WORK}/next"), &json!({}));
    assert_eq!(code, 200, "{answer}");
    Some(answer["held"].clone()).filter(|held| !held.is_null())
}

fn answer(platform: &Platform, who: &Person, held: &Value, label: &str) {
    let task = &held["task"]["task"];
    let body = json!({"version": held["turn"]["version"], "answer": {"choices": [label]}});
    let (code, said) = platform.post_as(&who.token, &format!("{WORK}/tasks/{task}/submit"), &body);
    assert_eq!(code, 200, "{said}");
}

fn text(held: &Value) -> String {
    held["task"]["data"]["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_dataset_becomes_labels_and_labels_a_dataset() {
    let mut platform = Platform::start();
    upload(&platform);
    make(&platform, &json!({"overlap": 2, "review": true}));
    let ann = member(&platform, "ann", "default", "annotator");
    let bob = member(&platform, "bob", "default", "annotator");
    let rita = member(&platform, "rita", "default", "reviewer");

    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for who in [&ann, &bob] {
        while let Some(held) = next(&platform, who) {
            *seen.entry(text(&held)).or_default() += 1;
            let label = if text(&held).contains("bad") { "bad" } else { "good" };
            answer(&platform, who, &held, label);
        }
    }
    assert_eq!(seen, TEXTS.iter().map(|text| ((*text).to_owned(), 2)).collect());

    // What was acknowledged is there after a kill, and nobody gets a task again.
    platform.kill();
    platform.up();
    assert_eq!(next(&platform, &ann), None);
    let statistics = platform.get_as(&rita.token, &format!("{WORK}/statistics")).unwrap();
    assert_eq!(statistics["progress"]["toReview"], 8, "{statistics}");
    assert_eq!(statistics["agreement"]["fleissKappa"], 1.0, "{statistics}");

    loop {
        let waiting = platform.get_as(&rita.token, &format!("{WORK}/review")).unwrap();
        let Some(first) = waiting["items"].as_array().and_then(|items| items.first()).cloned()
        else {
            break;
        };
        let (task, turn) = (&first["task"]["task"], &first["turn"]);
        let is_meh = first["task"]["data"]["text"] == "meh";
        let mut decision = json!({"annotator": turn["annotator"], "version": turn["version"], "decision": "accept"});
        if is_meh {
            decision["decision"] = json!("correct");
            decision["answer"] = json!({"choices": ["bad"]});
        }
        let (code, said) =
            platform.post_as(&rita.token, &format!("{WORK}/tasks/{task}/review"), &decision);
        assert_eq!(code, 200, "{said}");
    }
    platform.until("all to be done", || {
        let work = platform.get(&format!("{PROJECTS}/reviews")).ok()?;
        (work["status"]["done"] == TEXTS.len()).then_some(())
    });
    let shown = platform.ok(&["label", "show", "reviews"]);
    assert!(shown.contains("4 of 4 tasks done") && shown.contains("ann"), "{shown}");

    let published =
        platform.ok(&["label", "publish", "reviews", "labelled", "--format", "json-lines"]);
    assert!(published.contains("labelled@v1"), "{published}");
    let files = platform.get("/data/p/default/datasets/labelled/versions/v1").unwrap();
    let path = files["files"][0]["path"].as_str().unwrap();
    let address =
        format!("{}/data/p/default/datasets/labelled/versions/v1/files/{path}", platform.url());
    let lines =
        platform.http.get(address).bearer_auth(platform.token()).send().unwrap().text().unwrap();
    let labels: BTreeMap<String, Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (line["data"]["text"].as_str().unwrap().to_owned(), line["answer"].clone()))
        .collect();
    assert_eq!(labels["meh"], json!({"choices": ["bad"]}), "{lines}");
    assert_eq!(labels["好极了"], json!({"choices": ["good"]}), "{lines}");
}

#[test]
fn everybody_does_what_they_may_and_nothing_outlives_its_project() {
    let platform = Platform::start();
    upload(&platform);
    make(&platform, &json!({}));
    let ann = member(&platform, "ann", "default", "annotator");
    let bob = person(&platform, "bob", "far");
    assert_eq!(platform.post_as(&bob.token, &format!("{WORK}/next"), &json!({})).0, 403);
    assert!(platform.get_as(&ann.token, &format!("{WORK}/statistics")).is_err());
    let publish = json!({"dataset": "reviews", "format": "csv"});
    assert_eq!(platform.post_as(&ann.token, &format!("{WORK}/publish"), &publish).0, 403);
    let held = next(&platform, &ann).unwrap();
    answer(&platform, &ann, &held, "good");
    let held = next(&platform, &ann).unwrap();
    let task = &held["task"]["task"];
    let version = &held["turn"]["version"];
    for (body, field) in [
        (json!({"version": 9, "answer": {"choices": ["good"]}}), "version"),
        (json!({"version": version, "answer": {"choices": ["ugly"]}}), "answer"),
        (json!({"version": version, "answer": {}}), ""),
    ] {
        let (code, said) =
            platform.post_as(&ann.token, &format!("{WORK}/tasks/{task}/submit"), &body);
        assert!((400..500).contains(&code), "{said}");
        assert!(said["field"].as_str().unwrap_or_default().contains(field), "{said}");
    }

    // The same name later is another project.
    platform.ok(&["delete", "labelingproject", "reviews"]);
    platform
        .until("it to go", || platform.get(&format!("{PROJECTS}/reviews")).is_err().then_some(()));
    make(&platform, &json!({}));
    let progress = platform.get(&format!("{WORK}/progress")).unwrap();
    assert_eq!((&progress["todo"], &progress["done"]), (&json!(4), &json!(0)), "{progress}");

    for (spec, words) in [
        (json!({"config": {"kind": "textSpans"}}), "spec.config.kind"),
        (json!({"dataset": "other"}), "spec.dataset"),
        (json!({"policy": {"overlap": 0}}), "spec.policy.overlap"),
    ] {
        let patch = platform.http.patch(format!("{}{PROJECTS}/reviews", platform.url()));
        let patch = patch
            .bearer_auth(platform.token())
            .header("content-type", "application/merge-patch+json");
        let said = patch.body(json!({"spec": spec}).to_string()).send().unwrap();
        assert_eq!(said.status(), 422);
        let said = said.text().unwrap();
        assert!(said.contains(words), "{said}");
    }
}

/// A dot, as PNG.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\
    \0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

#[test]
fn an_annotator_sees_the_images_of_its_own_tasks_and_no_dataset() {
    let platform = Platform::start();
    let folder = platform.folder().join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["one.png", "two %2F#.png", "not-a-task.txt"] {
        std::fs::write(folder.join(name), PICTURE).unwrap();
    }
    platform.ok(&["upload", "pictures", folder.to_str().unwrap()]);
    let mut work = project(&json!({}));
    work["metadata"]["name"] = json!("pictures");
    work["spec"]["dataset"] = json!("pictures");
    work["spec"]["config"] = json!({"kind": "imageClassification", "labels": [{"name": "dot"}]});
    assert_eq!(platform.post(PROJECTS, &work).0, 201);
    platform.until("its tasks", || {
        let work = platform.get(&format!("{PROJECTS}/pictures")).ok()?;
        (work["status"]["tasks"] == 2).then_some(())
    });
    let ann = member(&platform, "ann", "default", "annotator");
    let bob = member(&platform, "bob", "default", "annotator");
    let rita = member(&platform, "rita", "default", "reviewer");
    let get = |who: &Person, path: &str| {
        let asked = platform.http.get(format!("{}{path}", platform.url()));
        asked.bearer_auth(&who.token).send().unwrap()
    };
    let own = |who: &Person| {
        let at = "/labeling/p/default/pictures/next";
        let (code, answer) = platform.post_as(&who.token, at, &json!({}));
        assert_eq!(code, 200, "{answer}");
        answer["held"]["task"]["task"].to_string()
    };
    let file = |task: &str| format!("/labeling/p/default/pictures/tasks/{task}/file");

    let (of_ann, of_bob) = (own(&ann), own(&bob));
    for (who, task) in [(&ann, &of_ann), (&bob, &of_bob), (&rita, &of_ann)] {
        let got = get(who, &file(task));
        assert_eq!(got.status(), 200);
        for (header, value) in [
            ("content-type", "image/png"),
            ("content-disposition", "attachment"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(got.headers()[header], value);
        }
        let tag = got.headers()["etag"].clone();
        assert_eq!(got.bytes().unwrap(), PICTURE);
        let again = platform.http.get(format!("{}{}", platform.url(), file(task)));
        let again = again.bearer_auth(&who.token).header("if-none-match", tag).send().unwrap();
        assert_eq!(again.status(), 304);
    }
    for (path, code) in [
        (file(&of_bob), 404),
        (file("9"), 404),
        (file("x"), 404),
        (file(&format!("{of_ann}/not-a-task.txt")), 404),
        (format!("{}/not-a-task.txt", file(&of_ann)), 404),
        ("/data/p/default/datasets/pictures/versions/v1".to_owned(), 403),
        ("/data/p/default/datasets/pictures/versions/v1/files/one.png".to_owned(), 403),
        ("/k8s/apis/dais.io/v1alpha1/namespaces/default/datasets".to_owned(), 403),
    ] {
        let said = get(&ann, &path);
        assert_eq!(said.status(), code, "{path}");
        assert!(!said.bytes().unwrap().starts_with(b"\x89PNG"), "{path}");
    }
    let far = person(&platform, "eve", "far");
    assert_eq!(get(&far, &file(&of_ann)).status(), 403);
    // Of texts there is no file.
    upload(&platform);
    make(&platform, &json!({}));
    let held = next(&platform, &ann).unwrap();
    assert_eq!(get(&ann, &format!("{WORK}/tasks/{}/file", held["task"]["task"])).status(), 404);
}

#[test]
fn labels_go_through_label_studio_and_back() {
    let platform = Platform::start();
    upload(&platform);
    make(&platform, &json!({}));
    let ann = member(&platform, "ann", "default", "annotator");
    while let Some(held) = next(&platform, &ann) {
        answer(&platform, &ann, &held, "good");
    }
    let file = platform.folder().join("tasks.json");
    platform.ok(&[
        "label",
        "export",
        "reviews",
        "--format",
        "label-studio",
        "--to",
        file.to_str().unwrap(),
    ]);
    let tasks: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let result = &tasks[0]["annotations"][0]["result"][0];
    assert_eq!(result["type"], "choices", "{tasks}");
    assert_eq!(result["value"], json!({"choices": ["good"]}), "{tasks}");
    // What comes back is known.
    let back = platform.ok(&[
        "label",
        "import",
        "reviews",
        file.to_str().unwrap(),
        "--format",
        "label-studio",
    ]);
    assert!(back.contains("0 new tasks, 4 known"), "{back}");
}
