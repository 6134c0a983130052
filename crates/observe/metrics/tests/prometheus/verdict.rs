//! Whether two answers of the HTTP API say the same.

use serde_json::Value;

/// Relative: what the order of additions makes of a double.
const NOISE: f64 = 1e-9;
/// What is left of a difference of equal numbers.
const NOTHING: f64 = 1e-12;

/// `Err` says where they differ. Of two refusals only the fact is compared.
pub fn compare(theirs: &Value, ours: &Value) -> Result<(), String> {
    let differ = || Err(format!("\n  theirs {theirs}\n  ours   {ours}"));
    if theirs["status"] != ours["status"] {
        return differ();
    }
    if theirs["status"] == "error" {
        return Ok(());
    }
    let (theirs_data, ours_data) = (&theirs["data"], &ours["data"]);
    if theirs_data["resultType"] != ours_data["resultType"] {
        return differ();
    }
    let (theirs_rows, ours_rows) = (rows(theirs_data), rows(ours_data));
    if theirs_rows.len() != ours_rows.len() {
        return differ();
    }
    for ((metric, points), (our_metric, our_points)) in theirs_rows.iter().zip(&ours_rows) {
        if metric != our_metric {
            return Err(format!("{metric} there, {our_metric} here"));
        }
        if points.len() != our_points.len() {
            return Err(format!("{metric}:\n  theirs {points:?}\n  ours   {our_points:?}"));
        }
        for (point, our_point) in points.iter().zip(our_points) {
            if !is_same(point, our_point) {
                return Err(format!("{metric}: {point} there, {our_point} here"));
            }
        }
    }
    Ok(())
}

/// Each series' labels and points, in order of labels.
fn rows(data: &Value) -> Vec<(String, Vec<Value>)> {
    let Some(result) = data["result"].as_array() else { return vec![] };
    if matches!(data["resultType"].as_str(), Some("scalar" | "string")) {
        return vec![(String::new(), vec![data["result"].clone()])];
    }
    let mut rows: Vec<(String, Vec<Value>)> = result
        .iter()
        .map(|row| {
            let points = match row["values"].as_array() {
                Some(points) => points.clone(),
                None => vec![row["value"].clone()],
            };
            // Maps are written in order of their keys.
            (row["metric"].to_string(), points)
        })
        .collect();
    rows.sort_by(|left, right| left.0.cmp(&right.0));
    rows
}

fn is_same(theirs: &Value, ours: &Value) -> bool {
    let number = |point: &Value| point[1].as_str().and_then(|text| text.parse::<f64>().ok());
    if theirs[0].as_f64() != ours[0].as_f64() {
        return false;
    }
    match (number(theirs), number(ours)) {
        (Some(theirs), Some(ours)) => {
            let difference = (theirs - ours).abs();
            theirs.to_bits() == ours.to_bits()
                || (theirs.is_nan() && ours.is_nan())
                || theirs == ours
                || difference <= NOISE * theirs.abs().max(ours.abs())
                || difference <= NOTHING
        }
        (None, None) => theirs[1] == ours[1],
        _ => false,
    }
}
