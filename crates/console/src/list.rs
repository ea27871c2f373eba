//! A table of what there is, filtered, sorted and paged by the query behind it. The page's own address says how.

use crate::cell::{Cell, cell, is_id};
use crate::collections::{Collection, Filter, operation};
use crate::console::Console;
use crate::last_backup;
use crate::layout::{ErrorBox, Layout, page as render};
use crate::names::{Names, is_renamed};
use crate::pairs::{Pairs, link};
use crate::respond::see_other;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::{ErrorCode, QueryOperator};
use imprint_server::Reply;
use imprint_service::{QueryReply, QueryRequest};
use serde_json::Value;

/// Rows of a page.
const PAGE: u64 = 50;

/// A table.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    /// Its columns.
    pub(crate) heads: Vec<Head>,
    /// Its rows.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What it says when it has none.
    pub(crate) empty: String,
    /// What it shows, for those who do not see it.
    pub(crate) caption: String,
}

/// The head of a column.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// What it says.
    pub(crate) text: String,
    /// Where it leads: the same table, sorted by the column.
    pub(crate) href: Option<String>,
    /// How the table is sorted by it: `ascending`, `descending` or `none`.
    pub(crate) sorted: &'static str,
}

/// A link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// Where it leads.
    pub(crate) href: String,
    /// What it says.
    pub(crate) text: String,
    /// Whether something may be lost where it leads.
    pub(crate) danger: bool,
}

#[derive(Debug, Template)]
#[template(path = "list.html")]
struct ListPage {
    layout: Layout,
    filters: Vec<Control>,
    is_filtered: bool,
    sort: String,
    clear: String,
    creates: Vec<Link>,
    table: Table,
    range: String,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    error: Option<ErrorBox>,
}

/// A filter as it is shown.
#[derive(Debug)]
struct Control {
    name: &'static str,
    label: String,
    value: String,
    options: Vec<&'static str>,
    hidden: bool,
}

/// The table of a collection.
pub(crate) async fn page(console: &Console, visit: &Visit, collection: &'static Collection) -> Reply {
    let number = visit.query.get("page").and_then(|text| text.parse::<u64>().ok()).unwrap_or(1).clamp(1, 1 << 40);
    let start = (number - 1) * PAGE;
    let sort = sort_of(visit, collection);
    let request = QueryRequest {
        conditions: conditions(visit, collection),
        limit: PAGE,
        start,
        reply_with_count: true,
        sort: Some(match sort.strip_prefix('-') {
            Some(field) => (field.to_owned(), true),
            None => (sort.clone(), false),
        }),
        ..QueryRequest::default()
    };
    let found = console.api.find(collection.query(), request, &visit.visitor).await;
    let with_names = match &found {
        Ok(found) => {
            Names::load(console, visit, collection.columns, found.inventories.as_deref().unwrap_or_default()).await
        }
        Err(_) => Ok(Names::default()),
    };
    let (found, error) = match found {
        Ok(found) => (found, None),
        Err(error) => (QueryReply::default(), Some(ErrorBox::new(visit, error))),
    };
    // A table without names is better than none.
    let names = with_names.unwrap_or_default();
    let rows = found.inventories.unwrap_or_default();
    let total = found.total.unwrap_or(0);
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let path = format!("/{}", collection.path);
    if shown == 0 && total > 0 {
        // It was shorter than whoever came here thought.
        let last = total.div_ceil(PAGE).to_string();
        return see_other(&link(&path, &visit.query.clone().without("page").with("page", &last)));
    }
    let here = visit.query.clone().without("page").without("done");
    let at = |page: u64| link(&path, &here.clone().with("page", &page.to_string()));
    let title = (collection.title)(visit.texts);
    let filters = controls(visit, collection);
    let is_filtered = filters.iter().any(|control| !control.value.is_empty());
    let mut table = Table {
        heads: heads(visit, collection, &sort),
        rows: cells(visit, collection, collection.columns, &rows, &names),
        empty: if is_filtered { visit.texts.nothing_found } else { visit.texts.nothing_here }.to_owned(),
        caption: title.to_owned(),
    };
    if collection.path == "volumes" {
        last_backup::add_column(console, visit, &rows, &mut table).await;
    }
    let view = ListPage {
        layout: Layout::new(visit, title, collection.path),
        is_filtered,
        filters,
        clear: path.clone(),
        creates: creates(visit, collection, &Pairs::default().with("back", &path)),
        table,
        range: if shown == 0 { String::new() } else { (visit.texts.range)(start + 1, start + shown, total) },
        first: (number > 2).then(|| at(1)),
        previous: (number > 1).then(|| at(number - 1)),
        next: (start + shown < total).then(|| at(number + 1)),
        sort,
        error,
    };
    let status = if view.error.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    render(status, &view, &visit.headers)
}

