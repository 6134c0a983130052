//! Sums, costs, ranges that cut through, and whose use is seen by whom.

use axum::http::StatusCode;
use dais_ledger::{Accelerator, Booking, PriceList, Prices};
use serde_json::Value;

use crate::databases::{DAY, at, everything, fixtures, job, member, near};

fn names(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn use_is_summed_up_by_each_dimension_and_sorted() {
    for fixture in fixtures().await {
        let mut big = job("bob", "vision", "big");
        big.cpu_seconds = 14_400.0;
        let all = [job("ann", "risk", "one"), job("ann", "vision", "two"), big];
        fixture.ledger.book(&all).await.unwrap();
        for (by, wanted) in [
            ("person", vec!["ann", "bob"]),
            ("project", vec!["vision", "risk"]),
            ("workspace", vec!["vision-space", "risk-space"]),
            ("kind", vec!["TrainingJob"]),
            ("application", vec!["big-app", "one-app", "two-app"]),
        ] {
            let answer = fixture.ask(&format!("use?by={by}&{DAY}")).await;
            assert_eq!(names(&answer), wanted, "{by}");
            near(&answer["total"]["cpuHours"], 8.0);
        }
        let answer =
            fixture.ask(&format!("use?by=person&sort=name&order=desc&limit=1&{DAY}")).await;
        assert_eq!(names(&answer), ["bob"]);
        near(&answer["total"]["cpuHours"], 8.0);
        let answer = fixture.ask(&format!("use?by=person&project=risk&{DAY}")).await;
        assert_eq!(names(&answer), ["ann"]);
        let answer = fixture.ask(&format!("use?by=person&user=alias-of-bob&{DAY}")).await;
        assert_eq!(names(&answer), ["bob"]);
        let strange = fixture.ask(&format!("use?user=%27%20OR%20%271%27%3D%271&{DAY}")).await;
        assert!(names(&strange).is_empty(), "{strange}");
    }
}

#[tokio::test]
async fn a_range_that_cuts_an_hour_counts_its_part() {
    for fixture in fixtures().await {
        fixture.ledger.book(&[job("ann", "risk", "train")]).await.unwrap();
        for (since, until, hours) in [
            ("2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z", 1.0),
            ("2026-11-24T11:15:00Z", "2026-11-24T11:45:00Z", 0.5),
            ("2026-11-24T10:00:00Z", "2026-11-24T10:45:00Z", 0.25),
            ("2026-11-24T12:15:00Z", "2026-11-24T20:00:00Z", 0.25),
            ("2026-11-24T10:15:00Z", "2026-11-24T12:45:00Z", 2.0),
        ] {
            let answer = fixture.ask(&format!("use?since={since}&until={until}")).await;
            near(&answer["total"]["cpuHours"], hours);
        }
        let after = "since=2026-11-24T12:30:00Z&until=2026-11-24T13:00:00Z";
        assert!(names(&fixture.ask(&format!("use?{after}")).await).is_empty());
    }
}

#[tokio::test]
async fn days_are_those_of_the_readers_clock() {
    for fixture in fixtures().await {
        let mut late = job("ann", "risk", "late");
        late.started_at = at("2026-11-24T15:00:00Z");
        late.measured_at = at("2026-11-24T17:00:00Z");
        fixture.ledger.book(&[late]).await.unwrap();
        let range = "since=2026-11-20T00:00:00Z&until=2026-11-30T00:00:00Z";
        let here = fixture.ask(&format!("series?by=person&offset=%2B08:00&{range}")).await;
        let points = here["items"][0]["points"].as_array().unwrap();
        let times: Vec<&str> = points.iter().map(|p| p["time"].as_str().unwrap()).collect();
        assert_eq!(times, ["2026-11-23T16:00:00Z", "2026-11-24T16:00:00Z"]);
        near(&points[0]["cpuHours"], 1.0);
        let utc = fixture.ask(&format!("series?by=person&{range}")).await;
        assert_eq!(utc["items"][0]["points"].as_array().unwrap().len(), 1, "{utc}");
    }
}

const LIST: &str = "
currency: CNY
prices:
- cpuHour: 1
  memoryGiBHour: 10
  accelerators:
  - {resource: nvidia.com/gpu, hour: 100}
  - {resource: nvidia.com/gpu, model: H100, hour: 200}
- from: 2026-11-25
  cpuHour: 3
";

#[tokio::test]
async fn costs_follow_the_prices_of_their_day() {
    for fixture in fixtures().await {
        let mut night = job("ann", "risk", "night");
        night.started_at = at("2026-11-24T23:00:00Z");
        night.measured_at = at("2026-11-25T01:00:00Z");
        let held = |model: &str, held| Accelerator {
            resource: "nvidia.com/gpu".to_owned(),
            model: model.to_owned(),
            held,
        };
        night.accelerators = vec![held("H100", 2), held("", 1)];
        fixture.ledger.book(&[night]).await.unwrap();
        let range = "since=2026-11-24T00:00:00Z&until=2026-11-26T00:00:00Z";
        let free = fixture.ask(&format!("use?{range}")).await;
        assert!(free.get("currency").is_none() && free["total"].get("cost").is_none(), "{free}");
        near(&free["total"]["acceleratorHours"], 6.0);

        fixture.prices.send_replace(Prices::Listed(PriceList::read(LIST).unwrap()));
        let answer = fixture.ask(&format!("use?{range}")).await;
        assert_eq!(answer["currency"], "CNY");
        // Before midnight an hour of each; after it, processors alone cost something.
        near(&answer["total"]["cost"], 1.0 + 10.0 + 2.0 * 200.0 + 100.0 + 3.0);
        let entries = fixture.ask(&format!("entries?{range}")).await;
        near(&entries["items"][0]["cost"], 514.0);
    }
}

#[tokio::test]
async fn people_see_their_own_and_their_projects() {
    for fixture in fixtures().await {
        let all = [
            job("ann", "risk", "one"),
            job("bob", "vision", "two"),
            job("ann", "vision", "three"),
            job("eve", "secret", "four"),
        ];
        fixture.ledger.book(&all).await.unwrap();
        for (scope, people) in [
            (everything(), vec!["ann", "bob", "eve"]),
            (member("bob", &["vision"]), vec!["ann", "bob"]),
            // Own use everywhere, also where the right was taken away.
            (member("ann", &[]), vec!["ann"]),
            (member("mallory", &[]), vec![]),
        ] {
            for path in
                ["use?sort=name&", "use.csv?", "entries?", "entries.csv?", "series?by=person&"]
            {
                let (status, text) = fixture.ask_as(scope.clone(), &format!("{path}{DAY}")).await;
                assert_eq!(status, StatusCode::OK, "{text}");
                for person in ["ann", "bob", "eve"] {
                    let wanted = people.contains(&person);
                    let words =
                        [format!("\"{person}\""), format!(",{person},"), format!("\n{person},")];
                    let found = words.iter().any(|word| text.contains(word));
                    assert_eq!(found, wanted, "{path} for {}: {person}\n{text}", scope.user);
                }
                assert!(scope.projects.is_none() || !text.contains("secret"), "{text}");
            }
        }
        let bob = member("bob", &["vision"]);
        let (_, text) = fixture.ask_as(bob, &format!("use?by=project&user=ann&{DAY}")).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(names(&answer), ["vision"]);
        near(&answer["total"]["cpuHours"], 2.0);
    }
}

#[tokio::test]
async fn pages_join_without_gap_or_double() {
    for fixture in fixtures().await {
        let all: Vec<Booking> =
            (0..7).map(|number| job("ann", "risk", &format!("j{number}"))).collect();
        fixture.ledger.book(&all).await.unwrap();
        let mut seen = Vec::new();
        let mut more = String::new();
        loop {
            let page = fixture.ask(&format!("entries?limit=3&{DAY}{more}")).await;
            for item in page["items"].as_array().unwrap() {
                seen.push(item["object"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next"].as_str() else { break };
            more = format!("&before={next}");
        }
        assert_eq!(seen, ["j6", "j5", "j4", "j3", "j2", "j1", "j0"]);
    }
}
