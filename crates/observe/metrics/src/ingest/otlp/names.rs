//! OpenTelemetry's names and units in Prometheus's words (OpenTelemetry specification,
//! "Prometheus and OpenMetrics Compatibility").

/// UCUM's units and the word that ends a metric's name.
const UNITS: [(&str, &str); 28] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("%", "percent"),
    ("1", ""),
    ("bit", "bits"),
    ("byte", "bytes"),
];

/// What stands behind the slash of a unit.
const PER: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// What a metric is, as far as its name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Other,
}

/// `http.server.duration` in `ms` is `http_server_duration_milliseconds`; a counter ends in
/// `_total`, a gauge without a unit (`1`) in `_ratio`.
pub fn metric(name: &str, unit: &str, kind: Kind) -> String {
    let is_separator = |letter: char| !letter.is_ascii_alphanumeric() && letter != ':';
    let mut words: Vec<String> =
        name.split(is_separator).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let (main, per) = match unit.split_once('/') {
        Some((main, per)) => (main, Some(per)),
        None => (unit, None),
    };
    append(&mut words, &unit_word(main, &UNITS));
    if let Some(per) = per.map(|per| unit_word(per, &PER)).filter(|per| !per.is_empty())
        && !words.contains(&per)
    {
        words.extend(["per".to_owned(), per]);
    }
    let ending = match kind {
        Kind::Counter => Some("total"),
        Kind::Gauge if unit == "1" => Some("ratio"),
        Kind::Gauge | Kind::Other => None,
    };
    if let Some(ending) = ending {
        words.retain(|word| word != ending);
        words.push(ending.to_owned());
    }
    let name = words.join("_");
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn append(words: &mut Vec<String>, word: &str) {
    if !word.is_empty() && !words.iter().any(|known| known == word) {
        words.push(word.to_owned());
    }
}

/// Annotations in braces are no unit.
fn unit_word(unit: &str, known: &[(&str, &str)]) -> String {
    let unit = unit.trim();
    if unit.contains(['{', '}']) {
        return String::new();
    }
    let word = known.iter().find(|(own, _)| *own == unit).map_or(unit, |(_, word)| word);
    word.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

/// `http.method` is `http_method`.
pub fn label(name: &str) -> String {
    let letters = name.chars();
    let name: String =
        letters.map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    match name.as_bytes() {
        [first, ..] if first.is_ascii_digit() => format!("key_{name}"),
        [b'_', second, ..] if *second != b'_' => format!("key{name}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units_are_prometheuss() {
        for (name, unit, kind, expected) in [
            ("http.server.duration", "ms", Kind::Other, "http_server_duration_milliseconds"),
            ("system.network.io", "By", Kind::Counter, "system_network_io_bytes_total"),
            ("requests_total", "{request}", Kind::Counter, "requests_total"),
            ("a.total.b", "", Kind::Counter, "a_b_total"),
            ("cpu.utilization", "1", Kind::Gauge, "cpu_utilization_ratio"),
            ("speed", "m/s", Kind::Gauge, "speed_meters_per_second"),
            ("queue.seconds", "s", Kind::Gauge, "queue_seconds"),
            ("2xx", "", Kind::Gauge, "_2xx"),
            ("ns:level", "", Kind::Gauge, "ns:level"),
        ] {
            assert_eq!(metric(name, unit, kind), expected, "{name} in {unit}");
        }
        assert_eq!(label("http.method"), "http_method");
        assert_eq!(label("2nd"), "key_2nd");
        assert_eq!((label("_a"), label("__a")), ("key_a".into(), "__a".into()));
    }
}
