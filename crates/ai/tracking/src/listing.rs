//! What lists cost, in steps of SQLite's machine: the first page the same however long
//! the list is, the whole of it in proportion.

use dais_relations::Dialect;
use rusqlite::types::Value;
use rusqlite::{Connection, StatementStatus, params_from_iter};

use crate::database::Database;
use crate::entity::Page;
use crate::error::Result;
use crate::statement::Statement;
use crate::{experiment_search, registered_models, run_search};

const FEW: i64 = 1_000;
const MANY: i64 = 10_000;
/// What pages ask for, and the most that each search gives at once.
const PAGE: i64 = 100;

/// Of a page, and of the name that it begins behind.
type Select = fn(&Page, Option<&str>) -> Result<Statement>;

struct List {
    name: &'static str,
    /// Makes the row with the number `n`.
    row: &'static str,
    select: Select,
    most: i64,
}

const LISTS: [List; 3] = [
    List {
        name: "experiments",
        row: "INSERT INTO ml_experiments SELECT 'p', n, 'e' || n, 'a', 'active', n, n FROM numbers",
        select: |page, _| {
            experiment_search::select("p", &Default::default(), page, Dialect::Sqlite)
        },
        most: 50_000,
    },
    List {
        name: "runs",
        row: "INSERT INTO ml_runs SELECT n, 'p', 'r' || n, 1, 'n', 'u', 'FINISHED', n, n, 'active', \
              'a', 1 FROM numbers",
        select: |page, _| run_search::newest(1, page, Dialect::Sqlite),
        most: 50_000,
    },
    List {
        name: "registered models",
        row: "INSERT INTO ml_models SELECT 'p', 'm' || n, '', 'u', 1, n, n FROM numbers",
        select: |page, past| {
            registered_models::select("p", &Default::default(), (page, past), Dialect::Sqlite)
        },
        most: 1_000,
    },
];

/// What stands first in each row, and how many steps that took.
fn read(native: &Connection, statement: &Statement) -> (Vec<Value>, i64) {
    let (sql, values) = statement.parts();
    let mut prepared = native.prepare(sql).expect("SQL");
    let rows = prepared.query_map(params_from_iter(values), |row| row.get(0)).expect("an answer");
    let found = rows.collect::<rusqlite::Result<_>>().expect("rows");
    (found, i64::from(prepared.get_status(StatementStatus::VmStep)))
}

impl List {
    fn fill(&self, native: &Connection, from: i64, to: i64) {
        let numbers = format!(
            "WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers \
             WHERE n + 1 < {to})"
        );
        let (into, rows) = self.row.split_once(" SELECT ").expect("INSERT … SELECT");
        native.execute(&format!("{into} {numbers} SELECT {rows}"), []).expect("rows");
    }

    fn first(&self, native: &Connection) -> i64 {
        let page = Page { offset: 0, limit: PAGE };
        let (rows, steps) = read(native, &(self.select)(&page, None).expect("SQL"));
        assert_eq!(rows.len() as i64, PAGE + 1, "{}", self.name);
        steps
    }

    /// All pages of a list of so many, as clients walk them.
    fn whole(&self, native: &Connection, count: i64) -> i64 {
        let (mut offset, mut all, mut seen) = (0, 0, 0);
        let mut past: Option<String> = None;
        loop {
            let page = Page { offset, limit: self.most };
            let select = (self.select)(&page, past.as_deref()).expect("SQL");
            let (rows, steps) = read(native, &select);
            all += steps;
            let length = rows.len() as i64;
            seen += length.min(self.most);
            if length <= self.most {
                assert_eq!(seen, count, "{}", self.name);
                return all;
            }
            match &rows[self.most as usize - 1] {
                Value::Text(name) => past = Some(name.clone()),
                _ => offset = seen,
            }
        }
    }
}

#[tokio::test]
async fn ten_times_as_many_cost_ten_times_as_much_and_the_first_page_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}/t.db?mode=rwc", folder.path().display());
    let database = Database::open(&url).await.expect("opens");
    let native = database.native().expect("opens");
    for list in LISTS {
        list.fill(&native, 1, FEW + 1);
        let few = (list.first(&native), list.whole(&native, FEW));
        list.fill(&native, FEW + 1, MANY + 1);
        let many = (list.first(&native), list.whole(&native, MANY));
        println!("{}: first {} and {}, all {} and {}", list.name, few.0, many.0, few.1, many.1);
        assert!(many.0 <= 2 * few.0, "the first {}: {} and {} steps", list.name, few.0, many.0);
        // Ten times, and what ten more pages begin with.
        let most = 10 * few.1 + few.1 / 10;
        assert!(many.1 <= most, "all {}: {} and {} steps", list.name, few.1, many.1);
    }
}
