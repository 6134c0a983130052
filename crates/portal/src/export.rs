//! The audit record as a file: CSV for spreadsheets, JSON Lines for programs.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use dais_identity::{AuditQuery, AuditRecord};

use crate::audit::{Filter, item, reader, time};
use crate::body::Parameters;
use crate::callers::Me;
use crate::problem::Refusal;
use crate::{Portal, Problem};

/// Records read at once.
const PAGE: i64 = 500;
const HEADINGS: &str = "time,user,actingAs,via,source,agent,verb,group,resource,namespace,name,code,requestId,changes\r\n";

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Jsonl,
}

/// Everything that matches, newest first, as a file that is written as it is read.
#[utoipa::path(get, path = "/api/audit/export/{format}", params(("format", description = "csv or jsonl"), Filter),
    responses((status = 200, content_type = "text/csv"), (status = 400, body = Refusal),
        (status = 401, body = Refusal)))]
pub(crate) async fn export(
    Me(caller): Me,
    State(portal): State<Portal>,
    axum::extract::Path(format): axum::extract::Path<String>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Response, Problem> {
    let (format, media_type) = match format.as_str() {
        "csv" => (Format::Csv, "text/csv; charset=utf-8"),
        "jsonl" => (Format::Jsonl, "application/jsonl"),
        other => {
            let reason = format!("there is no form {other:?}");
            return Err(Problem::new(StatusCode::NOT_FOUND, reason, "use csv or jsonl"));
        }
    };
    let query = filter.query(PAGE, reader(&portal, caller).await)?;
    let name = match format {
        Format::Csv => "attachment; filename=\"audit.csv\"",
        Format::Jsonl => "attachment; filename=\"audit.jsonl\"",
    };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, name)];
    let start = Some((query, true));
    let pages = futures::stream::unfold((portal, start), move |(portal, next)| async move {
        let (query, first) = next?;
        match page(&portal, query, (format, first)).await {
            Ok((text, next)) => Some((Ok(text), (portal, next.map(|query| (query, false))))),
            Err(error) => Some((Err(std::io::Error::other(error)), (portal, None))),
        }
    });
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// One page as text, and what asks for the next.
async fn page(
    portal: &Portal,
    query: AuditQuery,
    (format, first): (Format, bool),
) -> dais_identity::Result<(Bytes, Option<AuditQuery>)> {
    let records = portal.identity().audit(&query).await?;
    let full = i64::try_from(records.len()) == Ok(PAGE);
    let last = records.last().filter(|_| full).map(|record| record.id.clone());
    let next = last.map(|before| AuditQuery { before: Some(before), ..query });
    let mut text = String::new();
    if first && matches!(format, Format::Csv) {
        // Spreadsheets take a file without this mark for another encoding.
        text.push('\u{feff}');
        text.push_str(HEADINGS);
    }
    for record in records {
        match format {
            Format::Csv => text.push_str(&row(&record)),
            Format::Jsonl => {
                text.push_str(&serde_json::to_string(&item(record)).unwrap_or_default());
                text.push('\n');
            }
        }
    }
    Ok((text.into(), next))
}

fn row(record: &AuditRecord) -> String {
    let AuditRecord { at, entry, .. } = record;
    let code = entry.status.to_string();
    let changes = serde_json::to_string(&entry.changes).unwrap_or_default();
    let moment = time(*at);
    let cells = [
        &moment,
        &entry.user,
        &entry.acting_as,
        &entry.via,
        &entry.source,
        &entry.agent,
        &entry.verb,
        &entry.group,
        &entry.resource,
        &entry.namespace,
        &entry.name,
        &code,
        &entry.request_id,
        &changes,
    ];
    let cells: Vec<String> = cells.into_iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// As RFC 4180 quotes it. What a spreadsheet would run as a formula becomes text.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell("=cmd()"), "'=cmd()");
    }
}
