//! A protected alias takes two people, whatever they work with, and a killed platform
//! neither forgets a decision nor half of it.

use std::process::{Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{Platform, text};
use crate::tenants::{Person, member, person};

const APPROVALS: &str = "/mlflow/p/risk/api/2.0/dais/model-approvals";

/// `production` is protected in the project `risk`, where the model `digits` has three versions.
fn protect(platform: &Platform, ann: &Person, bob: &Person) {
    let namespace = format!("{}/k8s/api/v1/namespaces/risk", platform.url());
    let patch = json!({"metadata": {"annotations": {"dais.io/protected-aliases": "production"}}});
    let code = |token: &str| {
        let request = platform.http.patch(&namespace).bearer_auth(token);
        let request = request.header("content-type", "application/merge-patch+json");
        request.body(patch.to_string()).send().unwrap().status().as_u16()
    };
    // Who could lift the protection could move the alias alone.
    assert_eq!((code(&ann.token), code(&bob.token)), (403, 403));
    assert_eq!(code(&platform.token()), 200);
    let api = "/mlflow/p/risk/api/2.0/mlflow";
    let post = |path: &str, body: &Value| {
        let (code, answer) = platform.post_as(&ann.token, &format!("{api}/{path}"), body);
        assert_eq!(code, 200, "{path}: {answer}");
    };
    post("registered-models/create", &json!({"name": "digits"}));
    for _ in 0..3 {
        let version = json!({"name": "digits", "source": files(platform)});
        post("model-versions/create", &version);
    }
}

/// Where the files of all versions are.
fn files(platform: &Platform) -> String {
    let store = "mlflow/p/risk/api/2.0/mlflow-artifacts/artifacts";
    format!("{}/{store}/0/r/artifacts/model", platform.url())
}

/// Whether a command of theirs ended well, and what it said.
fn dais(platform: &Platform, who: &Person, words: &[&str]) -> (bool, String) {
    let mut command = platform.command(words);
    command.args(["-p", who.project]).env("DAIS_URL", platform.url());
    let output = command.env("DAIS_TOKEN", &who.token).output().unwrap();
    (output.status.success(), text(&output))
}

fn says(platform: &Platform, who: &Person, words: &[&str], (ends_well, wanted): (bool, &str)) {
    let (well, said) = dais(platform, who, words);
    assert!(well == ends_well && said.contains(wanted), "{words:?}: {said}\n{}", platform.tail());
}

fn production(platform: &Platform, who: &Person) -> Option<String> {
    let path = "/mlflow/p/risk/api/2.0/mlflow/registered-models/alias?name=digits&alias=production";
    let found = platform.get_as(&who.token, path).ok()?;
    found["model_version"]["version"].as_str().map(str::to_owned)
}

#[test]
fn a_protected_alias_takes_two_people() {
    let mut platform = Platform::start();
    let (ann, eve) = (person(&platform, "ann", "risk"), person(&platform, "eve", "vision"));
    let bob = member(&platform, "bob", "risk", "admin");
    let dan = member(&platform, "dan", "risk", "view");
    protect(&platform, &ann, &bob);

    // Where an alias is not protected, it moves.
    says(&platform, &ann, &["promote", "models:/digits/2", "candidate"], (true, "version 2"));
    says(
        &platform,
        &ann,
        &["promote", "models:/digits", "candidate", "--remove"],
        (true, "removed"),
    );
    // Where it is, one asks.
    let promote = ["promote", "models:/digits/1", "production", "--reason", "recall 0.91"];
    says(&platform, &ann, &promote[..3], (false, "--reason"));
    says(&platform, &dan, &promote, (false, "no permission to write"));
    says(&platform, &ann, &promote, (true, "requested as 1"));
    says(&platform, &ann, &promote, (false, "request 1 of ann"));
    says(&platform, &bob, &["approvals"], (true, "recall 0.91"));
    assert_eq!(production(&platform, &ann), None);
    // Whoever asks, reads or lives elsewhere does not decide.
    for who in [&ann, &dan] {
        says(&platform, who, &["approve", "1", "--reason", "x"], (false, "may not decide"));
    }
    let foreign = platform.get_as(&eve.token, APPROVALS).unwrap_err();
    assert!(foreign.starts_with("403"), "{foreign}");
    says(&platform, &eve, &["approvals", "--all"], (true, "nothing to decide"));
    says(&platform, &bob, &["approve", "1", "--reason", "checked"], (true, "points to version 1"));
    assert_eq!(production(&platform, &ann).as_deref(), Some("1"));
    // Four eyes, for whoever may approve too.
    let own = ["promote", "models:/digits/2", "production", "--reason", "x"];
    says(&platform, &bob, &own, (true, "requested as 2"));
    says(&platform, &bob, &["approve", "2", "--reason", "x"], (false, "your own"));
    says(&platform, &ann, &["withdraw", "2"], (false, "bob's"));
    says(&platform, &bob, &["withdraw", "2"], (true, "withdrawn"));
    one_alone(&platform, &ann, &bob);
    with_mlflow(&platform, &ann);
    half_way(&mut platform, &ann, &bob);
    on_record(&platform, &ann);
}

/// The project's account, which whoever works there can use, is no second person; and what
/// was approved is what serves.
fn one_alone(platform: &Platform, ann: &Person, bob: &Person) {
    let secret =
        platform.get_as(&bob.token, "/k8s/api/v1/namespaces/risk/secrets/dais-workload").unwrap();
    let token = secret["data"]["token"].as_str().unwrap();
    let token = String::from_utf8(base64::prelude::BASE64_STANDARD.decode(token).unwrap()).unwrap();
    let asked = json!({"name": "digits", "alias": "production", "version": "2", "reason": "r"});
    let (code, answer) = platform.post_as(&token, APPROVALS, &asked);
    assert_eq!(code, 403, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("is no person"), "{answer}");
    for (who, file, wanted) in [(ann, "model/model.onnx", 403), (ann, "other/model.onnx", 200)] {
        let address = files(platform).replace("/model", "/") + file;
        let request = platform.http.put(address).bearer_auth(&who.token).body("weights");
        assert_eq!(request.send().unwrap().status().as_u16(), wanted, "{file}");
    }
}

/// The unmodified client meets the same refusals.
fn with_mlflow(platform: &Platform, ann: &Person) {
    let Ok(python) = std::env::var("DAIS_TEST_PYTHON") else {
        eprintln!("skipped a part: DAIS_TEST_PYTHON is not set");
        return;
    };
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/promote.py"))
        .env("MLFLOW_TRACKING_URI", format!("{}/mlflow/p/risk", platform.url()))
        .env("MLFLOW_TRACKING_TOKEN", &ann.token)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = text(&output);
    assert!(said.contains("all steps passed"), "{said}\n{}", platform.tail());
}

/// What was answered is there after a kill, decision and alias both.
fn half_way(platform: &mut Platform, ann: &Person, bob: &Person) {
    for version in ["2", "3", "1"] {
        let asked =
            json!({"name": "digits", "alias": "production", "version": version, "reason": "r"});
        let (code, made) = platform.post_as(&ann.token, APPROVALS, &asked);
        assert_eq!(code, 200, "{made}");
        let path = format!("{APPROVALS}/{}", made["model_approval"]["id"]);
        let reason = json!({"reason": "seen"});
        let (code, answer) = platform.post_as(&bob.token, &format!("{path}/approve"), &reason);
        platform.kill();
        assert_eq!(code, 200, "{answer}");
        platform.up();
        assert_eq!(production(platform, ann).as_deref(), Some(version));
        let kept = platform.get_as(&ann.token, &path).unwrap();
        let kept = &kept["model_approval"];
        assert_eq!((&kept["state"], &kept["decided_by"]), (&json!("approved"), &json!("bob")));
    }
}

/// Refused, asked and decided: each with the model and the alias that it was about.
fn on_record(platform: &Platform, ann: &Person) {
    let found =
        platform.get_as(&ann.token, "/api/audit?project=risk&text=model-approvals").unwrap();
    let records = found["items"].as_array().unwrap();
    let of = |user: &str, end: &str| {
        let one = |record: &&Value| {
            record["user"] == user && record["resource"].as_str().unwrap().ends_with(end)
        };
        records.iter().filter(one).collect::<Vec<_>>()
    };
    let refused = of("ann", "/1/approve");
    assert_eq!((refused.len(), &refused[0]["code"]), (1, &json!(403)), "{refused:?}");
    let approved = of("bob", "/1/approve");
    let changes = approved[0]["changes"].as_array().unwrap();
    assert_eq!((&approved[0]["name"], &approved[0]["code"]), (&json!("digits"), &json!(200)));
    for (path, new) in
        [("alias", "production"), ("version", "1"), ("reason", "checked"), ("requested_by", "ann")]
    {
        let change = changes.iter().find(|change| change["path"] == path);
        assert_eq!(change.map(|change| &change["new"]), Some(&json!(new)), "{changes:?}");
    }
    let asked = of("ann", "/model-approvals");
    assert!(
        asked.iter().any(|record| record["name"] == "digits" && record["code"] == 200),
        "{asked:?}"
    );
}
