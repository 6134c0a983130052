use serde_json::json;

use super::*;

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    assert!(bytes.len() < 128);
    out.push(bytes.len() as u8);
    out.extend(bytes);
    out
}

fn number(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), field(1, &meta), field(2, raw), field(3, b""), field(4, b"")].concat()
}

#[test]
fn zeros_are_there_where_they_were_meant() {
    let name = field(1, &[field(1, b"web"), field(2, b"")].concat());
    let spec = field(2, &[number(1, 0), number(5, 0)].concat());
    let read = decode(&body("apps/v1", "Deployment", &[name, spec].concat())).unwrap();
    let wanted = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web"}, "spec": {"replicas": 0},
    });
    assert_eq!(read, wanted);
}

#[test]
fn maps_bytes_and_inline_messages_are_as_in_json() {
    let entry = field(2, &[field(1, b"a"), field(2, b"\x00\xff")].concat());
    let empty = field(2, &field(1, b"b"));
    let secret = decode(&body("v1", "Secret", &[entry, empty].concat())).unwrap();
    assert_eq!(secret["data"], json!({"a": "AP8=", "b": ""}));
    let host = field(2, &field(1, &field(1, b"/x")));
    let volume = field(1, &[field(1, b"v"), host].concat());
    let pod = decode(&body("v1", "Pod", &field(2, &volume))).unwrap();
    assert_eq!(pod["spec"]["volumes"], json!([{"name": "v", "hostPath": {"path": "/x"}}]));
}

#[test]
fn options_are_of_every_group() {
    let read = decode(&body("apps/v1", "DeleteOptions", &number(1, 5))).unwrap();
    assert_eq!(read["gracePeriodSeconds"], 5);
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(decode(b"{}"), Err(Error::Magic));
    let unknown = decode(&body("dais.io/v1alpha1", "Dataset", b"")).unwrap_err();
    assert!(unknown.to_string().contains("Dataset"), "{unknown}");
    for (raw, at) in [
        (field(1, &[0x0a, 0x7f]), "metadata"),
        (field(1, &field(1, b"\xff")), "metadata.name"),
        (field(1, &number(1, 1)), "metadata.name"),
        (vec![0xff; 12], ""),
        (vec![0x0b], ""),
    ] {
        let error = decode(&body("v1", "Pod", &raw)).unwrap_err();
        let Error::Malformed { at: found, .. } = &error else { panic!("{error}") };
        assert_eq!(found, at, "{error}");
    }
}
