//! System tags: each must match a pattern declared here for its kind of resource.

use crate::arguments::shortened;
use crate::{Refusal, ServiceError};
use imprint_api::ResourceKind;
use std::collections::HashSet;

/// Tags of a kind that are known as a whole.
fn exact(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::Image => &[
            "bootMode::Legacy",
            "bootMode::UEFI",
            "bootMode::UEFI_WITH_CSM",
            "qemuga",
            "remote",
            "temporary",
            "CreatedBySystem",
            "packer",
        ],
        ResourceKind::Volume => &["volume::type::Root", "backup::digest", "qemuga"],
        _ => &[],
    }
}

/// Beginnings of tags of a kind that carry a value.
fn prefixes(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::Image => &["GuestTools::", "applianceType::"],
        ResourceKind::Volume => &["volume::source::"],
        _ => &[],
    }
}

/// How tags begin that are consulted, never kept.
const EPHEMERAL: &str = "ephemeral::";

/// Tags that say what a resource is made as: afterwards they would say what is not so.
const AT_CREATION: [&str; 2] = ["volume::source::", "volume::type::"];

/// Checks tags that a resource gets after it was made, and answers those that are stored.
pub(crate) fn check_later(
    kind: ResourceKind,
    field: &'static str,
    tags: &[String],
) -> Result<Vec<String>, ServiceError> {
    if let Some(tag) = tags.iter().find(|tag| AT_CREATION.iter().any(|prefix| tag.starts_with(prefix))) {
        let reason = "can be given only when the resource is made".to_owned();
        return Err(ServiceError::InvalidArgument { field, value: shortened(tag), reason });
    }
    check_of(kind, field, tags)
}

/// Checks that one tag may become another one.
pub(crate) fn check_change(kind: ResourceKind, old: &str, new: &str) -> Result<(), ServiceError> {
    if AT_CREATION.iter().any(|prefix| old.starts_with(prefix)) {
        return Err(Refusal::TagOfCreation { tag: old.to_owned() }.into());
    }
    if new.starts_with(EPHEMERAL) {
        let reason = format!("a tag that begins with {EPHEMERAL} is never stored");
        return Err(ServiceError::InvalidArgument { field: "tag", value: shortened(new), reason });
    }
    check_later(kind, "tag", &[new.to_owned()]).map(|_| ())
}

/// Checks the tags of a new resource and answers those that are stored: `ephemeral::…` ones are consulted, never kept.
///
/// # Errors
/// `InvalidArgument` for the first tag that no pattern matches.
pub(crate) fn check(kind: ResourceKind, tags: &[String]) -> Result<Vec<String>, ServiceError> {
    check_of(kind, "systemTags", tags)
}

fn check_of(kind: ResourceKind, field: &'static str, tags: &[String]) -> Result<Vec<String>, ServiceError> {
    let (mut kept, mut seen) = (Vec::with_capacity(tags.len()), HashSet::new());
    for tag in tags {
        if tag.starts_with(EPHEMERAL) {
            continue;
        }
        let config = tag.strip_prefix("resourceConfig::").is_some_and(|rest| rest.split("::").count() >= 3);
        let prefixed = prefixes(kind).iter().any(|prefix| tag.len() > prefix.len() && tag.starts_with(prefix));
        if !(config || prefixed || exact(kind).contains(&tag.as_str())) {
            return Err(ServiceError::InvalidArgument {
                field,
                value: shortened(tag),
                reason: format!("no system tag of {} matches", kind.as_str()),
            });
        }
        if seen.insert(tag) {
            kept.push(tag.clone());
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(tags: &[&str]) -> Vec<String> {
        tags.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn known_tags_are_kept_once_and_ephemeral_ones_are_not() {
        let tags = strings(&["bootMode::UEFI", "ephemeral::x", "bootMode::UEFI", "resourceConfig::vm::cpu::2"]);
        let kept = check(ResourceKind::Image, &tags).unwrap();
        assert_eq!(kept, strings(&["bootMode::UEFI", "resourceConfig::vm::cpu::2"]));
    }

    #[test]
    fn a_tag_becomes_only_one_that_may_be_stored_and_means_something() {
        let change = |old: &str, new: &str| check_change(ResourceKind::Volume, old, new);
        assert!(change("qemuga", "backup::digest").is_ok());
        for (old, new, what) in [
            ("qemuga", "ephemeral::x", "never stored"),
            ("qemuga", "volume::type::Root", "only when"),
            ("qemuga", "unknown", "no system tag"),
            ("volume::type::Root", "qemuga", "made as"),
            ("volume::source::file:a.raw?format=raw", "qemuga", "made as"),
        ] {
            let refused = change(old, new).unwrap_err().to_string();
            assert!(refused.contains(what), "{old} to {new}: {refused}");
        }
    }

    #[test]
    fn unknown_tags_are_refused_by_name() {
        for tag in ["bootMode::uefi", "", "volume::source::", "volume::type::Data", "GuestTools::", "resourceConfig::a"]
        {
            let refused = check(ResourceKind::Volume, &strings(&[tag]));
            assert!(matches!(refused, Err(ServiceError::InvalidArgument { field: "systemTags", .. })), "{tag}");
        }
    }
}
