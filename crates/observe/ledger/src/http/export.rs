//! The answers as files for spreadsheets.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;

use super::params::{EntriesQuery, UseQuery};
use super::refusal::{Parameters, Refusal, Refused};
use super::{Books, Shared, answer_use};
use crate::csv;
use crate::groups::Question;
use crate::prices::PriceList;
use crate::range::Range;
use crate::sql::{By, Filter, Scope};

/// Entries that are read together.
const TOGETHER: usize = 500;

/// Use summed up, as a file; what `limit` would leave out is in it.
#[utoipa::path(get, path = "/api/ledger/use.csv", params(UseQuery),
    responses((status = 200, content_type = "text/csv", body = String),
        (status = 400, body = Refusal)))]
pub(super) async fn use_by(
    axum::extract::State(books): Shared,
    Extension(scope): Extension<Scope>,
    Parameters(query): Parameters<UseQuery>,
) -> Result<Response, Refused> {
    let list = books.list();
    let (_, groups, _) = answer_use(&books, &query, &scope, list.as_ref()).await?;
    let by = match query.by() {
        By::Application => "app",
        By::Project => "project_name",
        By::Workspace => "workspace",
        By::Kind => "kind",
        By::Person | By::Entry | By::All => "user",
    };
    let currency = currency(list.as_ref());
    let mut text = format!("{}{}", csv::MARK, csv::group_head(by));
    for group in &groups {
        text += &csv::group(group, &currency);
    }
    Ok(file("use", Body::from(text)))
}

/// Single runs of containers as a file, all of them.
#[utoipa::path(get, path = "/api/ledger/entries.csv", params(EntriesQuery),
    responses((status = 200, content_type = "text/csv", body = String),
        (status = 400, body = Refusal)))]
pub(super) async fn entries(
    axum::extract::State(books): Shared,
    Extension(scope): Extension<Scope>,
    Parameters(query): Parameters<EntriesQuery>,
) -> Result<Response, Refused> {
    let export = Export {
        list: books.list(),
        range: query.range()?,
        filter: query.filter()?,
        before: query.before().map(str::to_owned),
        books,
        scope,
    };
    // The first page before the answer begins: what is wrong has a status.
    let (first, rest) = export.page().await?;
    let first = format!("{}{}{first}", csv::MARK, csv::entry_head());
    let pages = stream::unfold(Some((Some(first), rest)), |state| async {
        let (ready, export) = state?;
        if let Some(text) = ready {
            return Some((Ok(text), export.map(|export| (None, Some(export)))));
        }
        match export?.page().await {
            Ok((text, rest)) => Some((Ok(text), rest.map(|export| (None, Some(export))))),
            // The reader sees a file that breaks off.
            Err(_) => Some((Err(std::io::Error::other("the ledger did not answer")), None)),
        }
    });
    Ok(file("entries", Body::from_stream(pages)))
}

/// Where an export stands.
struct Export {
    books: Arc<Books>,
    scope: Scope,
    filter: Filter,
    range: Range,
    list: Option<PriceList>,
    before: Option<String>,
}

impl Export {
    /// The lines of the next entries, and how to go on.
    async fn page(mut self) -> Result<(String, Option<Self>), Refused> {
        let question = Question {
            by: By::Entry,
            range: self.range,
            filter: &self.filter,
            scope: &self.scope,
            prices: self.list.as_ref(),
            entries: None,
        };
        let page = self.books.ledger.page(question, self.before.as_deref(), TOGETHER).await?;
        let currency = currency(self.list.as_ref());
        let text = page.items.iter().map(|entry| csv::entry(entry, &currency)).collect();
        let more = page.next.is_some();
        self.before = page.next;
        Ok((text, more.then_some(self)))
    }
}

fn currency(list: Option<&PriceList>) -> String {
    list.map(|list| list.currency.clone()).unwrap_or_default()
}

fn file(name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"dais-{name}.csv\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}
