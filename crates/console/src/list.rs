//! A table of what there is, filtered, sorted and paged by the query behind it. The page's own address says how.

use crate::collections::{Collection, Filter};
use crate::console::Console;
use crate::last_backup;
use crate::layout::{ErrorBox, Layout, page as render};
use crate::names::{Names, is_renamed};
use crate::offer::{Link, creates};
use crate::pairs::{Pairs, link};
use crate::respond::see_other;
use crate::section::{Condition, condition};
use crate::table::{Head, Table, cells};
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::QueryOperator;
use imprint_server::Reply;
use imprint_service::{QueryReply, QueryRequest};

/// Rows of a page.
const PAGE: u64 = 50;

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
