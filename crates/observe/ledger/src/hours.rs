//! Use between two counter readings, cut at full hours. Pure.

/// Milliseconds of an hour.
pub(crate) const HOUR: i64 = 3_600_000;

/// One hour's part of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    /// Where the hour begins (UTC).
    pub(crate) hour: i64,
    pub(crate) begins_at: i64,
    pub(crate) ends_at: i64,
    /// Of the interval: 1 when all of it lies in this hour.
    pub(crate) share: f64,
}

/// The hours that `[from, to)` touches; what was counted in it is spread
/// evenly over its time. An interval without length is one part.
pub(crate) fn parts(from: i64, to: i64) -> Vec<Part> {
    let to = to.max(from);
    let mut parts = Vec::new();
    let mut begins_at = from;
    loop {
        let hour = begins_at.div_euclid(HOUR) * HOUR;
        let ends_at = to.min(hour + HOUR);
        let share = match to - from {
            0 => 1.0,
            whole => (ends_at - begins_at) as f64 / whole as f64,
        };
        parts.push(Part { hour, begins_at, ends_at, share });
        if ends_at >= to {
            return parts;
        }
        begins_at = ends_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_cut_at_full_hours_and_loses_nothing() {
        let found = parts(HOUR / 2, 2 * HOUR + HOUR / 4);
        let hours: Vec<i64> = found.iter().map(|part| part.hour).collect();
        assert_eq!(hours, [0, HOUR, 2 * HOUR]);
        assert_eq!(found[0].ends_at, found[1].begins_at);
        let whole: f64 = found.iter().map(|part| part.share).sum();
        assert!((whole - 1.0).abs() < 1e-12, "{whole}");
        assert!((found[1].share - 4.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn a_moment_is_one_whole_part() {
        assert_eq!(
            parts(HOUR, HOUR),
            [Part { hour: HOUR, begins_at: HOUR, ends_at: HOUR, share: 1.0 }]
        );
        // A clock that went back counts at the moment it knew last.
        assert_eq!(parts(HOUR + 5, 7).len(), 1);
    }

    #[test]
    fn an_end_on_the_hour_opens_no_further_hour() {
        assert_eq!(parts(0, HOUR).len(), 1);
    }
}
