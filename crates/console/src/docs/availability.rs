//! Whether whoever looks can run an operation here and now, and if not, what is missing and where to get it.

use crate::collections::{Collection, When, of_kind};
use crate::console::Console;
use crate::docs::entry::Entry;
use crate::forms;
use crate::ownership;
use crate::pairs::{Pairs, link};
use crate::visit::Visit;
use imprint_api::{Access, ErrorCode, Method, Need, OperationDescription, ParamRule, ResourceKind};

/// Something that is in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// What.
    pub(crate) text: String,
    /// The parameter that cannot be given.
    pub(crate) parameter: Option<String>,
    /// Where it can be removed, and what is said there.
    pub(crate) links: Vec<(String, String)>,
}

/// What is in the way of an operation; nothing if it can be run.
///
/// # Errors
/// When what exists cannot be counted.
pub(crate) async fn obstacles(console: &Console, visit: &Visit, entry: Entry) -> Result<Vec<Obstacle>, Box<ErrorCode>> {
    let texts = &visit.texts.docs;
    let plain = |text: &str| vec![Obstacle { text: text.to_owned(), ..Obstacle::default() }];
    if let Entry::Operation(OperationDescription { never: Some(reason), .. }) = entry {
        return Ok(plain(&format!("{} {reason}.", texts.not_supported)));
    }
    if entry.access() == Access::Anyone {
        return Ok(Vec::new());
    }
    if visit.person.is_none() {
        let links = vec![(sign_in(entry, visit), visit.texts.sign_in.to_owned())];
        return Ok(vec![Obstacle { text: texts.sign_in_first.to_owned(), parameter: None, links }]);
    }
    if entry.access() == Access::Administrator && !visit.is_administrator() {
        return Ok(plain(texts.administrator_only));
    }
    let Entry::Operation(operation) = entry else { return Ok(Vec::new()) };
    let mut obstacles = Vec::new();
    for (nth, rule) in operation.rules.iter().enumerate() {
        let Some(kind) = rule.resource.filter(|_| rule.required || is_chosen(operation, rule)) else { continue };
        let Some(known) = of_kind(kind.as_str()) else { continue };
        let wanted = wanted(operation, rule, known, kind);
        let others = match rule.need {
            Need::Ownership => ownership::all_but_anothers(console, visit, kind).await?,
            Need::Share | Need::Nothing => None,
        };
        let counted = async |wanted: &Wanted| {
            let conditions = [conditions(wanted), others.iter().cloned().collect()].concat();
            count(console, visit, known, &conditions).await
        };
        let fitting = counted(&wanted).await?;
        // What is copied goes from one storage to another.
        let more =
            operation.rules.iter().take(nth).filter(|it| rule.required && it.required && it.resource == Some(kind));
        if usize::try_from(fitting).unwrap_or(usize::MAX) > more.count() {
            continue;
        }
        let lack = if fitting > 0 {
            Lack::Another
        } else if counted(&Wanted::default()).await? > 0 {
            Lack::Fitting
        } else if others.is_some() {
            Lack::Own
        } else {
            Lack::Any
        };
        obstacles.push(obstacle(visit, rule, known, lack, &wanted));
    }
    Ok(obstacles)
}

/// What there is none of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// None at all.
    Any,
    /// None of the visitor's own: all are shared by others.
    Own,
    /// None that is as wanted.
    Fitting,
    /// One that is as wanted, and it takes another one.
    Another,
}

/// Whether there must be something that the server can choose, unless the call says what.
fn is_chosen(operation: &OperationDescription, rule: &ParamRule) -> bool {
    let of_storages = matches!(rule.resource, Some(ResourceKind::BackupStorage | ResourceKind::PrimaryStorage));
    of_storages && operation.route.method() == Method::Post
}

/// Where one signs in to come back to the page.
pub(crate) fn sign_in(entry: Entry, visit: &Visit) -> String {
    let given = match entry {
        Entry::Operation(operation) => forms::linkable(operation, &visit.query),
        Entry::Query(_) => visit.query.clone(),
    };
    link("/sign-in", &Pairs::default().with("next", &link(&format!("/docs/{}", entry.name()), &given)))
}

