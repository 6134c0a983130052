//! What the addresses take, and its limits.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::groups::{Group, Step};
use crate::hours::HOUR;
use crate::range::{self, Range};
use crate::sql::{By, Filter};
use crate::{Error, Result};

/// Groups in one answer.
const MOST_GROUPS: usize = 10_000;
/// Entries in one page.
const MOST_ENTRIES: usize = 500;
/// Steps of time in one answer: a quarter in hours, six years in days.
const MOST_STEPS: i64 = 2_200;
/// The longest name that Kubernetes or an account may have.
const LONGEST_NAME: usize = 253;

fn name(field: &'static str, value: &Option<String>) -> Result<Option<String>> {
    match value {
        Some(value) if value.len() > LONGEST_NAME => {
            let reason = format!("is longer than {LONGEST_NAME} bytes");
            Err(Error::invalid(field, reason, "give one name"))
        }
        Some(value) if value.contains('\0') => {
            Err(Error::invalid(field, "holds a zero byte", "give one name"))
        }
        value => Ok(value.clone()),
    }
}

/// By what the groups are sorted, the most first; names from A on.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    #[default]
    Cpu,
    Memory,
    Accelerators,
    Jobs,
    Runs,
    Cost,
    Name,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Asc,
    Desc,
}

pub(crate) struct Order {
    sort: Sort,
    ascending: bool,
}

impl Order {
    pub(crate) fn sort(&self, groups: &mut [Group]) {
        groups.sort_by(|one, other| {
            let order = compare(self.sort, one, other);
            let order = if self.ascending { order } else { order.reverse() };
            order.then_with(|| (&one.name, &one.project).cmp(&(&other.name, &other.project)))
        });
    }
}

fn compare(sort: Sort, one: &Group, other: &Group) -> Ordering {
    let value = |group: &Group| match sort {
        Sort::Cpu => group.totals.cpu_hours,
        Sort::Memory => group.totals.memory_gib_hours,
        Sort::Accelerators => group.totals.accelerator_hours,
        Sort::Cost => group.totals.cost.unwrap_or_default(),
        Sort::Jobs => group.jobs as f64,
        Sort::Runs => group.runs as f64,
        Sort::Name => 0.0,
    };
    match sort {
        Sort::Name => one.name.cmp(&other.name),
        _ => value(one).total_cmp(&value(other)),
    }
}

/// A query with the parameters that all have in common: a flattened struct
/// would neither refuse unknown names nor read numbers.
macro_rules! query {
    ($name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// A moment (RFC 3339), or so long ago: `24h`, `7d`; 7d unless given.
            since: Option<String>,
            /// The same; now unless given.
            until: Option<String>,
            /// Only of this person.
            #[serde(alias = "person")]
            user: Option<String>,
            #[serde(alias = "application")]
            app: Option<String>,
            #[serde(alias = "namespace")]
            project: Option<String>,
            workspace: Option<String>,
            kind: Option<String>,
            object: Option<String>,
            $($(#[$about])* $field: $type,)*
        }

        impl $name {
            pub(crate) fn range(&self) -> Result<Range> {
                Range::read(self.since.as_deref(), self.until.as_deref(), Timestamp::now())
            }

            pub(crate) fn filter(&self) -> Result<Filter> {
                Ok(Filter {
                    user: name("user", &self.user)?,
                    app: name("app", &self.app)?,
                    project: name("project", &self.project)?,
                    workspace: name("workspace", &self.workspace)?,
                    kind: name("kind", &self.kind)?,
                    object: name("object", &self.object)?,
                })
            }
        }
    };
}

query!(UseQuery {
    by: Option<By>,
    /// The most first; cpu unless given.
    sort: Option<Sort>,
    order: Option<Direction>,
    /// Groups at most; 1000 unless given.
    limit: Option<i64>,
});

query!(SeriesQuery {
    by: Option<By>,
    step: Option<StepLength>,
    /// How far days are ahead of UTC, for example `+08:00`.
    offset: Option<String>,
});

query!(EntriesQuery {
    /// The `next` of the page before.
    before: Option<String>,
    /// Entries at most; 100 unless given.
    limit: Option<i64>,
});

/// The length of a step of time.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StepLength {
    Hour,
    #[default]
    Day,
}

impl UseQuery {
    pub(crate) fn by(&self) -> By {
        self.by.unwrap_or(By::Person)
    }

    pub(crate) fn order(&self) -> Order {
        let sort = self.sort.unwrap_or_default();
        let ascending = match self.order {
            Some(direction) => direction == Direction::Asc,
            None => sort == Sort::Name,
        };
        Order { sort, ascending }
    }

    pub(crate) fn limit(&self) -> Result<usize> {
        limit(self.limit, 1000, MOST_GROUPS)
    }
}

impl SeriesQuery {
    pub(crate) fn by(&self) -> By {
        self.by.unwrap_or(By::Application)
    }

    pub(crate) fn step(&self, range: Range) -> Result<Step> {
        let length = match self.step.unwrap_or_default() {
            StepLength::Hour => HOUR,
            StepLength::Day => 24 * HOUR,
        };
        if (range.until - range.since) / length > MOST_STEPS {
            let hint = "ask for days, or for a shorter time";
            return Err(Error::invalid("step", "is too short for so long a time", hint));
        }
        let offset = self.offset.as_deref().map_or(Ok(0), range::offset)?;
        Ok(Step { length, offset })
    }
}

impl EntriesQuery {
    pub(crate) fn limit(&self) -> Result<usize> {
        limit(self.limit, 100, MOST_ENTRIES)
    }

    pub(crate) fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }
}

fn limit(asked: Option<i64>, usual: usize, most: usize) -> Result<usize> {
    let Some(asked) = asked else { return Ok(usual) };
    let limit = usize::try_from(asked).ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| Error::invalid("limit", format!("is {asked}"), format!("give 1 to {most}")))
}
