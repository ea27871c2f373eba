//! What the visitor sees and does not own: others share it. Only its owner may change such a thing.

use crate::collections::collection;
use crate::console::Console;
use crate::pairs::Pairs;
use crate::visit::Visit;
use imprint_api::{ErrorCode, ResourceKind};

/// Shares of others that are looked at; of what else others share it is said that one can name it.
const SHARES: usize = 1000;

/// The condition that leaves out what others own, among all of a kind that the visitor sees; `None` if it leaves out nothing.
///
/// # Errors
/// When the query fails.
pub(crate) async fn all_but_anothers(
    console: &Console,
    visit: &Visit,
    kind: ResourceKind,
) -> Result<Option<String>, Box<ErrorCode>> {
    let asked = Pairs::default().with("q", &format!("resourceType={}", kind.as_str())).with("fields", "resourceUuid");
    let shares = shares_of_others(console, visit, asked).await?;
    Ok((!shares.is_empty()).then(|| format!("uuid!?={}", shares.join(","))))
}

/// What others share with the visitor, of that which is asked for: ids.
async fn shares_of_others(console: &Console, visit: &Visit, asked: Pairs) -> Result<Vec<String>, Box<ErrorCode>> {
    let (Some(person), Some(shares)) = (&visit.person, collection("shares")) else { return Ok(Vec::new()) };
    if person.caller.administrator {
        return Ok(Vec::new());
    }
    let asked =
        asked.with("q", &format!("ownerAccountUuid!={}", person.caller.account)).with("limit", &SHARES.to_string());
    let found = console.api.query(shares.query(), &asked.encoded(), &visit.visitor).await?;
    let uuid = |row: &serde_json::Value| Some(row.get("resourceUuid")?.as_str()?.to_owned());
    Ok(found.inventories.iter().flatten().filter_map(uuid).collect())
}