/// What a thing must be for an operation to take it.
#[derive(Debug, Default)]
struct Wanted {
    /// Fields and the values that will do.
    states: Vec<(&'static str, Vec<&'static str>)>,
    /// A field that must say something, or must not.
    filled: Option<(&'static str, bool)>,
}

/// What a thing must be for an operation: what its own page asks for, where it can be done from there; else that it is usable.
fn wanted(operation: &OperationDescription, rule: &ParamRule, known: &Collection, kind: ResourceKind) -> Wanted {
    let of_page = known.actions.iter().find(|it| it.operation == operation.name && it.parameter == rule.name);
    let is = |states: &[(&'static str, &'static str)]| Wanted {
        states: states.iter().map(|(field, value)| (*field, vec![*value])).collect(),
        filled: None,
    };
    let ready = || is(&[("status", "Ready")]);
    let usable = || match kind {
        ResourceKind::BackupStorage | ResourceKind::PrimaryStorage => {
            is(&[("status", "Connected"), ("state", "Enabled")])
        }
        _ => is(&[("status", "Ready"), ("state", "Enabled")]),
    };
    match of_page.map(|action| action.when) {
        Some(When::Always) => Wanted::default(),
        Some(When::Usable) => usable(),
        Some(When::Is(field, values)) => Wanted { states: vec![(field, values.to_vec())], filled: None },
        Some(When::Has(field)) => Wanted { filled: Some((field, true)), ..ready() },
        Some(When::Lacks(field)) => Wanted { filled: Some((field, false)), ..ready() },
        // What an operation is about need not be usable: it may be there to make it so.
        None if rule.name == "uuid" => Wanted::default(),
        None => match kind {
            ResourceKind::BackupStorage | ResourceKind::PrimaryStorage | ResourceKind::Volume => usable(),
            ResourceKind::VolumeBackup | ResourceKind::Image => ready(),
            _ => Wanted::default(),
        },
    }
}

fn conditions(wanted: &Wanted) -> Vec<String> {
    let states = wanted.states.iter().map(|(field, values)| format!("{field}?={}", values.join(",")));
    let filled = wanted.filled.map(|(field, is)| format!("{field} {} null", if is { "not" } else { "is" }));
    states.chain(filled).collect()
}

async fn count(
    console: &Console,
    visit: &Visit,
    known: &Collection,
    conditions: &[String],
) -> Result<u64, Box<ErrorCode>> {
    let asked = conditions.iter().fold(Pairs::default(), |asked, condition| asked.with("q", condition));
    let found = console.api.query(known.query(), &asked.with("count", "true").encoded(), &visit.visitor).await?;
    Ok(found.total.unwrap_or(0))
}

/// Says what is missing, and where it can be got.
fn obstacle(visit: &Visit, rule: &ParamRule, known: &Collection, lack: Lack, wanted: &Wanted) -> Obstacle {
    let texts = &visit.texts.docs;
    let title = (known.title)(visit.texts);
    let what = title.to_lowercase();
    let state = |field: &str, value: &str| match value {
        "true" => visit.texts.label(field).to_lowercase(),
        "false" => format!("{} {}", texts.not, visit.texts.label(field).to_lowercase()),
        value => value.to_owned(),
    };
    let states = wanted.states.iter().map(|(field, values)| {
        let values: Vec<_> = values.iter().map(|value| state(field, value)).collect();
        values.join(&format!(" {} ", texts.or))
    });
    let states = states.collect::<Vec<_>>().join(&format!(" {} ", texts.and));
    let fitting = match wanted.filled {
        None => states,
        Some((field, is)) => {
            let with = if is { texts.with } else { texts.without };
            format!("{with} {}", visit.texts.label(field).to_lowercase())
        }
    };
    let text = match lack {
        Lack::Any => format!("{} {what}.", texts.there_are_no),
        Lack::Own => format!("{} {what} {}", texts.none_of_the, texts.is_yours),
        Lack::Fitting => format!("{} {what} {} {fitting}.", texts.none_of_the, texts.is),
        Lack::Another => format!("{} {what} {} {fitting}{}", texts.one_of_the, texts.is, texts.takes_two),
    };
    let mut links = Vec::new();
    if lack != Lack::Any {
        links.push((format!("/{}", known.path), title.to_owned()));
    }
    if known.path == "volumes" && visit.is_administrator() {
        links.push(("/volumes/register".to_owned(), visit.texts.register_volume.to_owned()));
    }
    let creates = known.creates.iter().filter_map(|name| {
        let operation = crate::collections::operation(name).filter(|operation| visit.may(operation))?;
        Some((format!("/do/{}", operation.name), visit.texts.operation(name)))
    });
    links.extend(creates.take(2));
    Obstacle { text, parameter: Some(rule.name.clone()), links }
}
