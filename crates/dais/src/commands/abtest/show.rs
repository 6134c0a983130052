//! A test on one screen: its variants, then each metric with its intervals drawn on one
//! scale. Pure text.

use dais_api::abtest::{Interval, VariantFigures};
use dais_api::conditions::{self, READY};
use dais_api::{ABTest, ABTestStatus};
use kube::ResourceExt;

use crate::language::say;
use crate::output::Table;

/// Characters of a drawn interval.
const WIDTH: usize = 41;

pub fn text(test: &ABTest) -> String {
    let status = test.status.clone().unwrap_or_default();
    let ready = conditions::find(&status.conditions, READY);
    let why = ready.map(|ready| ready.message.as_str()).unwrap_or_default();
    let phase = status.phase.unwrap_or_default();
    let mut lines = vec![format!("{}  {phase:?}: {why}", test.name_any())];
    if let Some(url) = &status.url {
        lines.push(format!("{}  {url}", say("address", "地址")));
    }
    if let Some(ramp) = &status.ramp {
        lines.push(format!("{}  {} %", say("taking part", "参与比例"), ramp.percent));
    }
    if let Some(decision) = &status.decision {
        lines.push(format!("{}  {}", say("decision", "结论"), decision.message));
    }
    if let Some(mismatch) = status.mismatch.as_ref().filter(|mismatch| mismatch.alarm) {
        let words = say(
            "ALARM: the split is not the intended one; trust no figure",
            "警报：分流比例与预期不符，不要相信任何数字",
        );
        lines.push(format!("{words} (p = {:.1e})", mismatch.p_value));
    }
    let mut all = lines.join("\n");
    all.push_str("\n\n");
    all.push_str(&variants(&status).draw());
    all.push('\n');
    all.push_str(&figures(test).draw());
    all.push_str(&footnotes(&status));
    all
}

fn variants(status: &ABTestStatus) -> Table {
    let empty = say("no variant is known yet", "尚无变体信息");
    let head = ["VARIANT", "MODEL", "READY", "SHARE", "SUBJECTS", "REQUESTS", "FAILED"];
    let mut table = Table::new(&head, empty);
    for variant in &status.variants {
        table.row(vec![
            variant.name.clone(),
            variant.model.clone().unwrap_or_else(|| variant.service.clone()),
            if variant.ready { say("yes", "是") } else { say("no", "否") }.to_owned(),
            format!("{:.1} %", variant.share * 100.0),
            variant.subjects.to_string(),
            variant.requests.to_string(),
            variant.failures.to_string(),
        ]);
    }
    table
}

/// Each metric of each variant.
pub fn figures(test: &ABTest) -> Table {
    let status = test.status.clone().unwrap_or_default();
    let empty = say("no figures yet", "尚无数据");
    let head = ["METRIC", "VARIANT", "VALUE", "EFFECT", "CHANCE/P", "-  0  +", "LEFT"];
    let mut table = Table::new(&head, empty);
    for metric in &status.metrics {
        let widest = metric.variants.iter().filter_map(|one| one.interval).map(reach);
        let scale = widest.fold(0.0, f64::max);
        let star = if metric.name == test.spec.primary { " *" } else { "" };
        for (at, one) in metric.variants.iter().enumerate() {
            let name = if at == 0 { format!("{}{star}", metric.name) } else { String::new() };
            table.row(row(name, one, scale));
        }
    }
    table
}

fn reach(interval: Interval) -> f64 {
    interval.lower.abs().max(interval.upper.abs())
}

fn row(metric: String, one: &VariantFigures, scale: f64) -> Vec<String> {
    let percent = |share: f64| format!("{:+.1} %", share * 100.0);
    let sure = match (one.chance_to_win, one.p_value) {
        (Some(chance), _) => format!("{:.1} %", chance * 100.0),
        (None, Some(p_value)) => format!("p {p_value:.3}"),
        (None, None) => String::new(),
    };
    let drawn = match (one.interval, one.effect) {
        (Some(interval), Some(effect)) => draw(interval, effect, scale),
        _ => one.message.iter().flat_map(|why| why.chars()).take(2 * WIDTH).collect(),
    };
    vec![
        metric,
        one.variant.clone(),
        one.value.map(|value| format!("{value:.4}")).unwrap_or_default(),
        one.effect.map(percent).unwrap_or_default(),
        sure,
        drawn,
        one.seconds_left.map(duration).unwrap_or_default(),
    ]
}

/// An interval on a scale from `-scale` to `scale`: `├──●──┤`, with `│` at 0.
fn draw(interval: Interval, effect: f64, scale: f64) -> String {
    let last = WIDTH - 1;
    let place = |value: f64| {
        let share = if scale > 0.0 { (value / scale + 1.0) / 2.0 } else { 0.5 };
        (share.clamp(0.0, 1.0) * last as f64).round() as usize
    };
    let (lower, upper, middle) = (place(interval.lower), place(interval.upper), place(effect));
    let zero = place(0.0);
    let mark = |at: usize| match at {
        at if at == middle => '●',
        at if at == lower => '├',
        at if at == upper => '┤',
        at if at == zero => '│',
        at if at > lower && at < upper => '─',
        _ => ' ',
    };
    (0..WIDTH).map(mark).collect::<String>().trim_end().to_owned()
}

fn duration(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn footnotes(status: &ABTestStatus) -> String {
    let mut lines = Vec::new();
    for rail in &status.guardrails {
        let why = rail.message.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let word = say("guardrail", "护栏");
        lines.push(format!("{word} {} / {}  {:?}{why}", rail.metric, rail.variant, rail.verdict));
    }
    for metric in &status.metrics {
        if let Some(message) = &metric.message {
            lines.push(format!("{}: {message}", metric.name));
        }
    }
    if let Some(outcomes) = &status.outcomes {
        lines.push(format!(
            "{}  {} {}, {} {}, {} {}, {} {}",
            say("outcomes", "结果"),
            outcomes.joined,
            say("joined", "已关联"),
            outcomes.late,
            say("after the window", "超出时间窗"),
            outcomes.waiting,
            say("of requests not known", "请求未知"),
            outcomes.dropped,
            say("exposures lost", "曝光丢失"),
        ));
    }
    if status.crossed > 0 {
        let words = say(
            "subjects seen under more than one variant; their first counts",
            "个对象见过多个变体，以首次为准",
        );
        lines.push(format!("{} {words}", status.crossed));
    }
    if let Some(shadow) = &status.shadow {
        let words = say("shadow", "影子流量");
        lines.push(format!(
            "{words}  {} = {} ≠ {} ✗ {}",
            shadow.copied, shadow.same, shadow.different, shadow.failed
        ));
    }
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_drawn_on_one_scale() {
        let interval = |lower, upper| Interval { lower, upper };
        let right = draw(interval(0.1, 0.4), 0.25, 0.4);
        assert_eq!(right, format!("{}│    ├───────●──────┤", " ".repeat(20)));
        let over = draw(interval(-0.4, 0.2), -0.1, 0.4);
        assert!(over.starts_with('├') && over.contains('●') && over.contains('│'), "{over}");
        assert_eq!(draw(interval(0.0, 0.0), 0.0, 0.0).trim(), "●");
    }

    #[test]
    fn time_left_is_told_in_one_unit() {
        let told: Vec<String> = [59, 600, 7200, 864_000].into_iter().map(duration).collect();
        assert_eq!(told, ["59 s", "10 min", "2 h", "10 d"]);
    }
}
