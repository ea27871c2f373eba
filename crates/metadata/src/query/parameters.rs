//! Values of a statement, and how both databases compare them alike.

use super::QueryError;
use super::shapes::{Kind, Seen};
use crate::Scope;
use sea_orm::{DbBackend, Value};

/// Values of one statement at most: SQLite takes 32,766, PostgreSQL 65,535.
const VALUES: usize = 10_000;

/// Values of a statement, and the placeholder of each.
#[derive(Debug)]
pub(super) struct Parameters {
    values: Vec<Value>,
    backend: DbBackend,
    scope: Scope,
}

impl Parameters {
    pub(super) fn new(backend: DbBackend, scope: Scope) -> Self {
        Self { values: Vec::new(), backend, scope }
    }

    pub(super) fn push(&mut self, value: impl Into<Value>) -> Result<String, QueryError> {
        if self.values.len() >= VALUES {
            return Err(QueryError::TooLarge { what: "values in all conditions", limit: VALUES });
        }
        Ok(self.push_own(value))
    }

    /// A value that no client sent, and that no limit meets.
    pub(super) fn push_own(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// The one place that decides which of the rows `alias` an account sees; `None`: all.
    pub(super) fn seen(&mut self, alias: &str, seen: Seen) -> Option<String> {
        let Scope::Account(account) = self.scope else { return None };
        if seen == Seen::ByAll {
            return None;
        }
        let account = self.push_own(account.to_string());
        let shared = |id: &str| {
            format!(
                "EXISTS (SELECT 1 FROM resource_share s WHERE s.resource_uuid = {id} AND s.account_uuid IN ({account}, ''))"
            )
        };
        Some(match seen {
            Seen::ByAll => return None,
            Seen::ByOwner(column) => {
                format!("({alias}.{column} = {account} OR {})", shared(&format!("{alias}.uuid")))
            }
            Seen::ByBothEnds => {
                format!("({alias}.owner_uuid = {account} OR {alias}.account_uuid IN ({account}, ''))")
            }
            Seen::ByOwnerAlone(column) => format!("t.{column} = {account}"),
            Seen::WithResource => {
                let id = format!("{alias}.resource_uuid");
                let resource = |(table, owner): (&str, &str)| {
                    let own = if owner == "''" { String::new() } else { format!(" AND o.{owner} = {account}") };
                    format!("EXISTS (SELECT 1 FROM {table} o WHERE o.uuid = {id}{own})")
                };
                let tables = crate::resources::searched().filter_map(crate::resources::table);
                let seen: Vec<_> = tables.filter(|(table, _)| *table != "tag").map(resource).collect();
                format!("({} OR {})", seen.join(" OR "), shared(&id))
            }
        })
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// An expression as it is compared for equality. Only ASCII letters are folded, on both databases and in every locale.
    pub(super) fn folded(&self, expression: &str, kind: Kind) -> String {
        match kind {
            Kind::Text if self.is_postgres() => format!("lower({expression} COLLATE \"C\")"),
            Kind::Text => format!("lower({expression})"),
            Kind::Id | Kind::Number | Kind::Boolean | Kind::Date => expression.to_owned(),
        }
    }

    /// An expression as it is compared for order: texts byte by byte.
    pub(super) fn ordered(&self, expression: &str, kind: Kind) -> String {
        match kind {
            Kind::Id if self.is_postgres() => format!("{expression} COLLATE \"C\""),
            kind => self.folded(expression, kind),
        }
    }

    pub(super) fn values(&self) -> Vec<Value> {
        self.values.clone()
    }
}
