//! Each run is counted once, whatever is told how often.

use dais_ledger::{Booking, Ledger};

use crate::databases::{DAY, at, fixtures, job, near};

#[tokio::test]
async fn the_same_again_changes_nothing_even_after_a_restart() {
    for mut fixture in fixtures().await {
        let done = job("ann", "risk", "train");
        fixture.ledger.book(std::slice::from_ref(&done)).await.unwrap();
        fixture.ledger.book(&[done.clone(), done.clone()]).await.unwrap();
        fixture.ledger.close().await;
        fixture.ledger = Ledger::open(fixture.options.clone()).await.unwrap();
        fixture.ledger.book(&[done]).await.unwrap();
        let answer = fixture.ask(&format!("use?{DAY}")).await;
        near(&answer["total"]["cpuHours"], 2.0);
        assert_eq!((&answer["total"]["jobs"], &answer["total"]["runs"]), (&1.into(), &1.into()));
    }
}

#[tokio::test]
async fn an_open_entry_grows_and_ends_with_its_final_counters() {
    for fixture in fixtures().await {
        let done = job("ann", "risk", "train");
        let so_far = |time: &str, cpu: f64| Booking {
            measured_at: at(time),
            cpu_seconds: cpu,
            memory_byte_seconds: 0.0,
            end: None,
            ..done.clone()
        };
        fixture.ledger.book(&[so_far("2026-11-24T11:00:00Z", 600.0)]).await.unwrap();
        // What comes late says nothing new.
        fixture.ledger.book(&[so_far("2026-11-24T10:45:00Z", 100.0)]).await.unwrap();
        let open = fixture.ask(&format!("entries?{DAY}")).await;
        assert!(open["items"][0].get("ended").is_none(), "{open}");
        near(&open["items"][0]["cpuHours"], 600.0 / 3600.0);

        fixture.ledger.book(std::slice::from_ref(&done)).await.unwrap();
        fixture.ledger.book(&[so_far("2026-11-24T13:00:00Z", 9000.0)]).await.unwrap();
        let over = fixture.ask(&format!("entries?{DAY}")).await;
        assert_eq!(over["items"][0]["ended"], "2026-11-24T12:30:00Z");
        assert_eq!(over["items"][0]["exitCode"], 0);
        near(&over["items"][0]["cpuHours"], 2.0);
        near(&over["items"][0]["memoryGiBHours"], 2.0);
        // 600 s in the first half hour; the rest spread over the hour and a half after it.
        let hours = fixture.ask(&format!("series?by=person&step=hour&{DAY}")).await;
        let points = hours["items"][0]["points"].as_array().unwrap();
        assert_eq!(points.len(), 3, "{hours}");
        near(&points[0]["cpuHours"], 600.0 / 3600.0);
        near(&points[1]["cpuHours"], (6600.0 / 3600.0) * 2.0 / 3.0);
    }
}

#[tokio::test]
async fn runs_of_one_container_are_entries_of_their_own() {
    for fixture in fixtures().await {
        let first = job("ann", "risk", "train");
        let second = Booking { attempt: 1, ..first.clone() };
        fixture.ledger.book(&[first, second]).await.unwrap();
        let answer = fixture.ask(&format!("use?{DAY}")).await;
        assert_eq!((&answer["total"]["jobs"], &answer["total"]["runs"]), (&1.into(), &2.into()));
        near(&answer["total"]["cpuHours"], 4.0);
    }
}

#[tokio::test]
async fn old_entries_go_and_a_service_that_runs_on_keeps_what_is_new() {
    for fixture in fixtures().await {
        let old = job("ann", "risk", "train");
        let mut service = job("ann", "risk", "service");
        service.end = None;
        fixture.ledger.book(&[old, service.clone()]).await.unwrap();
        let later = at("2026-11-24T12:30:01Z") + fixture.options.retention;
        service.measured_at = later;
        service.cpu_seconds += 3600.0;
        fixture.ledger.book(&[service]).await.unwrap();
        assert_eq!(fixture.ledger.sweep(later).await.unwrap(), 1);
        let range = "since=2026-11-24T00:00:00Z&until=2030-01-01T00:00:00Z";
        let left = fixture.ask(&format!("use?by=application&{range}")).await;
        assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
        assert_eq!(left["items"][0]["name"], "service-app");
        // The two core hours of its first day are gone.
        near(&left["items"][0]["cpuHours"], 1.0);
    }
}

#[tokio::test]
async fn a_strange_name_or_clock_keeps_nothing_else_from_being_booked() {
    for fixture in fixtures().await {
        let mut strange = job(&format!("a\0b\n{}", "x".repeat(400)), "risk", "strange");
        strange.started_at = at("1970-01-01T00:00:01Z");
        fixture.ledger.book(&[strange, job("ann", "risk", "train")]).await.unwrap();
        let answer = fixture.ask(&format!("use?sort=name&{DAY}")).await;
        let name = |at: usize| answer["items"][at]["name"].as_str().unwrap();
        assert!(name(0).starts_with("abxxx") && name(0).len() == 253, "{answer}");
        assert_eq!(name(1), "ann");
    }
}
