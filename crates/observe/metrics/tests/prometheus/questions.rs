//! The queries that both are asked: every function and operator of Prometheus 2.42, over
//! selectors of every kind. `TIME` stands for an instant in the middle of the data.
//!
//! Steps of subqueries never meet the left boundary of a range, which 2.42 takes in.

const SELECTORS: [&str; 4] =
    ["requests_total", "temperature_celsius", "odd", "latency_seconds_sum"];

pub fn questions(time: &str) -> Vec<String> {
    let parts = [
        selections(),
        of_numbers(),
        of_ranges(),
        aggregations(),
        arithmetic(),
        comparisons(),
        sets(),
        histograms(),
        labels(),
        subqueries(),
        others(),
    ];
    parts.into_iter().flatten().map(|query| query.replace("TIME", time)).collect()
}

/// Every pattern with every text in the place of its `~`.
fn each(patterns: &[&str], texts: &[&str]) -> Vec<String> {
    let filled = |pattern: &&str| -> Vec<String> {
        texts.iter().map(|text| pattern.replace('~', text)).collect()
    };
    patterns.iter().flat_map(filled).collect()
}

fn selections() -> Vec<String> {
    let moved = [
        "",
        " offset 3m",
        " offset -4m",
        " @ TIME",
        " @ start()",
        " @ end() offset 90s",
        " offset 2m @ TIME",
    ];
    let mut all = each(&["requests_total~", "temperature_celsius~", "odd~"], &moved);
    all.extend(each(
        &["requests_total{~}"],
        &[
            r#"code="200""#,
            r#"code!="200""#,
            r#"code=~"5..""#,
            r#"code!~"4.*|2.*",path="/a""#,
            r#"path=~"/[ab]",method!="GET""#,
            r#"missing="""#,
            r#"missing!="""#,
        ],
    ));
    all.push(r#"{__name__=~"floor.*|limit_celsius",floor="1"}"#.into());
    all.push(r#"{floor="0",room!=""}"#.into());
    all
}

fn of_numbers() -> Vec<String> {
    let names = [
        "abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "deg", "rad", "sin",
        "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    ];
    let mut all =
        each(&["~(temperature_celsius)", "~(odd)", "-~(temperature_celsius / 40)"], &names);
    let dates = [
        "minute",
        "hour",
        "day_of_week",
        "day_of_month",
        "day_of_year",
        "days_in_month",
        "month",
        "year",
    ];
    all.extend(each(&["~()", "~(temperature_celsius * 3e7)", "~(timestamp(odd))"], &dates));
    all.extend(each(&["round(~)", "round(~, 5)", "round(~, 0.2)"], &SELECTORS));
    all.extend(each(
        &["clamp(~, -1, 4)", "clamp_min(~, 3)", "clamp_max(~, 3)", "clamp(~, 4, 1)"],
        &SELECTORS,
    ));
    all.extend(each(
        &["timestamp(~)", "timestamp(-~)", "timestamp(~ offset 2m)", "timestamp(~ @ TIME)"],
        &SELECTORS,
    ));
    all
}

fn of_ranges() -> Vec<String> {
    let names = [
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "resets",
        "changes",
        "deriv",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "sum_over_time",
        "count_over_time",
        "stddev_over_time",
        "stdvar_over_time",
        "last_over_time",
        "present_over_time",
        "absent_over_time",
    ];
    let mut all = Vec::new();
    for range in ["40s", "4m", "20m"] {
        for selector in SELECTORS {
            // The first two are of counters, and there is no counter below zero.
            let names = if selector == "temperature_celsius" { &names[2..] } else { &names };
            all.extend(each(&[&format!("~({selector}[{range}])")], names));
        }
    }
    all.extend(each(&["~(requests_total[5m] offset 3m)", "~(odd[5m] @ TIME)"], &names));
    all.extend(each(
        &[
            "predict_linear(~[10m], 300)",
            "quantile_over_time(0.3, ~[5m])",
            "quantile_over_time(-1, ~[5m])",
            "quantile_over_time(2, ~[5m])",
            "double_exponential_smoothing(~[6m], 0.3, 0.6)",
        ],
        &SELECTORS,
    ));
    all
}

fn aggregations() -> Vec<String> {
    let names = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];
    let mut all = each(
        &[
            "~(requests_total)",
            "~ by (method) (requests_total)",
            "~ without (path, code) (requests_total)",
            "~ by (missing) (temperature_celsius)",
            "~ by (floor) (temperature_celsius)",
            "~(odd)",
            r#"~(odd{kind=~"zero|half|whole|sometimes"})"#,
            "~ by (path) (rate(requests_total[5m]))",
            "~(nothing)",
        ],
        &names,
    );
    all.extend(each(
        &["topk~", "bottomk~"],
        &[
            "(3, temperature_celsius)",
            "(2, latency_seconds_sum)",
            "(0, temperature_celsius)",
            " by (floor) (1, temperature_celsius)",
            "(100, odd)",
        ],
    ));
    all.extend(each(
        &["quantile(~, temperature_celsius)", "quantile by (floor) (~, temperature_celsius)"],
        &["0", "0.31", "1", "-1", "1.5", "NaN"],
    ));
    all.extend(each(
        &["count_values(\"v\", ~)"],
        &["odd", "limit_celsius", "requests_total", "sgn(temperature_celsius)"],
    ));
    all.push("count_values by (floor) (\"v\", limit_celsius)".into());
    all
}

fn arithmetic() -> Vec<String> {
    let operators = ["+", "-", "*", "/", "%", "^"];
    let patterns = [
        "temperature_celsius ~ 3",
        "3 ~ temperature_celsius",
        "odd ~ 2",
        "2 ~ odd",
        "7 ~ 3",
        "temperature_celsius ~ limit_celsius",
        "temperature_celsius ~ on (room, floor) limit_celsius",
        r#"requests_total ~ ignoring (code) group_left requests_total{code="200"}"#,
        "temperature_celsius ~ on (floor) group_left floor_offset",
        "temperature_celsius ~ on (room) group_left (model, serial) sensor_info",
        "sensor_info ~ on (room) group_right (model) temperature_celsius",
        // Refused: not unique on one side.
        "requests_total ~ on (method) requests_total",
        "floor_offset ~ on (floor) temperature_celsius",
    ];
    let mut all = each(&patterns, &operators);
    // Without its name, which `atan2` keeps in 2.42.
    all.extend(
        patterns
            .iter()
            .filter(|pattern| **pattern != "7 ~ 3")
            .map(|pattern| format!("sum without () ({})", pattern.replace('~', "atan2"))),
    );
    let signs =
        ["-temperature_celsius", "-odd", "-(2 ^ 3)", "-2 ^ 2", "2 ^ 3 ^ 2", "8 % 3 * 2", "+odd"];
    all.extend(signs.map(String::from));
    all
}

fn comparisons() -> Vec<String> {
    each(
        &[
            "temperature_celsius ~ 20",
            "20 ~ temperature_celsius",
            "temperature_celsius ~ bool 20",
            "20 ~ bool temperature_celsius",
            "odd ~ 0",
            "odd ~ bool 0",
            "1 ~ bool 2",
            "temperature_celsius ~ limit_celsius",
            "temperature_celsius ~ bool limit_celsius",
            "temperature_celsius ~ on (room) limit_celsius",
            "temperature_celsius ~ ignoring (floor) limit_celsius",
            "temperature_celsius ~ on (floor) group_left floor_offset",
            "floor_offset ~ bool on (floor) group_right temperature_celsius",
            r#"requests_total ~ ignoring (code) group_left () requests_total{code="404"}"#,
        ],
        &["==", "!=", ">", "<", ">=", "<="],
    )
}

fn sets() -> Vec<String> {
    each(
        &[
            "temperature_celsius ~ limit_celsius",
            "temperature_celsius ~ on (floor) floor_offset",
            "(temperature_celsius > 25) ~ on (room) (limit_celsius > 23)",
            r#"requests_total{code="200"} ~ ignoring (code) requests_total{code="500"}"#,
            "requests_total ~ nothing",
            "nothing ~ requests_total",
            "temperature_celsius > 20 ~ temperature_celsius < 10",
            "vector(1) ~ on () odd",
            "rate(requests_total[4m]) ~ sensor_info ~ odd",
        ],
        &["and", "or", "unless"],
    )
}

fn histograms() -> Vec<String> {
    let mut all = each(
        &[
            "histogram_quantile(~, latency_seconds_bucket)",
            "histogram_quantile(~, rate(latency_seconds_bucket[5m]))",
            "histogram_quantile(~, sum by (le) (rate(latency_seconds_bucket[5m])))",
            r#"histogram_quantile(~, sum by (le) (increase(latency_seconds_bucket{path!="/1"}[9m])))"#,
            r#"histogram_quantile(~, latency_seconds_bucket{le!="+Inf"})"#,
        ],
        &["0", "0.05", "0.5", "0.9", "0.99", "1", "-1", "1.2", "NaN"],
    );
    all.push("rate(latency_seconds_sum[5m]) / rate(latency_seconds_count[5m])".into());
    all.push(r#"latency_seconds_bucket{le="0.5"} / ignoring (le) latency_seconds_count"#.into());
    all
}

fn labels() -> Vec<String> {
    [
        r#"label_replace(requests_total, "kind", "$1xx", "code", "(.)..")"#,
        r#"label_replace(requests_total, "kind", "${1}-$2", "code", "(.)(.).")"#,
        r#"label_replace(requests_total, "kind", "$name", "path", "/(?P<name>.*)")"#,
        r#"label_replace(requests_total, "path", "", "path", ".*")"#,
        r#"label_replace(requests_total, "kind", "x", "missing", "")"#,
        r#"label_replace(temperature_celsius, "__name__", "heat", "floor", "1")"#,
        r#"label_replace(requests_total, "method", "one", "method", ".*")"#,
        r#"label_join(sensor_info, "all", "-", "room", "model", "missing")"#,
        r#"label_join(sensor_info, "serial", "")"#,
        r#"sum by (kind) (label_replace(requests_total, "kind", "$1", "code", "(.)..")) / 2"#,
        r#"absent(nothing)"#,
        r#"absent(nothing{a="b",c=~"d"})"#,
        r#"absent(temperature_celsius)"#,
        r#"absent(temperature_celsius{room="3"})"#,
        r#"absent(sum(nothing{a="b"}))"#,
        r#"absent_over_time(nothing{a="b"}[5m])"#,
        r#"absent_over_time(temperature_celsius{room="3"}[2m])"#,
        r#"label_replace(odd, "bad name", "x", "kind", "(")"#,
    ]
    .map(String::from)
    .to_vec()
}

fn subqueries() -> Vec<String> {
    let mut all = each(
        &[
            "~(rate(requests_total[2m])[10m:30s])",
            "~(temperature_celsius[10m:1m] offset 2m)",
            "~((temperature_celsius * 2)[8m:])",
            "~(sum by (floor) (temperature_celsius)[10m:1m] @ TIME)",
            "~(avg_over_time(temperature_celsius[5m10s:30s])[10m:1m])",
            "~(timestamp(odd)[6m:20s])",
        ],
        &[
            "max_over_time",
            "min_over_time",
            "avg_over_time",
            "sum_over_time",
            "count_over_time",
            "last_over_time",
            "delta",
            "deriv",
            "changes",
            "resets",
            "absent_over_time",
            "stddev_over_time",
            "present_over_time",
        ],
    );
    all.push("quantile_over_time(0.7, rate(requests_total[2m])[10m:30s])".into());
    all.push("predict_linear(sum(temperature_celsius)[10m:1m], 600)".into());
    all.push("temperature_celsius[3m:20s]".into());
    all
}

fn others() -> Vec<String> {
    [
        "time()",
        "vector(time())",
        "pi()",
        "scalar(odd)",
        r#"scalar(odd{kind="half"})"#,
        r#"scalar(odd{kind="half"}) * requests_total"#,
        "vector(scalar(floor_offset))",
        "1",
        "-1.5e-3",
        "0x1f",
        "Inf",
        "-Inf",
        "NaN",
        r#""text""#,
        "1e30",
        "1.5e-9",
        "sort(temperature_celsius)",
        "sort_desc(odd)",
        "temperature_celsius[2m]",
        "requests_total[1m] offset 2m",
        "odd[1m] @ TIME",
        "sum(rate(requests_total{code=~\"5..\"}[5m])) / sum(rate(requests_total[5m]))",
        "topk(2, sum by (path) (latency_seconds_sum))",
        "avg by (model) (temperature_celsius * on (room) group_left (model) sensor_info)",
        "sum without (room) (temperature_celsius) > bool on (floor) floor_offset",
        "count(temperature_celsius > 20) or vector(0)",
        "time() - timestamp(temperature_celsius)",
        "rate(requests_total)",
        "temperature_celsius[5m] + 1",
        "sum(1)",
        "unknown_function(odd)",
        "odd{kind=~\"(\"}",
        "1 > 2",
        "1 and odd",
        "clamp(odd)",
    ]
    .map(String::from)
    .to_vec()
}
