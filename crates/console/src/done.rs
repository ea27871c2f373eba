//! What was done just before, as the next page says it. The link that leads there shows that this session did it: no other
//! link makes a page say so.

use crate::collections::operation;
use crate::visit::Visit;
use sha2::{Digest, Sha256};

/// What was done when it was no operation: a disk file became a volume.
pub(crate) const REGISTERED: &str = "register";

/// What was done when the same form had done it before.
pub(crate) const BEFORE: &str = "before";

/// The link to a page that says that this was done: [`REGISTERED`], [`BEFORE`], or the name of an operation.
pub(crate) fn link(visit: &Visit, page: &str, what: &str) -> String {
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{page}{joint}done={what}.{}", mark(&visit.csrf(), what))
}

/// What the page says that was done.
pub(crate) fn notice(visit: &Visit) -> Option<String> {
    let (what, shown) = visit.query.get("done")?.split_once('.')?;
    if visit.person.is_none() || shown != mark(&visit.csrf(), what) {
        return None;
    }
    let texts = visit.texts;
    let name = match what {
        BEFORE => return Some(texts.done_before.to_owned()),
        REGISTERED => texts.register_volume.to_owned(),
        name => texts.operation(operation(name)?.name),
    };
    Some((texts.done)(&name))
}

/// What only pages of the session with this token know.
fn mark(token: &str, what: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("{token} has done {what}")));
    digest.chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_session_and_each_deed_has_a_mark_of_its_own() {
        let own = mark("t", "DeleteImage");
        assert_eq!((own.len(), &own), (16, &mark("t", "DeleteImage")));
        assert!(own != mark("u", "DeleteImage") && own != mark("t", "DeleteTag"));
    }
}
