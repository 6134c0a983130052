use dais_data::Limits;
use serde_json::{Value, json};

use crate::reading::PNG;
use crate::server::{SQLITE, Server};

/// A project with one version of these files.
pub async fn with(files: &[(&str, &[u8])]) -> Server {
    let server = Server::start(SQLITE, Limits::default()).await;
    let upload = server.begin().await;
    for (path, content) in files {
        let address = format!("uploads/{upload}/files/{path}");
        let (status, answer) = server.call("PUT", &address, content.to_vec()).await;
        assert_eq!(status, 200, "{answer}");
    }
    let commit = format!("uploads/{upload}/commit");
    let (status, answer) = server.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert_eq!(status, 201, "{answer}");
    server
}

async fn preview(server: &Server, file: &str) -> (u16, Value) {
    server.call("GET", &format!("datasets/d/versions/v1/preview/{file}"), "").await
}

#[tokio::test]
async fn a_table_is_shown_a_page_at_a_time_with_its_bad_rows() {
    let text: String = std::iter::once("编号;说明\n".to_owned())
        .chain((0..250).map(|row| format!("{row};{}\n", if row == 7 { "a;b" } else { "x" })))
        .collect();
    let server = with(&[("表 1.csv", text.as_bytes())]).await;
    let (status, first) = preview(&server, "表 1.csv").await;
    assert_eq!((status, &first["format"]), (200, &json!("csv")), "{first}");
    let content = &first["content"];
    assert_eq!(content["columns"], json!(["编号", "说明"]));
    assert_eq!(content["table"], json!({ "delimiter": ";", "header": true, "encoding": "utf-8" }));
    assert_eq!(content["rows"].as_array().map(Vec::len), Some(100));
    assert_eq!(content["rows"][0], json!({ "row": 0, "line": 2, "values": ["0", "x"] }));
    assert_eq!(
        content["rows"][7],
        json!({
            "row": 7, "line": 9, "values": ["7", "a", "b"],
            "problem": "it has 3 fields, the table has 2 columns",
        })
    );
    let next = content["next"].as_str().expect("more");
    let (_, second) = preview(&server, &format!("表 1.csv?cursor={next}&limit=1000")).await;
    assert_eq!(second["content"]["rows"][0]["row"], 100);
    assert_eq!(second["content"]["rows"].as_array().map(Vec::len), Some(150));
    assert_eq!(second["content"]["next"], Value::Null);
    let (_, far) = preview(&server, "表 1.csv?offset=249").await;
    assert_eq!(
        far["content"]["rows"],
        json!([{ "row": 249, "line": 251, "values": ["249", "x"] }])
    );
    let (_, other) = preview(&server, "表 1.csv?header=false&delimiter=,&limit=1").await;
    assert_eq!(other["content"]["columns"], json!(["column 1"]));
    assert_eq!(other["content"]["rows"][0]["values"], json!(["编号;说明"]));
    for bad in ["limit=0", "limit=1001", "cursor=x", "delimiter=ab", "encoding=klingon", "as=xml"] {
        let (status, answer) = preview(&server, &format!("表 1.csv?{bad}")).await;
        assert_eq!((status, &answer["code"]), (400, &json!("invalid")), "{bad}: {answer}");
    }
}

#[tokio::test]
async fn a_page_ends_early_where_its_values_are_large() {
    let fields = vec!["x".repeat(1000); 500].join(",");
    let text = format!("{fields}\n").repeat(60);
    let server = with(&[("wide.csv", text.as_bytes())]).await;
    let (mut query, mut rows, mut pages) = (String::new(), 0, 0);
    loop {
        let (status, page) = preview(&server, &format!("wide.csv?header=false{query}")).await;
        assert_eq!(status, 200);
        rows += page["content"]["rows"].as_array().map_or(0, Vec::len);
        pages += 1;
        let Some(next) = page["content"]["next"].as_str() else { break };
        query = format!("&cursor={next}");
    }
    assert_eq!((rows, pages), (60, 4));
}

#[tokio::test]
async fn json_lines_keep_their_types_and_tell_bad_lines() {
    let text = "{\"a\":1,\"b\":\"x\"}\nnonsense\n{\"c\":[1,2],\"a\":12345678901234567890}\n";
    let server = with(&[("a.jsonl", text.as_bytes())]).await;
    let (_, answer) = preview(&server, "a.jsonl").await;
    let content = &answer["content"];
    assert_eq!(content["columns"], json!(["a", "b", "c"]));
    assert_eq!(content["rows"][0]["values"], json!([1, "x"]));
    assert_eq!(
        (&content["rows"][1]["line"], &content["rows"][1]["raw"]),
        (&json!(2), &json!("nonsense"))
    );
    assert!(content["rows"][1]["problem"].as_str().is_some_and(|p| p.contains("no JSON")));
    assert_eq!(content["rows"][2]["values"][2], "[1,2]");
}

#[tokio::test]
async fn parquet_of_another_writer_is_read_with_every_compression() {
    for name in ["none", "snappy", "gzip", "zstd", "lz4"] {
        let path = format!("{}/tests/it/parquet/{name}.parquet", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).expect("reads");
        let server = with(&[("a.parquet", &bytes)]).await;
        let (status, answer) = preview(&server, "a.parquet?offset=1&limit=2").await;
        let content = &answer["content"];
        assert_eq!(
            (status, &answer["format"], &content["total"]),
            (200, &json!("parquet"), &json!(5)),
            "{answer}"
        );
        assert_eq!(
            content["columns"],
            json!(["id", "分数", "when", "ok", "tags", "nested", "price"])
        );
        assert_eq!(
            content["rows"][0]["values"],
            json!([2, null, "2026-01-02T00:00:00Z", false, "[\"a\",\"b\"]", "{\"x\":2}", 2.5])
        );
        assert_eq!(
            (&content["rows"][1]["row"], &content["rows"][1]["values"][0]),
            (&json!(2), &json!(3))
        );
        let next = content["next"].as_str().expect("more");
        let (_, rest) = preview(&server, &format!("a.parquet?cursor={next}")).await;
        assert_eq!(rest["content"]["rows"][0]["values"][0], 4);
        assert_eq!(
            (&rest["content"]["rows"][1]["row"], &rest["content"]["next"]),
            (&json!(4), &Value::Null)
        );
    }
}

