//! Data from elsewhere: a web server, an S3 server with keys of its own, PostgreSQL and
//! MariaDB become versions of datasets, in a job of the project.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Platform, text};
use crate::tenants::{Person, person};

/// A server that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn imports(platform: &Platform, who: &Person, words: &[&str]) -> String {
    let (done, said) = who.command(platform, &[&["import"], words].concat());
    assert!(done, "{said}\n{}", platform.tail());
    said
}

fn refused(platform: &Platform, who: &Person, words: &[&str]) -> String {
    let (done, said) = who.command(platform, &[&["import"], words].concat());
    assert!(!done, "{said}");
    said
}

/// A version and the text of one of its files.
fn version(platform: &Platform, who: &Person, dataset: &str, file: &str) -> (Value, String) {
    let path = format!("/data/p/{}/datasets/{dataset}/versions/latest", who.project);
    let answer = platform.get_as(&who.token, &path).unwrap();
    let mut version = answer["version"].clone();
    version["files"] = answer["files"].clone();
    let address = format!("{}{path}/files/{file}", platform.url());
    let content = platform.http.get(address).bearer_auth(&who.token).send().unwrap();
    (version, content.text().unwrap())
}

fn secret(platform: &Platform, who: &Person, name: &str, keys: &Value) {
    let path = format!("/k8s/api/v1/namespaces/{}/secrets", who.project);
    let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": keys});
    let (code, answer) = platform.post(&path, &body);
    assert_eq!(code, 201, "{answer}");
}

