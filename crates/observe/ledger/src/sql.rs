//! Questions put together: text with numbered places, and what goes in them.
//! Values are always bound; only words of this file become text.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe};
use utoipa::ToSchema;

use crate::Result;
use crate::error::Attempt;
use crate::hours::HOUR;
use crate::range::Range;

/// What use is summed up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    #[serde(alias = "user")]
    Person,
    #[serde(alias = "app")]
    Application,
    Project,
    Workspace,
    Kind,
    /// Each run of a container.
    #[serde(skip_deserializing)]
    Entry,
    /// Everything together.
    #[serde(skip_deserializing)]
    All,
}

impl By {
    /// Columns of the project and the name that a group has.
    pub(crate) fn columns(self) -> (&'static str, &'static str) {
        match self {
            By::Person => ("''", "e.user_name"),
            // The same name in two projects is two applications.
            By::Application => ("e.project", "e.app"),
            By::Project => ("e.project", "e.project"),
            By::Workspace => ("''", "e.workspace"),
            By::Kind => ("''", "e.kind"),
            By::Entry => ("e.project", "e.entry"),
            By::All => ("''", "''"),
        }
    }
}

/// Whose use the asker may see: their own everywhere, and that of projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The asker.
    pub user: String,
    /// None: every project.
    pub projects: Option<BTreeSet<String>>,
}

/// Which use; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub user: Option<String>,
    pub app: Option<String>,
    pub project: Option<String>,
    pub workspace: Option<String>,
    pub kind: Option<String>,
    pub object: Option<String>,
}

pub(crate) enum Value {
    Text(String),
    Number(i64),
}

/// A question under construction.
#[derive(Default)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// The text so far; the places stay.
    pub(crate) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// The same places in another text.
    pub(crate) fn replace(mut self, text: String) -> Self {
        self.text = text;
        self
    }

    /// A numbered place, to be used as often as wished.
    pub(crate) fn number(&mut self, value: i64) -> String {
        self.values.push(Value::Number(value));
        // PostgreSQL would take a bare place for whatever its neighbour is.
        format!("CAST(${} AS BIGINT)", self.values.len())
    }

    pub(crate) fn text(&mut self, value: &str) -> String {
        self.values.push(Value::Text(value.to_owned()));
        format!("${}", self.values.len())
    }

    /// Conditions on `e`, an entry.
    pub(crate) fn filter(&mut self, filter: &Filter, scope: &Scope) {
        let Filter { user, app, project, workspace, kind, object } = filter;
        if let Some(user) = user {
            let place = self.text(user);
            self.push(&format!(" AND (e.user_name = {place} OR e.user_alias = {place})"));
        }
        for (column, value) in [
            ("app", app),
            ("project", project),
            ("workspace", workspace),
            ("kind", kind),
            ("object", object),
        ] {
            if let Some(value) = value {
                let place = self.text(value);
                self.push(&format!(" AND e.{column} = {place}"));
            }
        }
        let Some(projects) = &scope.projects else { return };
        let me = self.text(&scope.user);
        let places: Vec<String> = projects.iter().map(|project| self.text(project)).collect();
        match places.is_empty() {
            true => self.push(&format!(" AND e.user_name = {me}")),
            false => self.push(&format!(
                " AND (e.user_name = {me} OR e.project IN ({}))",
                places.join(", ")
            )),
        };
    }

    /// Conditions on `h`, hours of use that lie in the range at least in part;
    /// returns an expression for the part: 1 when all does.
    pub(crate) fn within(&mut self, range: &Range) -> String {
        let (since, until) = (self.number(range.since), self.number(range.until));
        let first = self.number(range.since.saturating_sub(HOUR));
        self.push(&format!(
            " h.hour > {first} AND h.hour < {until} AND h.begins_at < {until}
             AND (h.ends_at > {since} OR h.begins_at >= {since})"
        ));
        format!(
            "(CASE WHEN h.begins_at >= {since} AND h.ends_at <= {until} THEN CAST(1 AS DOUBLE PRECISION)
             ELSE CAST((CASE WHEN h.ends_at < {until} THEN h.ends_at ELSE {until} END)
             - (CASE WHEN h.begins_at > {since} THEN h.begins_at ELSE {since} END) AS DOUBLE PRECISION)
             / (h.ends_at - h.begins_at) END)"
        )
    }

    pub(crate) async fn rows(self, pool: &AnyPool, attempt: &'static str) -> Result<Vec<AnyRow>> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        query.fetch_all(pool).await.attempt(attempt)
    }
}
