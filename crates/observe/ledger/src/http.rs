//! `/api/ledger/…`: the same questions as JSON and as CSV.

mod export;
mod params;
mod refusal;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::{OpenApi, ToSchema};

use self::params::{EntriesQuery, SeriesQuery, UseQuery};
use self::refusal::{Parameters, Refusal, Refused};
use crate::entries::Page;
use crate::groups::{Group, Question, Series};
use crate::prices::{Fault, PriceList, Prices};
use crate::range::Range;
use crate::sql::{By, Scope};
use crate::{Ledger, Result};

pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) prices: watch::Receiver<Prices>,
}

type Shared = State<Arc<Books>>;

/// The routes. Each request must carry a [`Scope`] as an extension.
pub fn router(ledger: Ledger, prices: watch::Receiver<Prices>) -> Router {
    Router::new()
        .route("/api/ledger/use", get(use_by))
        .route("/api/ledger/use.csv", get(export::use_by))
        .route("/api/ledger/series", get(series))
        .route("/api/ledger/entries", get(entries))
        .route("/api/ledger/entries.csv", get(export::entries))
        .route("/api/ledger/prices", get(prices_now))
        .with_state(Arc::new(Books { ledger, prices }))
}

#[derive(OpenApi)]
#[openapi(paths(use_by, export::use_by, series, entries, export::entries, prices_now))]
struct Document;

/// The description of these routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The range that was meant, and the currency of costs.
#[derive(Serialize, ToSchema)]
pub(crate) struct About {
    /// RFC 3339.
    since: String,
    until: String,
    /// Left out without a price list.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct UseAnswer {
    #[serde(flatten)]
    about: About,
    by: By,
    /// Of everything that was asked for, also of what `limit` leaves out.
    total: Group,
    items: Vec<Group>,
}

#[derive(Serialize, ToSchema)]
struct SeriesAnswer {
    #[serde(flatten)]
    about: About,
    by: By,
    items: Vec<Series>,
}

#[derive(Serialize, ToSchema)]
struct EntriesAnswer {
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    page: Page,
}

/// The price list, or what is wrong with it; neither when there is none.
#[derive(Serialize, ToSchema)]
struct PricesAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<PriceList>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

impl Books {
    /// The price list that holds now.
    pub(crate) fn list(&self) -> Option<PriceList> {
        match &*self.prices.borrow() {
            Prices::Listed(list) => Some(list.clone()),
            Prices::Absent | Prices::Wrong(_) => None,
        }
    }
}

fn about(range: Range, list: Option<&PriceList>) -> About {
    let time = |millis| Timestamp::from_millisecond(millis).unwrap_or_default().to_string();
    let currency = list.map(|list| list.currency.clone());
    About { since: time(range.since), until: time(range.until), currency }
}

/// The groups that were asked for, sorted, and everything together.
pub(crate) async fn answer_use(
    books: &Books,
    query: &UseQuery,
    scope: &Scope,
    list: Option<&PriceList>,
) -> Result<(Range, Vec<Group>, Group)> {
    let range = query.range()?;
    let (order, limit) = (query.order(), query.limit()?);
    let filter = query.filter()?;
    let question =
        Question { by: query.by(), range, filter: &filter, scope, prices: list, entries: None };
    let mut items = books.ledger.groups(question).await?;
    let total = books.ledger.groups(Question { by: By::All, ..question }).await?;
    order.sort(&mut items);
    items.truncate(limit);
    Ok((range, items, total.into_iter().next().unwrap_or_default()))
}

/// Use summed up by person, application, project, workspace or kind.
#[utoipa::path(get, path = "/api/ledger/use", params(UseQuery),
    responses((status = 200, body = UseAnswer), (status = 400, body = Refusal)))]
async fn use_by(
    State(books): Shared,
    Extension(scope): Extension<Scope>,
    Parameters(query): Parameters<UseQuery>,
) -> Result<Json<UseAnswer>, Refused> {
    let list = books.list();
    let (range, items, total) = answer_use(&books, &query, &scope, list.as_ref()).await?;
    Ok(Json(UseAnswer { about: about(range, list.as_ref()), by: query.by(), total, items }))
}

/// The same over time, in hours or days.
#[utoipa::path(get, path = "/api/ledger/series", params(SeriesQuery),
    responses((status = 200, body = SeriesAnswer), (status = 400, body = Refusal)))]
async fn series(
    State(books): Shared,
    Extension(scope): Extension<Scope>,
    Parameters(query): Parameters<SeriesQuery>,
) -> Result<Json<SeriesAnswer>, Refused> {
    let list = books.list();
    let range = query.range()?;
    let filter = query.filter()?;
    let step = query.step(range)?;
    let question = Question {
        by: query.by(),
        range,
        filter: &filter,
        scope: &scope,
        prices: list.as_ref(),
        entries: None,
    };
    let items = books.ledger.series(question, step).await?;
    Ok(Json(SeriesAnswer { about: about(range, list.as_ref()), by: query.by(), items }))
}

/// Single runs of containers, newest first, with what each used in the range.
#[utoipa::path(get, path = "/api/ledger/entries", params(EntriesQuery),
    responses((status = 200, body = EntriesAnswer), (status = 400, body = Refusal)))]
async fn entries(
    State(books): Shared,
    Extension(scope): Extension<Scope>,
    Parameters(query): Parameters<EntriesQuery>,
) -> Result<Json<EntriesAnswer>, Refused> {
    let list = books.list();
    let range = query.range()?;
    let limit = query.limit()?;
    let filter = query.filter()?;
    let question = Question {
        by: By::Entry,
        range,
        filter: &filter,
        scope: &scope,
        prices: list.as_ref(),
        entries: None,
    };
    let page = books.ledger.page(question, query.before(), limit).await?;
    Ok(Json(EntriesAnswer { about: about(range, list.as_ref()), page }))
}

/// What an hour of each resource costs.
#[utoipa::path(get, path = "/api/ledger/prices",
    responses((status = 200, body = PricesAnswer)))]
async fn prices_now(State(books): Shared) -> Json<PricesAnswer> {
    let (list, fault) = match books.prices.borrow().clone() {
        Prices::Absent => (None, None),
        Prices::Listed(list) => (Some(list), None),
        Prices::Wrong(fault) => (None, Some(fault)),
    };
    Json(PricesAnswer { list, fault })
}
