//! A short table on the page of something else.

use crate::collections::Collection;
use crate::console::Console;
use crate::names::Names;
use crate::pairs::{Pairs, link};
use crate::table::{Head, Table, cells};
use crate::visit::Visit;
use askama::Template;
use imprint_api::{ErrorCode, QueryOperator};
use imprint_service::QueryRequest;

/// A condition of a query: field, operator and value.
pub(crate) type Condition = (String, QueryOperator, String);

/// A condition.
pub(crate) fn condition(field: &str, operator: QueryOperator, value: &str) -> Condition {
    (field.to_owned(), operator, value.to_owned())
}

/// A short table of what has something in common, with a link to all of it.
#[derive(Debug, Template)]
#[template(path = "section.html")]
pub(crate) struct Section {
    /// Its title.
    pub(crate) title: String,
    /// Where all of it is, and what can be done there.
    pub(crate) href: String,
    /// Its rows.
    pub(crate) table: Table,
    /// What a link to all of it says, when that is more.
    pub(crate) more: Option<String>,
}

/// Rows of a section.
const SOME: u64 = 10;

impl Section {
    /// The newest of a collection that are filtered so: fields and their values. All of them are a link away.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) async fn filtered(
        console: &Console,
        visit: &Visit,
        collection: &'static Collection,
        filter: &Pairs,
    ) -> Result<Self, Box<ErrorCode>> {
        let conditions = filter.iter().map(|(field, value)| condition(field, QueryOperator::Equal, value)).collect();
        let all = link(&format!("/{}", collection.path), filter);
        let title = (collection.title)(visit.texts);
        Self::newest(console, visit, collection, (title, &all), conditions, collection.columns).await
    }

    /// The newest of a collection of which these hold, with a title and a link to all of them.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) async fn newest(
        console: &Console,
        visit: &Visit,
        collection: &'static Collection,
        (title, all): (&str, &str),
        conditions: Vec<Condition>,
        columns: &[&'static str],
    ) -> Result<Self, Box<ErrorCode>> {
        let request = QueryRequest {
            conditions,
            limit: SOME,
            reply_with_count: true,
            sort: Some(("createDate".to_owned(), true)),
            ..QueryRequest::default()
        };
        let found = console.api.find(collection.query(), request, &visit.visitor).await?;
        let rows = found.inventories.unwrap_or_default();
        let total = found.total.unwrap_or(0);
        let heads = columns.iter().map(|field| Head { text: visit.texts.label(field), href: None, sorted: "none" });
        Ok(Self {
            title: title.to_owned(),
            href: all.to_owned(),
            table: Table {
                heads: heads.collect(),
                rows: cells(visit, collection, columns, &rows, &Names::load(console, visit, columns, &rows).await?),
                empty: visit.texts.none.to_owned(),
                caption: title.to_owned(),
            },
            more: (total > SOME).then(|| (visit.texts.show_all)(total)),
        })
    }
}
