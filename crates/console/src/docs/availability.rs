//! Whether whoever looks can run an operation here and now, and if not, what is missing and where to get it.

use crate::collections::{Collection, When, collection};
use crate::console::Console;
use crate::docs::entry::Entry;
use crate::forms::{self, collection_of};
use crate::pairs::{Pairs, link};
use crate::visit::Visit;
use imprint_api::{
    Access, CreateVmFromVmBackup, CreateVmFromVolumeBackup, ErrorCode, Method, Operation, OperationDescription,
    ParamRule, ResourceKind,
};

/// What this server never does.
const NOT_SUPPORTED: [&str; 2] = [CreateVmFromVmBackup::NAME, CreateVmFromVolumeBackup::NAME];

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
    if NOT_SUPPORTED.contains(&entry.name()) {
        return Ok(plain(texts.not_supported));
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
    for rule in operation.rules.iter().filter(|rule| rule.required || is_chosen(operation, rule)) {
        let Some((kind, known)) = rule.resource.and_then(|kind| Some((kind, counted_in(kind)?))) else { continue };
        let when = when(operation, rule, known, kind);
        if count(console, visit, known, &conditions(&when)).await? == 0 {
            let any = count(console, visit, known, &[]).await?;
            obstacles.push(obstacle(visit, rule, known, if any == 0 { None } else { Some(&when) }));
        }
    }
    Ok(obstacles)
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

/// Where things of a kind are counted.
fn counted_in(kind: ResourceKind) -> Option<&'static Collection> {
    match kind {
        ResourceKind::AccessKey => collection("access-keys"),
        ResourceKind::UserTag => collection("user-tags"),
        ResourceKind::SystemTag => collection("system-tags"),
        other => collection_of(other),
    }
}

/// What a thing must be for an operation to take it: a field and the values that will do.
type States = Vec<(&'static str, Vec<&'static str>)>;

/// What a thing must be for an operation: what its own page asks for, where it can be done from there; else that it is usable.
fn when(operation: &OperationDescription, rule: &ParamRule, known: &Collection, kind: ResourceKind) -> Wanted {
    let of_page = known.actions.iter().find(|it| it.operation == operation.name && it.parameter == rule.name);
    let ready = || vec![("status", vec!["Ready"])];
    match of_page.map(|action| action.when) {
        Some(When::Always) => Wanted::default(),
        Some(When::Is(field, values)) => Wanted { states: vec![(field, values.to_vec())], filled: None },
        Some(When::Has(field)) => Wanted { states: ready(), filled: Some((field, true)) },
        Some(When::Lacks(field)) => Wanted { states: ready(), filled: Some((field, false)) },
        // What an operation is about need not be usable: it may be there to make it so.
        None if rule.name == "uuid" => Wanted::default(),
        None => match kind {
            ResourceKind::BackupStorage | ResourceKind::PrimaryStorage => {
                Wanted { states: vec![("status", vec!["Connected"]), ("state", vec!["Enabled"])], filled: None }
            }
            ResourceKind::Volume | ResourceKind::VolumeBackup | ResourceKind::Image => {
                Wanted { states: ready(), filled: None }
            }
            _ => Wanted::default(),
        },
    }
}

/// What a thing must be.
#[derive(Debug, Default)]
struct Wanted {
    states: States,
    /// A field that must say something, or must not.
    filled: Option<(&'static str, bool)>,
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

/// Says what is missing: all of them, or those that are as wanted.
fn obstacle(visit: &Visit, rule: &ParamRule, known: &Collection, wanted: Option<&Wanted>) -> Obstacle {
    let texts = &visit.texts.docs;
    let title = (known.title)(visit.texts);
    let what = title.to_lowercase();
    let mut links = Vec::new();
    let text = match wanted {
        None => format!("{} {what}.", texts.there_are_no),
        Some(wanted) => {
            links.push((format!("/{}", known.path), title.to_owned()));
            let states = wanted.states.iter().map(|(_, values)| values.join(&format!(" {} ", texts.or)));
            let states = states.collect::<Vec<_>>().join(&format!(" {} ", texts.and));
            let filled = wanted.filled.map(|(field, is)| {
                let field = visit.texts.label(field).to_lowercase();
                format!(" {} {field}", if is { texts.with } else { texts.without })
            });
            let filled = filled.unwrap_or_default();
            let states = if filled.is_empty() { format!(" {states}") } else { filled };
            format!("{} {what} {}{states}.", texts.none_of_the, texts.is)
        }
    };
    let creates = known.creates.iter().filter_map(|name| {
        let operation = crate::collections::operation(name)?;
        let may = operation.access != Access::Administrator || visit.is_administrator();
        may.then(|| (format!("/do/{name}"), visit.texts.operation(name)))
    });
    if known.path == "volumes" && visit.is_administrator() {
        links.push(("/volumes/register".to_owned(), visit.texts.register_volume.to_owned()));
    }
    links.extend(creates.take(2));
    Obstacle { text, parameter: Some(rule.name.clone()), links }
}
