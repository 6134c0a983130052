use super::world::{World, fingerprint, time};
use crate::state::Event;

const ROUTE: &str = "\
route: {receiver: a, group_by: [job], group_wait: 30s, group_interval: 5m, repeat_interval: 1h}
";

const NOTHING: [&str; 0] = [];

#[test]
fn alerts_of_a_group_are_told_together_after_the_wait() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(10);
    world.fire("alertname=Y,job=j");
    world.fire("alertname=Z,job=other");
    world.pass(19);
    assert_eq!(world.waiting(), NOTHING);
    world.pass(1);
    assert_eq!(world.deliver(), ["a: +X +Y"]);
    world.pass(10);
    assert_eq!(world.deliver(), ["a: +Z"]);
}

#[test]
fn a_later_alert_waits_for_the_interval_and_is_told_with_the_others() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.deliver();
    world.fire("alertname=Y,job=j");
    world.pass(299);
    assert_eq!(world.waiting(), NOTHING);
    world.pass(1);
    assert_eq!(world.deliver(), ["a: +X +Y"]);
}

#[test]
fn what_fires_on_is_repeated_after_the_repeat_interval() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.deliver();
    world.pass(3599);
    assert_eq!(world.waiting(), NOTHING);
    world.pass(301);
    assert_eq!(world.deliver(), ["a: +X"]);
    world.pass(3000);
    assert_eq!(world.waiting(), NOTHING);
}

#[test]
fn a_repetition_waits_for_the_message_before_it() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(4 * 3600);
    assert_eq!(world.waiting(), ["a: +X"]);
    // What changes is told all the same, in order.
    world.fire("alertname=Y,job=j");
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +X", "a: +X +Y"]);
}

#[test]
fn the_end_is_told_once_to_those_who_want_to_know() {
    let mut world = World::new(&format!(
        "{}\n",
        ROUTE.trim_end().trim_end_matches('}').to_owned()
            + ", routes: [{receiver: a, continue: true, matchers: ['job=j']}, {receiver: b, matchers: ['job=j']}]}"
    ));
    world.fire("alertname=X,job=j");
    world.pass(30);
    assert_eq!(world.deliver(), ["b: +X", "a: +X"]);
    world.resolve("alertname=X,job=j");
    world.pass(300);
    assert_eq!(world.deliver(), ["a: -X"]);
    world.pass(4000);
    assert_eq!(world.waiting(), NOTHING);
    // Nothing is left of it, neither here nor on disk.
    assert!(world.state.groups.is_empty() && world.state.alerts.is_empty());
    assert_eq!(world.records(), 0);
    // So that it is news when it comes back, also to who was not told that it ended.
    world.fire("alertname=X,job=j");
    world.pass(30);
    assert_eq!(world.deliver(), ["b: +X", "a: +X"]);
}

#[test]
fn an_alert_that_is_not_sent_again_is_resolved() {
    let mut world = World::new(ROUTE);
    let known = crate::alert::Alert {
        labels: [("alertname".to_owned(), "X".to_owned())].into(),
        ..Default::default()
    };
    let known = known.settle(0, time(0), world.state.config.resolve_timeout).unwrap();
    world.act(Event::Receive(vec![known]));
    world.pass(30);
    assert_eq!(world.deliver(), ["a: +X"]);
    world.pass(300);
    assert_eq!(world.deliver(), ["a: -X"]);
}

#[test]
fn what_ends_before_it_is_told_is_never_told() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(10);
    world.resolve("alertname=X,job=j");
    world.pass(4000);
    assert_eq!(world.waiting(), NOTHING);
    world.resolve("alertname=Y,job=j");
    assert!(world.state.groups.is_empty());
}

#[test]
fn a_silence_keeps_quiet_while_it_lasts() {
    let mut world = World::new(ROUTE);
    world.silence("alertname=X", 1000);
    world.fire("alertname=X,job=j");
    world.fire("alertname=Y,job=j");
    world.pass(30);
    assert_eq!(world.deliver(), ["a: +Y"]);
    world.pass(1300);
    assert_eq!(world.deliver(), ["a: +X +Y"]);
    world.act(Event::Silence(crate::quiet::Silence {
        id: "s".into(),
        matchers: crate::matcher::parse("job=j").unwrap(),
        starts_at: time(world.now),
        ends_at: time(world.now + 100_000),
        updated_at: time(world.now),
        created_by: String::new(),
        comment: String::new(),
    }));
    world.pass(8000);
    assert_eq!(world.waiting(), NOTHING);
    world.act(Event::Expire("s".into()));
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +X +Y"]);
}

#[test]
fn a_source_inhibits_its_targets() {
    let mut world = World::new(&format!(
        "{ROUTE}inhibit_rules: [{{source_matchers: ['alertname=Down'], \
         target_matchers: ['alertname=Slow'], equal: [job]}}]\n"
    ));
    world.fire("alertname=Slow,job=j");
    world.fire("alertname=Slow,job=k");
    world.fire("alertname=Down,job=j");
    world.pass(30);
    assert_eq!(world.deliver(), ["a: +Down", "a: +Slow"]);
    world.resolve("alertname=Down,job=j");
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +Slow -Down"]);
}

#[test]
fn an_acknowledged_alert_is_not_repeated_and_stays_in_what_is_told() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.deliver();
    world.acknowledge("alertname=X,job=j", None);
    world.pass(4 * 3600);
    assert_eq!(world.waiting(), NOTHING);
    world.fire("alertname=Y,job=j");
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +X* +Y"]);
    world.resolve("alertname=X,job=j");
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +Y -X"]);
    // It was about what is over; what begins anew is news.
    assert!(world.state.acknowledgements.is_empty());
    world.fire("alertname=X,job=j");
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +X +Y"]);
}

