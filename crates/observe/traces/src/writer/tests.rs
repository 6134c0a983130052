//! Crashes, duplicates and retention, as the next process finds them.

use std::path::{Path, PathBuf};

use super::*;
use crate::attributes::Attributes;
use crate::scope::Scope;
use crate::store::Traces;

fn span(number: u8) -> Span {
    Span {
        trace_id: [number; 16],
        span_id: [number; 8],
        name: "get".into(),
        start: i64::from(number) * 10,
        ..Span::default()
    }
}

fn writer(directory: &Path) -> Writer {
    Writer::open(Config { keep: Duration::MAX, ..Config::new(directory) }).unwrap()
}

fn reopened(directory: &Path) -> Traces {
    Traces::open(Config { keep: Duration::MAX, ..Config::new(directory) }).unwrap()
}

/// Starts of all spans that are stored, doubles too.
fn starts(writer: &Writer) -> Vec<i64> {
    let mut starts = Vec::new();
    for source in writer.read().sources() {
        source.scan(|mut rows| {
            while let Some(row) = rows.next()? {
                starts.push(rows.summary(&row)?.start);
            }
            Ok(())
        });
    }
    starts
}

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

#[test]
fn what_was_written_survives_wherever_the_next_write_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    first.push(&[span(1)]);
    first.write().unwrap();
    let wal = files(directory.path(), "wal").remove(0);
    let kept = std::fs::metadata(&wal).unwrap().len() as usize;
    first.push(&[span(2)]);
    first.write().unwrap();
    let whole = std::fs::read(&wal).unwrap();
    for cut in 0..=whole.len() {
        std::fs::write(&wal, &whole[..cut]).unwrap();
        let mut next = writer(directory.path());
        next.push(&[span(3)]);
        next.write().unwrap();
        let expected: &[i64] = match cut {
            _ if cut == whole.len() => &[10, 20, 30],
            _ if cut >= kept => &[10, 30],
            _ => &[30],
        };
        let mut last = writer(directory.path());
        assert_eq!(starts(&last), expected, "cut at {cut}");
        last.seal().unwrap();
        assert_eq!(starts(&writer(directory.path())), expected, "cut at {cut}, sealed");
        files(directory.path(), "block").iter().for_each(|block| remove(block));
    }
}

#[test]
fn a_file_without_a_whole_frame_doubles_nothing_later() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    std::fs::write(first.directory.wal(5), [1, 2, 3]).unwrap();
    first = writer(directory.path());
    first.push(&[span(1)]);
    first.write().unwrap();
    first.seal().unwrap();
    assert_eq!(starts(&writer(directory.path())), [10]);
    assert!(files(directory.path(), "wal").is_empty());
}

#[test]
fn a_crash_at_any_step_of_sealing_loses_and_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    first.push(&[span(1), span(2)]);
    first.write().unwrap();
    let wal = files(directory.path(), "wal").remove(0);
    let ahead = std::fs::read(&wal).unwrap();
    first.seal().unwrap();
    let block = files(directory.path(), "block").remove(0);
    let sealed = std::fs::read(&block).unwrap();
    assert!(files(directory.path(), "wal").is_empty());

    std::fs::write(&wal, &ahead).unwrap();
    assert_eq!(starts(&writer(directory.path())), [10, 20], "before the wal went");
    assert!(files(directory.path(), "wal").is_empty());

    std::fs::write(&wal, &ahead).unwrap();
    std::fs::remove_file(&block).unwrap();
    for half in 0..sealed.len() {
        std::fs::write(block.with_extension("new"), &sealed[..half]).unwrap();
        assert_eq!(starts(&writer(directory.path())), [10, 20], "{half} bytes of the block");
        assert!(files(directory.path(), "new").is_empty());
    }

    std::fs::write(&block, &sealed[..sealed.len() / 3]).unwrap();
    assert_eq!(starts(&writer(directory.path())), [10, 20], "a block that the disk lost");
}

#[test]
fn spans_that_cannot_be_written_are_written_later() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    std::fs::rename(directory.path(), directory.path().with_extension("away")).unwrap();
    first.push(&[span(1)]);
    assert!(first.write().is_err());
    assert!(first.seal().is_err());
    std::fs::rename(directory.path().with_extension("away"), directory.path()).unwrap();
    first.push(&[span(2)]);
    first.write().unwrap();
    assert_eq!(starts(&writer(directory.path())), [10, 20]);
}

