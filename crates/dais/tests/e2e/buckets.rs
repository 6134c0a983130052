//! Buckets, as boto3 finds them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Platform, text};
use crate::tenants::{Person, member, person};

const KEYS: &str = "/buckets/p/risk/keys";

/// An access key of somebody: "id secret", and the id alone.
fn key(platform: &Platform, who: &Person, name: &str) -> (String, String) {
    let path = format!("/buckets/p/{}/keys", who.project);
    let (code, made) = platform.post_as(&who.token, &path, &json!({"name": name, "days": 1}));
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["endpoint"], platform.s3_url());
    let id = made["key"]["id"].as_str().unwrap().to_owned();
    (format!("{id} {}", made["secret"].as_str().unwrap()), id)
}

#[test]
fn an_unmodified_client_works_with_buckets() {
    let Ok(python) = std::env::var("DAIS_TEST_PYTHON") else {
        eprintln!("skipped: DAIS_TEST_PYTHON is not set");
        return;
    };
    let mut platform = Platform::start();
    let (ann, bob) = (person(&platform, "ann", "risk"), person(&platform, "bob", "vision"));
    let rita = member(&platform, "rita", "risk", "view");
    digits(&platform, &ann);
    let (editor, id) = key(&platform, &ann, "laptop");
    let output = Command::new(&python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/buckets.py"))
        .env("S3_URL", platform.s3_url())
        .env("EDITOR", &editor)
        .env("READER", key(&platform, &rita, "laptop").0)
        .env("STRANGER", key(&platform, &bob, "laptop").0)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = text(&output);
    assert!(said.contains("all steps passed"), "{said}\n{}", platform.tail());

    imported(&platform, &ann);
    inside_a_job(&platform, &ann, &python);
    keys(&platform, (&ann, &id), &rita, &bob);
    platform.kill();
    platform.up();
    let still = shell(&platform, &python, &editor, "print(read('raw/presigned.txt'))");
    assert!(still.contains("by address"), "{still}");
    ends(&platform, (&ann, &id), (&python, &editor));
}

fn digits(platform: &Platform, ann: &Person) {
    let folder = platform.folder().join("digits");
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    std::fs::write(folder.join("train.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(folder.join("sub/测试.csv"), "a,b\n3,4\n").unwrap();
    as_person(platform, ann, &["upload", "digits", folder.to_str().unwrap()]);
}

fn as_person(platform: &Platform, who: &Person, words: &[&str]) -> String {
    let (done, said) = who.command(platform, words);
    assert!(done, "{said}\n{}", platform.tail());
    said
}

/// Objects become a version whose files are the objects' own.
fn imported(platform: &Platform, ann: &Person) {
    let said = as_person(platform, ann, &["upload", "imported", "s3://things/raw"]);
    assert!(said.contains("v1") && said.contains('4'), "{said}");
    let path = "/data/p/risk/datasets/imported/versions/v1";
    let version = platform.get_as(&ann.token, path).unwrap();
    let files = version["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(names, ["big.bin", "by-hand", "presigned.txt", "train.csv"]);
    for file in files {
        let digest = file["digest"].as_str().unwrap().trim_start_matches("sha256:");
        let blob = |part: &str| {
            let folder = platform.data().join("files").join(part).join("risk/blobs");
            std::fs::metadata(folder.join(&digest[..2]).join(digest)).unwrap().ino()
        };
        // What the dataset `digits` had already stays the file that it was.
        if file["path"] != "train.csv" {
            assert_eq!(blob("data"), blob("buckets"), "{file}");
        }
    }
    let again = as_person(platform, ann, &["upload", "imported", "s3://things/raw"]);
    assert!(again.contains("v1") && !again.contains("v2"), "{again}");
    let none = json!({"dataset": "imported", "bucket": "things", "prefix": "none"});
    let (code, answer) = platform.post_as(&ann.token, "/buckets/p/risk/import", &none);
    assert_eq!(code, 404, "{answer}");
}

/// A job reads and writes with nothing configured. It brings boto3 with its code: the
/// tests' own environment may lie where a project's user does not come.
fn inside_a_job(platform: &Platform, ann: &Person, python: &str) {
    let code = platform.folder().join("code");
    let find = "import boto3, os; print(os.path.dirname(os.path.dirname(boto3.__file__)))";
    let found = Command::new(python).args(["-c", find]).output().unwrap();
    let packages = PathBuf::from(text(&found).trim());
    let needed = ["boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six.py"];
    // Newer ones of these need less.
    for name in needed.iter().filter(|name| packages.join(name).exists()) {
        copy(&packages, &packages.join(name), &code);
    }
    let program = "import boto3\ns3 = boto3.client('s3')\n\
        print(s3.get_object(Bucket='things', Key='raw/presigned.txt')['Body'].read())\n\
        s3.put_object(Bucket='things', Key='from-a-job', Body=b'done')\n\
        print([bucket['Name'] for bucket in s3.list_buckets()['Buckets']])\n";
    std::fs::write(code.join("reader.py"), program).unwrap();
    let code = code.to_str().unwrap();
    let words = ["run", "--name", "reader", "--code", code, "--", "python3", "reader.py"];
    let said = as_person(platform, ann, &words);
    assert!(said.contains("b'by address'") && said.contains("['datasets', 'things']"), "{said}");
}

/// What boto3 needs for S3 alone; of other services it has thousands of files.
fn copy(packages: &Path, from: &Path, to: &Path) {
    let data = packages.join("botocore/data");
    let wanted = |entry: &walkdir::DirEntry| {
        let other = entry.file_type().is_dir() && entry.path().parent() == Some(&data);
        !other || entry.file_name() == "s3"
    };
    for entry in walkdir::WalkDir::new(from).into_iter().filter_entry(wanted) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(packages).unwrap());
        if entry.file_type().is_file() {
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn keys(platform: &Platform, (ann, id): (&Person, &str), rita: &Person, bob: &Person) {
    let listed = |who: &Person| platform.get_as(&who.token, KEYS);
    let mine: Value = listed(ann).unwrap();
    assert_eq!(mine["keys"].as_array().unwrap().len(), 1, "{mine}");
    assert_eq!(mine["keys"][0]["id"], id);
    assert!(mine["keys"][0]["usedAt"].is_i64(), "{mine}");
    assert!(!mine.to_string().contains("secret"), "{mine}");
    assert_ne!(listed(rita).unwrap()["keys"][0]["id"], id);
    assert!(listed(bob).unwrap_err().starts_with("403"));
    // Those of everybody, and of the project's work.
    let all = platform.get(KEYS).unwrap();
    assert!(all["keys"].as_array().unwrap().len() >= 3, "{all}");
    let taken = platform.post_as(&ann.token, KEYS, &json!({"name": "laptop"}));
    assert_eq!(taken.0, 409, "{}", taken.1);
    for (bad, field) in [(json!({"name": ""}), "name"), (json!({"name": "a", "days": 0}), "days")] {
        let (code, answer) = platform.post_as(&ann.token, KEYS, &bad);
        assert_eq!((code, answer["error"]["field"].as_str()), (400, Some(field)), "{answer}");
    }
    let nowhere = platform.post("/buckets/p/nowhere/keys", &json!({"name": "a"}));
    assert_eq!(nowhere.0, 404, "{}", nowhere.1);
    assert_eq!(delete(platform, &rita.token, &format!("{KEYS}/{id}")), 404);
    let audit = platform.get("/api/audit?project=risk&limit=500").unwrap().to_string();
    assert!(audit.contains(KEYS) && audit.contains("laptop"), "{audit}");
}

fn delete(platform: &Platform, token: &str, path: &str) -> u16 {
    let request = platform.http.delete(format!("{}{path}", platform.url())).bearer_auth(token);
    request.send().unwrap().status().as_u16()
}

/// Runs lines of Python that may `read` an object.
fn shell(platform: &Platform, python: &str, key: &str, lines: &str) -> String {
    let (id, secret) = key.split_once(' ').unwrap();
    let begin = "import boto3\nfrom botocore.config import Config\n\
        s3 = boto3.client('s3', config=Config(retries={'max_attempts': 1}))\n\
        read = lambda key: s3.get_object(Bucket='things', Key=key)['Body'].read()\n";
    let output = Command::new(python)
        .args(["-c", &format!("{begin}{lines}")])
        .env("AWS_ENDPOINT_URL", platform.s3_url())
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    text(&output)
}

/// A key ends when it is revoked, and everything with its project.
fn ends(platform: &Platform, (ann, id): (&Person, &str), (python, editor): (&str, &str)) {
    as_person(platform, ann, &["s3", "key", "revoke", id]);
    let refused = shell(platform, python, editor, "read('raw/presigned.txt')");
    assert!(refused.contains("InvalidAccessKeyId"), "{refused}");
    let other = as_person(platform, ann, &["s3", "key", "create", "second"]);
    let value = |name: &str| {
        let line = other.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
        line.unwrap_or_else(|| panic!("{other}")).to_owned()
    };
    let second = format!("{} {}", value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"));
    assert!(shell(platform, python, &second, "print(read('from-a-job'))").contains("done"));
    assert_eq!(delete(platform, &platform.token(), "/k8s/api/v1/namespaces/risk"), 200);
    let files = platform.data().join("files/buckets");
    platform.until("the project's objects to go", || (!files.join("risk").exists()).then_some(()));
    let refused = shell(platform, python, &second, "read('from-a-job')");
    assert!(refused.contains("InvalidAccessKeyId"), "{refused}");
}