/// The field that the table is sorted by, `-` before it for descending: what the address says, if there is such a field.
fn sort_of(visit: &Visit, collection: &Collection) -> String {
    let given = visit.query.get("sort").unwrap_or_default();
    let field = given.strip_prefix('-').unwrap_or(given);
    if collection.columns.contains(&field) && !is_renamed(field) { given.to_owned() } else { "-createDate".to_owned() }
}

/// A condition of a query: field, operator and value.
pub(crate) type Condition = (String, QueryOperator, String);

/// A condition.
pub(crate) fn condition(field: &str, operator: QueryOperator, value: &str) -> Condition {
    (field.to_owned(), operator, value.to_owned())
}

/// The conditions of the query, as the filters say.
fn conditions(visit: &Visit, collection: &Collection) -> Vec<Condition> {
    let one = |filter: &Filter| {
        let value = visit.query.get(filter.field())?;
        Some(match filter {
            // What is typed is looked for as it is.
            Filter::Contains(field) => condition(field, QueryOperator::Like, &format!("%{}%", literal(value))),
            Filter::OneOf(field, _) | Filter::Is(field) => condition(field, QueryOperator::Equal, value),
            Filter::After(field) => condition(field, QueryOperator::Greater, value),
        })
    };
    collection.filters.iter().filter_map(one).collect()
}

/// A text as a pattern that matches it alone.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn controls(visit: &Visit, collection: &'static Collection) -> Vec<Control> {
    let control = |filter: &Filter| {
        let name = filter.field();
        let value = visit.query.get(name).unwrap_or_default().to_owned();
        let options = if let Filter::OneOf(_, values) = filter { values.to_vec() } else { Vec::new() };
        let hidden = matches!(filter, Filter::Is(_) | Filter::After(_));
        let label = match filter {
            Filter::After(field) => (visit.texts.after)(&visit.texts.label(field)),
            _ => visit.texts.label(name.rsplit('.').next().unwrap_or(name)),
        };
        Control { name, label, value, options, hidden }
    };
    let all = collection.filters.iter().map(control);
    all.filter(|control| !control.hidden || !control.value.is_empty()).collect()
}

/// What makes new things of a collection, as far as the visitor may; the forms of operations know this already.
pub(crate) fn creates(visit: &Visit, collection: &Collection, given: &Pairs) -> Vec<Link> {
    let mut links: Vec<_> = collection.creates.iter().filter_map(|name| action_link(visit, name, given)).collect();
    if collection.path == "volumes" && visit.is_administrator() {
        let text = visit.texts.register_volume.to_owned();
        links.insert(0, Link { href: "/volumes/register".to_owned(), text, danger: false });
    }
    links
}

/// A link to the form of an operation, if the visitor may call it.
pub(crate) fn action_link(visit: &Visit, name: &str, given: &Pairs) -> Option<Link> {
    let operation = operation(name).filter(|operation| visit.may(operation))?;
    let (href, text) = (link(&format!("/do/{name}"), given), visit.texts.operation(name));
    Some(Link { href, text, danger: operation.effect.loses() })
}

fn heads(visit: &Visit, collection: &Collection, sort: &str) -> Vec<Head> {
    let here = visit.query.clone().without("sort").without("page").without("done");
    let head = |field: &&'static str| {
        let descending = format!("-{field}");
        let (sorted, next) = match sort {
            _ if sort == *field => ("ascending", descending.as_str()),
            _ if sort == descending => ("descending", *field),
            _ => ("none", *field),
        };
        let href = link(&format!("/{}", collection.path), &here.clone().with("sort", next));
        // The query sorts by what a field holds. Rows in the order of what nobody sees have none.
        Head { text: visit.texts.label(field), href: (!is_renamed(field)).then_some(href), sorted }
    };
    collection.columns.iter().map(head).collect()
}

/// The rows of a table: the first field of each leads to the thing's page.
fn cells(visit: &Visit, collection: &Collection, fields: &[&str], rows: &[Value], names: &Names) -> Vec<Vec<Cell>> {
    let cells = |row: &Value| {
        let uuid = row.get("uuid").and_then(Value::as_str).filter(|uuid| is_id(uuid));
        let one = |(place, field): (usize, &&str)| {
            let mut cell = cell(field, row.get(*field));
            names.put(visit.texts, row, field, &mut cell);
            if let (0, Some(uuid)) = (place, uuid) {
                cell.href = Some(format!("/{}/{uuid}", collection.path));
            }
            cell
        };
        fields.iter().enumerate().map(one).collect()
    };
    rows.iter().map(cells).collect()
}

/// A short table of what has something in common, with a link to all of it.
#[derive(Debug, Template)]
#[template(path = "section.html")]
pub(crate) struct Section {
    /// Its title.
    pub(crate) title: String,
    /// Where all of it is, and what can be done there; empty when there is no such place.
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
