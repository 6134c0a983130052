//! A container image from its archive to its collection.

use std::path::PathBuf;

use dais_testkit::images::{Compression, Image, Layer, write_oci};
use serde_json::{Value, json};

use crate::support::{Platform, text};
use crate::tenants::person;

const NAME: &str = "shop/tools:v1";

fn archive(platform: &Platform) -> (PathBuf, Image) {
    let layer = Layer::default().programs(&["/bin/sh", "/bin/cat", "/bin/ls", "/bin/sleep"]);
    let layer = layer.file("srv/hello", 0o644, b"from the image\n");
    let image = Image::named(NAME).layer(&layer, Compression::Gzip).config(json!({
        "Entrypoint": ["/bin/sh", "-c"], "Cmd": ["cat hello"], "WorkingDir": "/srv",
        "Env": ["PATH=/bin"],
    }));
    let path = platform.folder().join("tools.tar");
    write_oci(&image, &path);
    (path, image)
}

fn pod(name: &str, script: Option<&str>) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [
            {"name": "main", "image": NAME, "args": script.map(|script| [script])}]},
    })
}

fn phase(platform: &Platform, project: &str, name: &str) -> String {
    let pod = platform.get(&format!("/k8s/api/v1/namespaces/{project}/pods/{name}"));
    pod.unwrap_or_default()["status"]["phase"].as_str().unwrap_or_default().to_owned()
}

fn until_phase(platform: &Platform, project: &str, name: &str, wanted: &str) {
    let words = format!("pod {name} to be {wanted}");
    platform.until(&words, || (phase(platform, project, name) == wanted).then_some(()));
}

fn images(platform: &Platform) -> Vec<Value> {
    let listed = platform.get("/api/images").unwrap();
    listed["images"].as_array().unwrap().clone()
}

#[test]
fn an_image_is_run_kept_while_it_is_used_and_collected_after() {
    let mut platform = Platform::start();
    let (path, image) = archive(&platform);
    let file = path.to_str().unwrap();
    let loaded = platform.ok(&["image", "load", file]);
    assert!(loaded.contains("docker.io/shop/tools:v1"), "{loaded}");

    let here = env!("CARGO_MANIFEST_DIR");
    let script = format!("cat hello; ls {here} || echo unseen");
    let pods = "/k8s/api/v1/namespaces/default/pods";
    for (name, script) in [("plain", None), ("looks", Some(script.as_str()))] {
        assert_eq!(platform.post(pods, &pod(name, script)).0, 201);
        until_phase(&platform, "default", name, "Succeeded");
    }
    assert_eq!(platform.ok(&["logs", "--kind", "pod", "plain"]).trim(), "from the image");
    let looks = platform.ok(&["logs", "--kind", "pod", "looks"]);
    assert!(looks.contains("from the image") && looks.contains("unseen"), "{looks}");

    platform.post(pods, &pod("stays", Some("sleep 600")));
    until_phase(&platform, "default", "stays", "Running");
    let refused = platform.dais(&["image", "delete", NAME]);
    let words = text(&refused);
    assert!(!refused.status.success() && words.contains("default/stays"), "{words}");
    let listed = platform.ok(&["image", "list"]);
    assert!(listed.contains("default/stays") && listed.contains(&image.id()[..19]), "{listed}");

    // The platform dies; the pod goes on, and its image stays for it, however old.
    platform.kill();
    let used = image.id().replace("sha256:", "images/trees/") + "/used";
    let age = |platform: &Platform| {
        std::fs::write(platform.data().join(&used), "\"2020-01-01T00:00:00Z\"").unwrap();
    };
    age(&platform);
    platform.up();
    assert_eq!(phase(&platform, "default", "stays"), "Running");
    // The node says so when it has found its pods again; nothing is removed before.
    let held = || (images(&platform)[0]["usedBy"] == json!(["default/stays"])).then_some(());
    platform.until("the pod to hold its image", held);

    platform.ok(&["delete", "pod", "stays", "--yes"]);
    let unused = || images(&platform)[0]["usedBy"].as_array().unwrap().is_empty().then_some(());
    platform.until("the pod to let go of its image", unused);
    platform.kill();
    age(&platform);
    platform.up();
    platform.until("the image to be collected", || images(&platform).is_empty().then_some(()));
    assert!(!platform.data().join(&used).parent().unwrap().exists());
}

#[test]
fn administrators_load_and_every_project_runs() {
    let platform = Platform::start();
    let (path, _) = archive(&platform);
    let file = path.to_str().unwrap();
    let ann = person(&platform, "ann", "shop");
    let (worked, words) = ann.command(&platform, &["image", "load", file]);
    assert!(!worked && words.contains("administrator"), "{words}");
    assert!(images(&platform).is_empty());

    let broken = platform.folder().join("broken.tar");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let refused = platform.dais(&["image", "load", broken.to_str().unwrap()]);
    assert!(!refused.status.success() && text(&refused).contains("400"), "{}", text(&refused));
    assert!(images(&platform).is_empty());

    platform.ok(&["image", "load", file]);
    let own = platform.post("/k8s/api/v1/namespaces/default/pods", &pod("own", Some("sleep 600")));
    assert_eq!(own.0, 201);
    until_phase(&platform, "default", "own", "Running");
    let hers = platform.post_as(&ann.token, "/k8s/api/v1/namespaces/shop/pods", &pod("hers", None));
    assert_eq!(hers.0, 201, "{}", hers.1);
    until_phase(&platform, "shop", "hers", "Succeeded");
    let listed = platform.get_as(&ann.token, "/api/images").unwrap();
    assert_eq!(listed["mayChange"], false);
    assert_eq!(listed["images"][0]["names"], json!(["docker.io/shop/tools:v1"]));
    assert_eq!(listed["images"][0]["usedBy"], json!([]), "others' pods are not named");
    let (worked, words) = ann.command(&platform, &["image", "delete", NAME]);
    assert!(!worked && words.contains("administrator"), "{words}");
}
