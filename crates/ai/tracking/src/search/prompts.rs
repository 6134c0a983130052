//! Prompts, which MLflow keeps as registered models with a tag.
//!
//! A search shows models or prompts, never both: prompts only when it asks for
//! the tag's value `true`. A model without the tag is no prompt, so that
//! `!= 'true'` and `= 'false'` find it, unlike any other tag.

use super::parse::{Filter, Literal, Test};
use super::{Field, Table};
use crate::statement::Statement;

const TAG: &str = "mlflow.prompt.is_prompt";

impl Filter {
    /// Takes the clauses about the tag out, and appends the condition that
    /// they (or their absence) mean, for the table that holds the tags.
    pub fn models_or_prompts(&mut self, tags: &Table, to: &mut Statement) {
        let of_tag = |field: &Field| *field == Field::Tag(TAG.to_owned());
        let wanted = Test::Compare("=", Literal::Text("true".to_owned()));
        let prompts =
            self.clauses.iter().any(|clause| of_tag(&clause.field) && clause.test == wanted);
        self.clauses.retain(|clause| !of_tag(&clause.field));
        to.push(if prompts { " AND EXISTS" } else { " AND NOT EXISTS" });
        to.push(" (SELECT 1 FROM ").push(tags.name).push(" t WHERE ").push(tags.on);
        to.push(" AND t.key = ").bind(TAG).push(" AND t.value = ").bind("true").push(")");
    }
}
