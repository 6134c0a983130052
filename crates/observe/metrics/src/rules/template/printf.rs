//! Go's `fmt`: verbs with flags, width and precision, and how values print by themselves.

use super::value::Value;

/// The widest that a field or a precision may be asked for.
const MAX_WIDTH: usize = 1000;

/// What stands between `%` and the verb.
#[derive(Default)]
struct Spec {
    has_plus: bool,
    is_left: bool,
    is_sharp: bool,
    has_space: bool,
    is_zero_padded: bool,
    width: usize,
    precision: Option<usize>,
}

pub fn sprintf(format: &str, arguments: &[Value]) -> Result<String, String> {
    let mut output = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        output.push_str(&rest[..at]);
        let (spec, after) = spec(&rest[at + 1..])?;
        let mut characters = after.chars();
        rest = match characters.next() {
            None => {
                output.push_str("%!(NOVERB)");
                ""
            }
            Some('%') => {
                output.push('%');
                characters.as_str()
            }
            Some(verb) => {
                output.push_str(&match arguments.next() {
                    Some(value) => spec.formatted(verb, value),
                    None => format!("%!{verb}(MISSING)"),
                });
                characters.as_str()
            }
        };
    }
    output.push_str(rest);
    let extra: Vec<String> =
        arguments.map(|value| format!("{}={}", value.kind(), plain(value))).collect();
    if !extra.is_empty() {
        output.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(output)
}

fn spec(text: &str) -> Result<(Spec, &str), String> {
    let mut spec = Spec::default();
    let after = text.trim_start_matches(['+', '-', '#', ' ', '0']);
    for flag in text[..text.len() - after.len()].chars() {
        match flag {
            '+' => spec.has_plus = true,
            '-' => spec.is_left = true,
            '#' => spec.is_sharp = true,
            ' ' => spec.has_space = true,
            _ => spec.is_zero_padded = true,
        }
    }
    let (width, after) = number(after)?;
    spec.width = width.unwrap_or(0);
    match after.strip_prefix('.') {
        None => Ok((spec, after)),
        Some(after) => {
            let (precision, after) = number(after)?;
            spec.precision = Some(precision.unwrap_or(0));
            Ok((spec, after))
        }
    }
}

fn number(text: &str) -> Result<(Option<usize>, &str), String> {
    let end = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return Ok((None, text));
    }
    let number = text[..end].parse().ok().filter(|number| *number <= MAX_WIDTH);
    let number = number.ok_or_else(|| format!("a width or precision above {MAX_WIDTH}"))?;
    Ok((Some(number), &text[end..]))
}

impl Spec {
    fn formatted(&self, verb: char, value: &Value) -> String {
        match (verb, value) {
            // A plus before `v` asks for the names of fields and not for a sign.
            ('v', Value::Float(number)) => {
                Spec { has_plus: false, ..*self }.signed(general(*number, self.precision))
            }
            ('v', Value::Int(number)) => {
                Spec { has_plus: false, ..*self }.signed(number.to_string())
            }
            ('v', other) => self.padded(&plain(other), false),
            ('f' | 'F', Value::Float(number)) => self.signed(fixed(*number, self.precision)),
            ('e', Value::Float(number)) => {
                self.signed(exponential(*number, self.precision.unwrap_or(6)))
            }
            ('g', Value::Float(number)) => self.signed(general(*number, self.precision)),
            ('d', Value::Int(number)) => self.signed(number.to_string()),
            ('x', Value::Int(number)) => self.signed(self.hexadecimal(*number)),
            ('X', Value::Int(number)) => self.signed(self.hexadecimal(*number).to_uppercase()),
            ('c', Value::Int(code)) => {
                let character = u32::try_from(*code).ok().and_then(char::from_u32);
                self.padded(&character.unwrap_or(char::REPLACEMENT_CHARACTER).to_string(), false)
            }
            ('s', Value::Text(text)) => match self.precision {
                None => self.padded(text, false),
                Some(count) => self.padded(&text.chars().take(count).collect::<String>(), false),
            },
            ('q', Value::Text(text)) => self.padded(&format!("{text:?}"), false),
            ('t', Value::Bool(truth)) => self.padded(&truth.to_string(), false),
            ('s', Value::Labels(_) | Value::List(_) | Value::Struct(_)) => {
                self.padded(&plain(value), false)
            }
            (verb, Value::Nil) => format!("%!{verb}(<nil>)"),
            (verb, other) => format!("%!{verb}({}={})", other.kind(), plain(other)),
        }
    }