#[test]
fn what_lies_at_an_address_becomes_a_version() {
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let folder = platform.folder().join("web");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("数 a.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(folder.join("big.bin"), vec![7; 3 << 20]).unwrap();
    let port = free_port();
    let server = Command::new("python3")
        .args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"])
        .args([folder.to_str().unwrap(), &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _server = Ending(server.unwrap());
    listens(port);

    let base = format!("http://127.0.0.1:{port}");
    let (one, two) = (format!("{base}/%E6%95%B0%20a.csv"), format!("{base}/big.bin"));
    let said = imports(&platform, &ann, &["fetched", &one, &two]);
    assert!(said.contains("v1"), "{said}");
    let (found, content) = version(&platform, &ann, "fetched", "%E6%95%B0%20a.csv");
    assert_eq!((found["files"].as_array().unwrap().len(), content.as_str()), (2, "a,b\n1,2\n"));
    // Which job it was is said at the version, and in the object.
    assert_eq!(found["origin"]["kind"], "TrainingJob", "{found}");
    let job = found["origin"]["name"].as_str().unwrap().to_owned();
    assert!(job.starts_with("import-fetched-"), "{job}");
    let object = "/k8s/apis/dais.io/v1alpha1/namespaces/risk/datasets/fetched";
    platform.until("the version in the status", || {
        let dataset = platform.get(object).ok()?;
        (dataset["status"]["versions"][0]["origin"]["name"] == job).then_some(())
    });

    // One of two is not there: no version is made, and the reason is said.
    let said = refused(&platform, &ann, &["fetched", &one, &format!("{base}/none.csv")]);
    assert!(said.contains("404"), "{said}");
    let (still, _) = version(&platform, &ann, "fetched", "big.bin");
    assert_eq!(still["name"], "v1", "{still}");
    // By hand, on the person's own machine.
    let said = imports(&platform, &ann, &["--here", "by-hand", &one]);
    assert!(said.contains("by-hand"), "{said}");
    let (found, _) = version(&platform, &ann, "by-hand", "%E6%95%B0%20a.csv");
    assert!(found["origin"].is_null(), "{found}");
    for (words, reason) in [
        (&["x", "file:///etc/passwd"][..], "file://"),
        (&["x", "postgres://me:word@127.0.0.1/db", "--query", "SELECT 1"], "--secret"),
        (&["x", "postgres://127.0.0.1/db"], "--query"),
    ] {
        let said = refused(&platform, &ann, words);
        assert!(said.contains(reason) && !said.contains("word@"), "{said}");
    }
}

/// Another project's bucket, as any other S3 server would be: by its address and a key.
#[test]
fn the_objects_of_a_bucket_elsewhere_become_a_version() {
    let platform = Platform::start();
    let (ann, bob) = (person(&platform, "ann", "risk"), person(&platform, "bob", "vision"));
    std::fs::create_dir(platform.folder().join("raw")).unwrap();
    for (name, text) in [("a.csv", "a\n1\n"), ("b c.csv", "b\n2\n")] {
        std::fs::write(platform.folder().join("raw").join(name), text).unwrap();
    }
    let raw = platform.folder().join("raw");
    let (done, said) = bob.command(&platform, &["upload", "raw", raw.to_str().unwrap()]);
    assert!(done, "{said}");
    let body = json!({"name": "lent", "days": 1});
    let (_, made) = platform.post_as(&bob.token, "/buckets/p/vision/keys", &body);
    let (id, word) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let endpoint = platform.s3_url();
    // A job's own key opens nothing elsewhere, and is not shown.
    let source = "s3://datasets/raw/v1/";
    let said = refused(&platform, &ann, &["copied", source, "--endpoint", &endpoint]);
    assert!(said.contains("403"), "{said}");
    secret(
        &platform,
        &ann,
        "lent",
        &json!({"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": word}),
    );
    imports(&platform, &ann, &["copied", source, "--endpoint", &endpoint, "--secret", "lent"]);
    let (found, content) = version(&platform, &ann, "copied", "b%20c.csv");
    assert_eq!((found["files"].as_array().unwrap().len(), content.as_str()), (2, "b\n2\n"));
    let job = found["origin"]["name"].as_str().unwrap();
    let path = format!("/k8s/apis/dais.io/v1alpha1/namespaces/risk/trainingjobs/{job}");
    assert!(!platform.get(&path).unwrap().to_string().contains(word));
    let none = ["copied", "s3://datasets/none/", "--endpoint", &endpoint, "--secret", "lent"];
    let said = refused(&platform, &ann, &none);
    assert!(said.contains("no object begins so"), "{said}");
}

const QUERY: &str = "SELECT id, name, price, at FROM sales WHERE id < 3 ORDER BY id;";
const ROWS: &str = "id,name,price,at\n1,\"王, \"\"五\"\"\",2.50,2026-11-24 10:30:00\n2,,0.10,\n";
const TABLE: &str =
    "CREATE TABLE sales (id int, name varchar(50), price decimal(9, 2), at timestamp NULL)";
const FILLED: &str = "INSERT INTO sales VALUES (1, '王, \"五\"', 2.5, '2026-11-24 10:30:00'), \
    (2, NULL, 0.1, NULL), (3, 'c', 3, NULL)";

#[test]
fn rows_of_postgresql_become_a_version() {
    let Ok(url) = std::env::var("DAIS_TEST_POSTGRES") else {
        assert!(std::env::var_os("CI").is_none(), "scripts/with-services starts a PostgreSQL");
        return;
    };
    let name = format!("shop{}", std::process::id());
    let psql = |database: &str, words: &str| {
        let address = format!("{}/{database}", url.rsplit_once('/').unwrap().0);
        let output = Command::new("psql").args([&address, "-q", "-c", words]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    psql("postgres", &format!("CREATE DATABASE {name}"));
    psql(&name, &format!("{TABLE}; {FILLED}"));
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let server = url.split_once('@').unwrap().1.rsplit_once('/').unwrap().0;
    let source = format!("postgres://{server}/{name}");
    secret(&platform, &ann, "shop", &json!({"username": "dais", "password": "any"}));
    imports(&platform, &ann, &["sales", &source, "--query", QUERY, "--secret", "shop"]);
    assert_eq!(version(&platform, &ann, "sales", "rows.csv").1, ROWS);
    // It reads, and no more; and what the database says of it is told.
    let words = ["sales", &source, "--query", "DELETE FROM sales RETURNING id", "--secret", "shop"];
    let said = refused(&platform, &ann, &words);
    assert!(said.contains("read-only") || said.contains("COPY"), "{said}");
    let words = ["sales", &source, "--query", "SELECT 1 / (id - 3) FROM sales", "--secret", "shop"];
    let said = refused(&platform, &ann, &words);
    assert!(said.contains("division by zero"), "{said}");
    let (still, _) = version(&platform, &ann, "sales", "rows.csv");
    assert_eq!(still["name"], "v1", "half a table is no version: {still}");
    psql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
}

#[test]
fn rows_of_mysql_become_a_version() {
    if !Path::new("/usr/sbin/mariadbd").exists() {
        assert!(std::env::var_os("CI").is_none(), "scripts/prepare test installs mariadb-server");
        return;
    }
    let platform = Platform::start();
    let ann = person(&platform, "ann", "risk");
    let port = free_port();
    let folder = platform.folder().join("mariadb");
    let _server = mariadb(&folder, port);
    let sql = |words: &str| {
        let output = Command::new("mariadb")
            .args(["--protocol=tcp", "--host=127.0.0.1", "--user=root", "--execute", words])
            .arg("--default-character-set=utf8mb4")
            .arg(format!("--port={port}"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    sql("CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE USER reader IDENTIFIED BY 'word'; \
         GRANT ALL ON shop.* TO reader");
    sql(&format!("USE shop; {TABLE}; {FILLED}"));
    let source = format!("mysql://127.0.0.1:{port}/shop");
    secret(&platform, &ann, "shop", &json!({"username": "reader", "password": "word"}));
    imports(&platform, &ann, &["sales", &source, "--query", QUERY, "--secret", "shop"]);
    assert_eq!(version(&platform, &ann, "sales", "rows.csv").1, ROWS);
    let words = ["sales", &source, "--query", "DELETE FROM sales", "--secret", "shop"];
    let said = refused(&platform, &ann, &words);
    assert!(said.contains("READ ONLY"), "{said}");
    let nobody = format!("mysql://nobody@127.0.0.1:{port}/shop");
    let wrong = ["sales", &nobody, "--query", QUERY];
    let said = refused(&platform, &ann, &wrong);
    assert!(said.contains("Access denied"), "{said}");
}

/// Started as whoever may: MariaDB refuses to run as root without being told to.
fn mariadb(folder: &Path, port: u16) -> Ending {
    std::fs::create_dir(folder).unwrap();
    let data = format!("--datadir={}", folder.join("data").display());
    let made = Command::new("mariadb-install-db")
        .args(["--no-defaults", &data, "--auth-root-authentication-method=normal", "--user=root"])
        .arg("--skip-test-db")
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made));
    let server = Command::new("/usr/sbin/mariadbd")
        .args(["--no-defaults", &data, "--user=root", "--bind-address=127.0.0.1"])
        .arg(format!("--port={port}"))
        .arg(format!("--socket={}", folder.join("socket").display()))
        .arg(format!("--log-error={}", folder.join("log").display()))
        .spawn();
    let server = Ending(server.unwrap());
    listens(port);
    server
}

fn listens(port: u16) {
    for _ in 0..600 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("nothing listens on {port}");
}
