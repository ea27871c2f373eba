//! What there is to choose from where a form asks for the id of a thing.

use crate::cell::{is_id, isolated, text};
use crate::collections::{demand_of, of_kind};
use crate::console::Console;
use crate::ownership;
use crate::pairs::Pairs;
use crate::visit::Visit;
use imprint_api::{Need, ParamRule, ResourceKind};
use imprint_service::QueryReply;
use serde_json::Value;

/// Things that are listed at most.
const CHOICES: u64 = 200;

/// What there is to choose from: ids, and what they are called.
#[derive(Debug)]
pub(crate) enum Choices {
    /// These.
    All(Vec<(String, String)>),
    /// Too much to list. These are the newest; another one's id is typed. The name of the one that is chosen, if there is it.
    Newest(Vec<(String, String)>, Option<String>),
}

/// What the id in a parameter can name, of which one may be chosen. `None` if that cannot be asked for: whoever cannot
/// choose types the id, and a form is not lost for that.
pub(crate) async fn choices(console: &Console, visit: &Visit, rule: &ParamRule, chosen: &str) -> Option<Choices> {
    // Whoever is not signed in sees nothing to choose from.
    visit.person.as_ref()?;
    let kind = named_by(visit, rule)?;
    let collection = of_kind(kind.as_str())?;
    let asked = Pairs::default()
        .with("limit", &CHOICES.to_string())
        .with("sort", "-createDate")
        .with("replyWithCount", "true")
        .with("fields", "uuid,name");
    let asked = demand_of(&rule.name).map_or(asked.clone(), |demand| asked.with("q", &demand.condition()));
    let newest = match own(console, visit, rule, kind).await? {
        Some(condition) => asked.clone().with("q", &condition),
        None => asked.clone(),
    };
    let ask = async |asked: Pairs| console.api.query(collection.query(), &asked.encoded(), &visit.visitor).await.ok();
    let found = ask(newest).await?;
    let one = |row: Value| {
        let uuid = text(&row, "uuid").to_owned();
        let short: String = uuid.chars().take(8).collect();
        let name = format!("{} ({short})", isolated(text(&row, "name")));
        (uuid, name)
    };
    let listed = |found: QueryReply| found.inventories.unwrap_or_default().into_iter().map(one).collect::<Vec<_>>();
    if found.total.is_none_or(|total| total <= CHOICES) {
        return Some(Choices::All(listed(found)));
    }
    let chosen = if is_id(chosen) {
        listed(ask(asked.with("q", &format!("uuid={chosen}"))).await?).pop().map(|(_, name)| name)
    } else {
        None
    };
    Some(Choices::Newest(listed(found), chosen))
}

/// The condition that leaves out what others share with the visitor, where it must be its own; `None` if that cannot be
/// asked for.
async fn own(console: &Console, visit: &Visit, rule: &ParamRule, kind: ResourceKind) -> Option<Option<String>> {
    match rule.need {
        Need::Ownership if rule.resource.is_some() => ownership::all_but_anothers(console, visit, kind).await.ok(),
        Need::Ownership | Need::Share | Need::Nothing => Some(None),
    }
}

/// What the id in a parameter names, of which there is a choice.
fn named_by(visit: &Visit, rule: &ParamRule) -> Option<ResourceKind> {
    // Each account is its one user.
    let kind = if rule.name == "userUuid" { Some(ResourceKind::Account) } else { rule.resource };
    // Whoever sees no account but its own may name others all the same.
    let is_any_account = kind == Some(ResourceKind::Account) && rule.need == Need::Nothing;
    kind.filter(|_| !is_any_account || visit.is_administrator())
}
