//! Whether whoever looks can run an operation here and now, and if not, what is missing and where to get it.

use crate::collections::{Collection, Demand, READY, When, demand_of, of_kind};
use crate::console::Console;
use crate::docs::entry::Entry;
use crate::forms;
use crate::offer::creates;
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
        return Ok(plain(&(texts.not_supported)(reason)));
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
        let mut wanted = wanted(operation, rule, known, kind).demands();
        wanted.extend(demand_of(&rule.name));
        let others = match rule.need {
            Need::Ownership => ownership::all_but_anothers(console, visit, kind).await?,
            Need::Share | Need::Nothing => None,
        };
        let counted = async |wanted: &[Demand]| {
            let conditions: Vec<_> = wanted.iter().map(|it| it.condition()).chain(others.iter().cloned()).collect();
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
        } else if counted(&[]).await? > 0 {
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

/// When a thing does for an operation: as its own page says, where it can be done from there; else when it is usable.
fn wanted(operation: &OperationDescription, rule: &ParamRule, known: &Collection, kind: ResourceKind) -> When {
    let of_page = known.actions.iter().find(|it| it.operation == operation.name && it.parameter == rule.name);
    match (of_page, kind) {
        (Some(action), _) => action.when,
        // What an operation is about need not be usable: it may be there to make it so.
        (None, _) if rule.name == "uuid" => When::Always,
        (None, ResourceKind::BackupStorage | ResourceKind::PrimaryStorage) => When::Connected,
        (None, ResourceKind::Volume) => When::Usable,
        (None, ResourceKind::VolumeBackup | ResourceKind::Image) => READY,
        (None, _) => When::Always,
    }
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
fn obstacle(visit: &Visit, rule: &ParamRule, known: &Collection, lack: Lack, wanted: &[Demand]) -> Obstacle {
    let texts = &visit.texts.docs;
    let title = (known.title)(visit.texts);
    let text = match lack {
        Lack::Any => (texts.there_are_no)(title),
        Lack::Own => (texts.none_is_yours)(title),
        Lack::Fitting => (texts.none_fits)(title, wanted),
        Lack::Another => (texts.takes_two)(title, wanted),
    };
    let mut links = Vec::new();
    if lack != Lack::Any {
        links.push((format!("/{}", known.path), title.to_owned()));
    }
    // Nobody reads more.
    links.extend(creates(visit, known, &Pairs::default()).into_iter().take(3).map(|it| (it.href, it.text)));
    Obstacle { text, parameter: Some(rule.name.clone()), links }
}
