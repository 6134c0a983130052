//! Takes up after a restart how long alerts had been pending, from `ALERTS_FOR_STATE`.

use std::collections::HashMap;

use promql_parser::label::{MatchOp, Matcher};

use super::RulesConfig;
use super::alert::{Alerts, FOR_STATE, Turn, milliseconds};
use crate::error::Result;
use crate::labels::{Labels, NAME};
use crate::promql::Source;
use crate::sample::{Sample, is_marker};

/// Gives each alert that was pending or firing before the program went down the time
/// since when it was. Time during which nobody looked does not count as pending.
pub fn restore(
    alerts: &mut Alerts,
    turn: &Turn<'_>,
    source: &dyn Source,
    config: &RulesConfig,
) -> Result<()> {
    let (hold, grace) = (milliseconds(turn.rule.hold), milliseconds(config.restore_grace));
    if hold < grace || alerts.active().next().is_none() {
        return Ok(());
    }
    let mut matchers = vec![
        Matcher::new(MatchOp::Equal, NAME, FOR_STATE),
        Matcher::new(MatchOp::Equal, "alertname", &turn.rule.alert),
    ];
    matchers.extend(
        turn.namespace.map(|namespace| Matcher::new(MatchOp::Equal, "namespace", namespace)),
    );
    let from = turn.now.saturating_sub(milliseconds(config.outage_tolerance));
    let stored = source.select(&matchers, from, turn.now)?;
    let last_of: HashMap<Labels, Sample> = stored
        .into_iter()
        .filter_map(|series| Some((series.labels.without_name(), *series.samples.last()?)))
        // One that had ended starts anew.
        .filter(|(_, last)| !is_marker(last.value))
        .collect();
    for alert in alerts.active_mut() {
        if let Some(last) = last_of.get(&alert.labels) {
            alert.active_at = active_since(*last, hold, grace, turn.now);
        }
    }
    Ok(())
}

/// From the last sample before the outage to a time from which the rest of `hold` runs.
fn active_since(last: Sample, hold: i64, grace: i64, now: i64) -> i64 {
    let since = (last.value * 1000.0) as i64;
    let left = hold - (last.time - since);
    if left <= 0 {
        // It fired before.
        since
    } else if left < grace {
        now + grace - hold
    } else {
        since + (now - last.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_a_look_is_no_time_pending() {
        let minute = 60_000;
        let last = |at: i64, since: i64| Sample { time: at * minute, value: (since * 60) as f64 };
        let at =
            |last, now: i64| active_since(last, 30 * minute, 10 * minute, now * minute) / minute;
        assert_eq!(at(last(100, 60), 120), 60, "it had fired");
        assert_eq!(at(last(100, 95), 120), 115, "5 minutes pending before, 20 away");
        assert_eq!(at(last(100, 75), 120), 100, "at least the grace is left: until 130");
    }
}
