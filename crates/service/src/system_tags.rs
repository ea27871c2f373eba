//! System tags: each must match a pattern declared here for its kind of resource.

use crate::ServiceError;

/// Kinds of resources that carry system tags, as clients name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaggedKind {
    Image,
    Volume,
    VolumeBackup,
    BackupStorage,
    PrimaryStorage,
}

impl TaggedKind {
    /// Tags that are known as a whole.
    fn exact(self) -> &'static [&'static str] {
        match self {
            Self::Image => &[
                "bootMode::Legacy",
                "bootMode::UEFI",
                "bootMode::UEFI_WITH_CSM",
                "qemuga",
                "remote",
                "temporary",
                "CreatedBySystem",
                "packer",
            ],
            Self::Volume => &["volume::type::Root", "backup::digest", "qemuga"],
            Self::VolumeBackup | Self::BackupStorage | Self::PrimaryStorage => &[],
        }
    }

    /// Beginnings of tags that carry a value.
    fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Image => &["GuestTools::", "applianceType::"],
            Self::Volume => &["volume::source::"],
            Self::VolumeBackup | Self::BackupStorage | Self::PrimaryStorage => &[],
        }
    }
}

/// Checks the tags of a new resource and answers those that are stored: `ephemeral::…` ones are consulted, never kept.
///
/// # Errors
/// `InvalidArgument` for the first tag that no pattern matches.
pub(crate) fn check(kind: TaggedKind, tags: &[String]) -> Result<Vec<String>, ServiceError> {
    let mut kept = Vec::with_capacity(tags.len());
    for tag in tags {
        if tag.starts_with("ephemeral::") {
            continue;
        }
        let config = tag.strip_prefix("resourceConfig::").is_some_and(|rest| rest.split("::").count() >= 3);
        let prefixed = kind.prefixes().iter().any(|prefix| tag.len() > prefix.len() && tag.starts_with(prefix));
        if !(config || prefixed || kind.exact().contains(&tag.as_str())) || tag.chars().count() > 2048 {
            return Err(ServiceError::InvalidArgument {
                field: "systemTags",
                value: tag.chars().take(128).collect(),
                reason: format!("no system tag of {kind:?}VO matches"),
            });
        }
        if !kept.contains(tag) {
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
        let kept = check(TaggedKind::Image, &tags).unwrap();
        assert_eq!(kept, strings(&["bootMode::UEFI", "resourceConfig::vm::cpu::2"]));
    }

    #[test]
    fn unknown_tags_are_refused_by_name() {
        for tag in ["bootMode::uefi", "", "volume::source::", "volume::type::Data", "GuestTools::", "resourceConfig::a"]
        {
            let refused = check(TaggedKind::Volume, &strings(&[tag]));
            assert!(matches!(refused, Err(ServiceError::InvalidArgument { field: "systemTags", .. })), "{tag}");
        }
    }
}