    fn hexadecimal(&self, number: i64) -> String {
        let sign = if number < 0 { "-" } else { "" };
        let prefix = if self.is_sharp { "0x" } else { "" };
        format!("{sign}{prefix}{:x}", number.unsigned_abs())
    }

    /// A number with the sign that the flags ask for.
    fn signed(&self, text: String) -> String {
        let is_number = text.ends_with(|last: char| last.is_ascii_hexdigit());
        let text = match text.strip_prefix('+') {
            // Only infinity carries a plus of its own.
            Some(_) => text,
            None if text.starts_with('-') => text,
            None if self.has_plus => format!("+{text}"),
            None if self.has_space => format!(" {text}"),
            None => text,
        };
        self.padded(&text, is_number)
    }

    fn padded(&self, text: &str, is_number: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.is_left {
            return format!("{text}{}", " ".repeat(missing));
        }
        if self.is_zero_padded && is_number {
            let digits = text.trim_start_matches(['+', '-', ' ']);
            let sign = &text[..text.len() - digits.len()];
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        format!("{}{text}", " ".repeat(missing))
    }
}

/// As `%v` prints it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => general(*number, None),
        Value::Text(text) => text.clone(),
        Value::Labels(labels) => {
            let pairs: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            format!("map[{}]", pairs.join(" "))
        }
        Value::Struct(fields) => {
            let values: Vec<String> = fields.iter().map(|(_, value)| plain(value)).collect();
            format!("{{{}}}", values.join(" "))
        }
        Value::List(list) => {
            let values: Vec<String> = list.iter().map(plain).collect();
            format!("[{}]", values.join(" "))
        }
    }
}

fn special(number: f64) -> Option<&'static str> {
    match number {
        number if number.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

fn fixed(number: f64, precision: Option<usize>) -> String {
    special(number)
        .map(str::to_owned)
        .unwrap_or_else(|| format!("{number:.*}", precision.unwrap_or(6)))
}

/// `%e`: the exponent has a sign and two digits at least.
fn exponential(number: f64, precision: usize) -> String {
    special(number)
        .map(str::to_owned)
        .unwrap_or_else(|| with_go_exponent(&format!("{number:.precision$e}")))
}

fn with_go_exponent(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%g`: so many significant digits, or as many as tell the number from its neighbours;
/// an exponent where it is below -4 or not below the precision (6 without one).
pub fn general(number: f64, precision: Option<usize>) -> String {
    if let Some(word) = special(number) {
        return word.into();
    }
    let written = match precision {
        None => format!("{number:e}"),
        Some(digits) => format!("{number:.*e}", digits.max(1) - 1),
    };
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    let threshold = precision.map_or(6, |digits| digits.max(1) as i64);
    if exponent < -4 || exponent >= threshold {
        return with_go_exponent(&format!("{mantissa}e{exponent}"));
    }
    let digits = mantissa.replace(['.', '-'], "").len() as i64;
    let decimals = (digits - 1 - exponent).max(0) as usize;
    // The digits are rounded already: reading them again and writing them fixed is exact.
    let rounded: f64 = written.parse().unwrap_or(number);
    format!("{rounded:.decimals$}")
}

/// With an exponent and as many digits as it takes, as the API writes an alert's value.
pub fn shortest_exponential(number: f64) -> String {
    special(number).map(str::to_owned).unwrap_or_else(|| with_go_exponent(&format!("{number:e}")))
}