#[test]
fn of_a_span_that_came_twice_the_later_is_found_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    first.push(&[span(1)]);
    first.seal().unwrap();
    first.push(&[Span { name: "post".into(), ..span(1) }]);
    first.write().unwrap();
    drop(first);
    let traces = reopened(directory.path());
    let found = traces.trace([1; 16], &Scope::all()).unwrap();
    assert_eq!(found.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["post"]);
    let query = crate::Query { to: i64::MAX, limit: 5, ..crate::Query::default() };
    let search = |operation: &str| {
        let query = crate::Query { operation: Some(operation.into()), ..query.clone() };
        traces.search(&query, &Scope::all()).unwrap().len()
    };
    assert_eq!((search("get"), search("post")), (0, 1));
}

#[test]
fn a_search_finds_the_newest_whatever_the_order_they_came_in() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    for numbers in [[9, 2], [7, 8], [1, 5]] {
        first.push(&numbers.map(span));
        first.seal().unwrap();
    }
    drop(first);
    let traces = reopened(directory.path());
    let search = |to: i64, limit: usize| -> Vec<i64> {
        let query = crate::Query { to, limit, ..crate::Query::default() };
        let found = traces.search(&query, &Scope::all()).unwrap();
        found.iter().map(|spans| spans[0].start).collect()
    };
    assert_eq!(search(i64::MAX, 4), [90, 80, 70, 50]);
    assert_eq!(search(79, 2), [70, 50]);
}

#[test]
fn calls_are_counted_across_blocks() {
    let directory = tempfile::tempdir().unwrap();
    let of = |service: &str, span: Span| Span {
        resource: Attributes::from([("service.name", service.into())]).into(),
        ..span
    };
    let mut first = writer(directory.path());
    let child = |number: u8| Span { span_id: [number; 8], parent: Some([1; 8]), ..span(1) };
    first.push(&[of("back", child(2))]);
    first.seal().unwrap();
    first.push(&[of("front", span(1)), of("back", child(3))]);
    first.seal().unwrap();
    first.push(&[of("back", child(4)), of("front", child(5))]);
    first.write().unwrap();
    drop(first);
    let found = reopened(directory.path()).dependencies(0, 100, &Scope::all()).unwrap();
    let expected =
        crate::Dependency { parent: "front".into(), child: "back".into(), call_count: 3 };
    assert_eq!(found, [expected]);
}

#[test]
fn the_old_and_the_surplus_go_by_whole_blocks() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    for numbers in [[1, 2], [3, 4], [5, 6], [7, 8]] {
        first.push(&numbers.map(span));
        first.seal().unwrap();
    }
    first.config.keep_spans = 5;
    first.retain(100);
    assert_eq!(starts(&first), [30, 40, 50, 60, 70, 80]);
    first.config.keep = Duration::from_nanos(40);
    first.retain(101);
    assert_eq!(starts(&first), [70, 80]);
    assert_eq!(files(directory.path(), "block").len(), 1);
}

#[test]
fn a_head_that_gathers_for_long_is_sealed_however_small() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    first.config.keep = Duration::from_secs(70);
    first.push(&[Span { start: now(), ..span(1) }]);
    first.retain(now() + 9_000_000_000);
    assert!(!first.read().head.is_empty());
    first.retain(now() + 11_000_000_000);
    assert!(first.read().head.is_empty());
    assert_eq!(first.read().blocks.len(), 1);
}

#[test]
fn full_heads_become_blocks() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = writer(directory.path());
    let mut spans = vec![span(1); 60_000];
    for (number, span) in (0_u64..).zip(&mut spans) {
        span.span_id = number.to_be_bytes();
    }
    first.push(&spans);
    first.write().unwrap();
    assert!(first.read().blocks.len() > 1);
    assert!(!first.read().head.is_empty());
    drop(first);
    let traces = reopened(directory.path());
    assert_eq!(traces.trace([1; 16], &Scope::all()).unwrap().len(), spans.len());
}

#[test]
fn of_spans_that_tail_sampling_holds_back_only_kept_traces_are_stored() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config { keep: Duration::MAX, ..Config::new(directory.path()) };
    let rules = crate::TailSampling { ratio: 0.0, quiet: Duration::ZERO, ..Default::default() };
    config.sampling.tail = Some(rules);
    let mut first = Writer::open(config).unwrap();
    let failed = Span { error: Some("gone".into()), span_id: [9; 8], ..span(1) };
    first.sample(vec![span(1), span(2), failed]);
    assert_eq!(starts(&first), [10, 10]);
    first.give_up();
    first.sample(vec![span(3)]);
    let metrics = first.metrics().text();
    let told = r#"dais_traces_dropped_spans_total{reason="TailSampling"} 1"#;
    assert!(metrics.contains(told), "{metrics}");
    assert!(metrics.contains("dais_traces_waiting_spans 1"), "{metrics}");
    first.settle();
    assert_eq!(starts(&writer(directory.path())), [10, 10, 30], "undecided ones are kept");
}