#[tokio::test]
async fn a_small_file_cannot_fill_the_memory() {
    let bombs = [
        ("bomb", "values of one column"),
        ("page", "a page claims 600 MiB"),
        ("columns", "smaller pages"),
    ];
    for (name, problem) in bombs {
        let path = format!("{}/tests/it/parquet/{name}.parquet", env!("CARGO_MANIFEST_DIR"));
        let bomb = std::fs::read(path).expect("reads");
        assert!(bomb.len() < 100_000, "{name}");
        let server = with(&[("bomb.parquet", &bomb)]).await;
        let (status, answer) = preview(&server, "bomb.parquet").await;
        assert!(status == 400 && answer.to_string().contains(problem), "{name}: {answer}");
    }
}

#[tokio::test]
async fn large_values_of_parquet_are_read_a_few_at_a_time() {
    let path = format!("{}/tests/it/parquet/values.parquet", env!("CARGO_MANIFEST_DIR"));
    let server = with(&[("a.parquet", &std::fs::read(path).expect("reads"))]).await;
    let (status, answer) = preview(&server, "a.parquet?limit=2").await;
    assert_eq!((status, &answer["content"]["total"]), (200, &json!(200)));
}

#[test]
fn rows_as_texts_are_those_of_the_preview() {
    let path = format!("{}/tests/it/parquet/zstd.parquet", env!("CARGO_MANIFEST_DIR"));
    let mut table = dais_data::Texts::open(path.as_ref()).expect("reads").expect("a table");
    assert_eq!(table.columns()[..4], ["id", "分数", "when", "ok"]);
    let mut rows = 0;
    while table.advance().expect("reads") {
        rows += 1;
        if rows == 2 {
            let cells: Vec<String> = [0, 1, 2, 3, 6].map(|at| table.text(at)).into();
            assert_eq!(cells, ["2", "", "2026-01-02T00:00:00Z", "false", "2.5"]);
            assert_eq!(table.place(), "row 2");
        }
    }
    assert_eq!(rows, 5);
}

#[tokio::test]
async fn hostile_parquet_is_refused_with_words() {
    let path = format!("{}/tests/it/parquet/zstd.parquet", env!("CARGO_MANIFEST_DIR"));
    let good = std::fs::read(path).expect("reads");
    let mut files = vec![
        good[..good.len() - 9].to_vec(),
        b"PAR1".to_vec(),
        b"PAR1....\xff\xff\xff\x7fPAR1".to_vec(),
    ];
    for at in (4..good.len() - 8).step_by(37) {
        let mut torn = good.clone();
        torn[at] ^= 0xff;
        files.push(torn);
    }
    let named: Vec<_> =
        files.iter().enumerate().map(|(at, bytes)| (format!("{at}.parquet"), bytes)).collect();
    let server = with(
        &named.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>(),
    )
    .await;
    for (at, (name, _)) in named.iter().enumerate() {
        let (status, answer) = preview(&server, name).await;
        assert!(status == 400 || status == 200 && at > 2, "{name}: {status} {answer}");
    }
}

#[tokio::test]
async fn texts_pictures_and_other_bytes_are_told_apart() {
    let chinese = encoding_rs::GB18030.encode("第一行\r\n第二行\n").0.into_owned();
    let long = format!("{}\nlast", "x".repeat(1_000_000));
    let server = with(&[
        ("说明.txt", &chinese),
        ("long.log", long.as_bytes()),
        ("dots", PNG),
        ("program", b"\x7fELF\0\0"),
        ("empty.csv", b""),
        ("wide.txt", b"\xff\xfea\0"),
    ])
    .await;
    let (_, text) = preview(&server, "说明.txt").await;
    assert_eq!(
        text["content"],
        json!({
            "encoding": "gb18030", "next": null,
            "lines": [{ "line": 1, "text": "第一行" }, { "line": 2, "text": "第二行" }],
        })
    );
    let (_, log) = preview(&server, "long.log?limit=1").await;
    assert_eq!(
        (&log["content"]["lines"][0]["cut"], &log["content"]["next"]),
        (&json!(true), &json!("1000001-1-1"))
    );
    let (_, last) = preview(&server, "long.log?cursor=1000001-1-1").await;
    assert_eq!(last["content"]["lines"], json!([{ "line": 2, "text": "last" }]));
    let (_, picture) = preview(&server, "dots").await;
    assert_eq!(picture["format"], "image");
    assert_eq!(picture["content"], json!({ "mediaType": "image/png", "width": 2, "height": 3 }));
    assert_eq!(preview(&server, "program").await.1["format"], "binary");
    assert_eq!(preview(&server, "empty.csv").await.1["content"]["rows"], json!([]));
    let (status, wide) = preview(&server, "wide.txt").await;
    assert!(status == 400 && wide.to_string().contains("UTF-16"), "{wide}");
    assert_eq!(preview(&server, "absent").await.0, 404);
}