#[test]
fn an_acknowledgement_can_end_by_itself_or_be_withdrawn() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.deliver();
    world.acknowledge("alertname=X,job=j", Some(2 * 3600));
    world.pass(2 * 3600 - 10);
    assert_eq!(world.waiting(), NOTHING);
    world.pass(310);
    assert_eq!(world.deliver(), ["a: +X"]);
    world.acknowledge("alertname=X,job=j", None);
    world.pass(2 * 3600);
    assert_eq!(world.waiting(), NOTHING);
    world.act(Event::Withdraw(fingerprint("alertname=X,job=j")));
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +X"]);
}

#[test]
fn a_muted_route_tells_later() {
    // Time begins at 2026-11-18T11:06:40Z.
    let mut world = World::new(
        "route: {receiver: a, routes: [{receiver: a, group_wait: 30s, group_interval: 1m, \
         matchers: ['job=j'], mute_time_intervals: [lunch]}]}\n\
         time_intervals: [{name: lunch, time_intervals: [{times: [{start_time: '11:00', end_time: '12:00'}]}]}]",
    );
    assert_eq!(time(0).to_string(), "2026-11-18T11:06:40Z");
    world.fire("alertname=X,job=j");
    world.pass(3000);
    assert_eq!(world.waiting(), NOTHING);
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +X"]);
}

#[test]
fn each_way_out_of_a_receiver_has_its_own_memory() {
    let mut world = World::new("route: {receiver: c, group_by: [job], repeat_interval: 1h}");
    world.fire("alertname=X,job=j");
    world.pass(30);
    let first = *world.state.deliveries.keys().next().unwrap();
    world.act(Event::Delivered(first));
    world.refuse();
    // Only the one that refused is asked again.
    world.pass(300);
    let integrations: Vec<&str> =
        world.state.deliveries.values().map(|own| own.integration.as_str()).collect();
    assert_eq!(integrations, ["c/webhook[1]"]);
}

#[test]
fn what_was_refused_counts_as_not_told() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.refuse();
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +X"]);
    world.resolve("alertname=X,job=j");
    world.pass(300);
    assert_eq!(world.waiting(), ["a: -X"]);
    world.refuse();
    world.pass(300);
    assert_eq!(world.waiting(), ["a: -X"]);
    // Nobody is asked for ever.
    world.refuse();
    for _ in 0..13 {
        world.pass(300);
        world.refuse();
    }
    assert_eq!(world.records(), 0);
}

#[test]
fn a_restart_repeats_nothing_and_forgets_nothing() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    // Decided, not delivered.
    world.restart();
    assert_eq!(world.deliver(), ["a: +X"]);
    world.restart();
    world.pass(3500);
    assert_eq!(world.waiting(), NOTHING);
    world.silence("alertname=Y", 1000);
    world.acknowledge("alertname=X,job=j", None);
    world.restart();
    world.fire("alertname=Y,job=j");
    world.pass(900);
    assert_eq!(world.waiting(), NOTHING);
    world.pass(600);
    assert_eq!(world.deliver(), ["a: +X* +Y"]);
    // An end that came just before the kill is told after it.
    world.resolve("alertname=X,job=j");
    world.restart();
    world.pass(300);
    assert_eq!(world.deliver(), ["a: +Y -X"]);
}

#[test]
fn a_number_is_not_given_twice() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.restart();
    world.fire("alertname=Y,job=k");
    world.pass(30);
    assert_eq!(world.deliver(), ["a: +X", "a: +Y"]);
}

#[test]
fn another_configuration_keeps_what_was_told() {
    let mut world = World::new(ROUTE);
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.deliver();
    // The same group by the same route, another interval: nothing is told again.
    world.reconfigure(&ROUTE.replace("1h", "2h"));
    world.pass(3900);
    assert_eq!(world.waiting(), NOTHING);
    world.fire("alertname=Y,job=j");
    world.pass(300);
    assert_eq!(world.waiting(), ["a: +X +Y"]);
    // A receiver that is gone is told nothing any more.
    let other = "route: {receiver: x}\nreceivers: [{name: x}]";
    let config = crate::config::Config::parse(other).unwrap();
    world.act(Event::Configure(config.into()));
    assert_eq!(world.waiting(), NOTHING);
}

#[test]
fn an_old_alert_makes_a_new_group_due_at_once() {
    let mut world = World::new(ROUTE);
    let old = crate::alert::Alert {
        labels: [("alertname".to_owned(), "X".to_owned())].into(),
        starts_at: Some(time(-100)),
        ..Default::default()
    };
    let old = old.settle(0, time(0), world.state.config.resolve_timeout).unwrap();
    world.act(Event::Receive(vec![old]));
    assert_eq!(world.deliver(), ["a: +X"]);
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let mut world = World::new(ROUTE);
    world.now = 1_000_000;
    world.fire("alertname=X,job=j");
    world.pass(30);
    world.deliver();
    world.now = 0;
    world.act(Event::Tick);
    assert_eq!(world.deliver(), ["a: +X"]);
    world.pass(3500);
    assert_eq!(world.waiting(), NOTHING);
    world.pass(400);
    assert_eq!(world.deliver(), ["a: +X"]);
}
