//! The words of the pages, all of them. Another language is another [`Texts`]. What operations and their parameters are
//! said to be stands in their declarations.

/// The words of one language.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) language: &'static str,
    pub(crate) product: &'static str,
    pub(crate) skip: &'static str,
    pub(crate) menu: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) overview: &'static str,
    pub(crate) volumes: &'static str,
    pub(crate) backups: &'static str,
    pub(crate) images: &'static str,
    pub(crate) backup_storages: &'static str,
    pub(crate) primary_storages: &'static str,
    pub(crate) zones: &'static str,
    pub(crate) jobs: &'static str,
    pub(crate) accounts: &'static str,
    pub(crate) access_keys: &'static str,
    pub(crate) tags: &'static str,
    pub(crate) user_tags: &'static str,
    pub(crate) system_tags: &'static str,
    pub(crate) shares: &'static str,
    pub(crate) quotas: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) signed_in_as: &'static str,
    pub(crate) account: &'static str,
    pub(crate) password: &'static str,
    pub(crate) session_ended: &'static str,
    pub(crate) form_kept: &'static str,
    pub(crate) form_expired: &'static str,
    pub(crate) opening: &'static str,
    pub(crate) filter: &'static str,
    pub(crate) clear: &'static str,
    pub(crate) any: &'static str,
    pub(crate) nothing_here: &'static str,
    pub(crate) nothing_found: &'static str,
    pub(crate) first_page: &'static str,
    pub(crate) previous_page: &'static str,
    pub(crate) next_page: &'static str,
    pub(crate) of: &'static str,
    pub(crate) to: &'static str,
    pub(crate) show_all: &'static str,
    pub(crate) actions: &'static str,
    pub(crate) facts: &'static str,
    pub(crate) advanced: &'static str,
    pub(crate) required: &'static str,
    pub(crate) not_given: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) one_a_line: &'static str,
    pub(crate) pairs_a_line: &'static str,
    pub(crate) sure: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) back: &'static str,
    pub(crate) same_with_curl: &'static str,
    pub(crate) copy: &'static str,
    pub(crate) copied: &'static str,
    pub(crate) read_more: &'static str,
    pub(crate) done: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) cause: &'static str,
    pub(crate) empty_result: &'static str,
    pub(crate) shown_once: &'static str,
    pub(crate) progress: &'static str,
    pub(crate) still_running: &'static str,
    pub(crate) open_result: &'static str,
    pub(crate) running_jobs: &'static str,
    pub(crate) recent_failures: &'static str,
    pub(crate) recent_backups: &'static str,
    pub(crate) free: &'static str,
    pub(crate) not_found: &'static str,
    pub(crate) not_found_text: &'static str,
    pub(crate) not_allowed: &'static str,
    pub(crate) welcome: &'static str,
    pub(crate) register_volume: &'static str,
    pub(crate) register_text: &'static str,
    pub(crate) file: &'static str,
    pub(crate) file_text: &'static str,
    pub(crate) format: &'static str,
    pub(crate) version: &'static str,
    labels: &'static [(&'static str, &'static str)],
}

/// English.
pub(crate) static ENGLISH: Texts = Texts {
    language: "en",
    product: "Imprint",
    skip: "Skip to the content",
    menu: "Menu",
    reference: "API reference",
    overview: "Overview",
    volumes: "Volumes",
    backups: "Backups",
    images: "Images",
    backup_storages: "Backup storages",
    primary_storages: "Primary storages",
    zones: "Zones",
    jobs: "Jobs",
    accounts: "Accounts",
    access_keys: "Access keys",
    tags: "Tags",
    user_tags: "User tags",
    system_tags: "System tags",
    shares: "Shares",
    quotas: "Quotas",
    settings: "Settings",
    sign_in: "Sign in",
    sign_out: "Sign out",
    signed_in_as: "Signed in as",
    account: "Account",
    password: "Password",
    session_ended: "Your session has ended.",
    form_kept: "Sign in again to go on; what you typed is kept.",
    form_expired: "The form is older than your session. Look at it once more and send it again.",
    opening: "One moment …",
    filter: "Filter",
    clear: "Show all",
    any: "any",
    nothing_here: "There is nothing here yet.",
    nothing_found: "Nothing matches.",
    first_page: "First",
    previous_page: "Previous",
    next_page: "Next",
    of: "of",
    to: "to",
    show_all: "Show all",
    actions: "Actions",
    facts: "Facts",
    advanced: "More options",
    required: "required",
    not_given: "as usual",
    yes: "yes",
    no: "no",
    one_a_line: "One in each line.",
    pairs_a_line: "name=value, one in each line.",
    sure: "I am sure.",
    cancel: "Cancel",
    back: "Back",
    same_with_curl: "The same with curl",
    copy: "Copy",
    copied: "Copied",
    read_more: "In the API reference",
    done: "Done:",
    failed: "This did not work",
    cause: "Cause",
    empty_result: "It is done; there is nothing more to say.",
    shown_once: "Keep the secret now: it is not shown again.",
    progress: "Progress",
    still_running: "It goes on, also when you leave this page.",
    open_result: "Open what it made",
    running_jobs: "Running jobs",
    recent_failures: "Failed in the last seven days",
    recent_backups: "Newest backups",
    free: "free",
    not_found: "Not found",
    not_found_text: "There is no such page, or it shows something that is gone or that you may not see.",
    not_allowed: "This page does not take what was sent.",
    welcome: "Nothing is backed up yet. Register a volume, and take its first backup.",
    register_volume: "Register a volume",
    register_text: "Makes a disk file known that lies in a primary storage's directory. The file stays where it is and is \
                    never removed.",
    file: "File",
    file_text: "Its path beneath the primary storage's directory, such as vm1.qcow2.",
    format: "Format",
    version: "Version",
    labels: &[
        ("actualSize", "Really occupied"),
        ("apiId", "Call"),
        ("availableCapacity", "Free"),
        ("availablePhysicalCapacity", "Free on disk"),
        ("backupStorageUuid", "Backup storage"),
        ("backupStorageUuids", "Backup storages"),
        ("backupUuid", "Backup"),
        ("createDate", "Made"),
        ("executeTime", "Seconds"),
        ("exportMd5Sum", "MD5 of the export"),
        ("exportUrl", "Link"),
        ("groupUuid", "Group"),
        ("guestOsType", "Operating system"),
        ("imageUrl", "Link"),
        ("imageUuid", "Image"),
        ("installPath", "Path"),
        ("jobData", "Parameters"),
        ("jobName", "Operation"),
        ("jobResult", "Result"),
        ("lastOpDate", "Changed"),
        ("md5Sum", "MD5"),
        ("mediaType", "Kind"),
        ("primaryStorageUuid", "Primary storage"),
        ("resourceUuid", "Resource"),
        ("resourceType", "Kind of resource"),
        ("targetResourceUuid", "Resource"),
        ("totalCapacity", "Capacity"),
        ("totalPhysicalCapacity", "Capacity of the disk"),
        ("url", "Place"),
        ("uuid", "Id"),
        ("vmInstanceUuid", "Virtual machine"),
        ("volumeUuid", "Volume"),
        ("zoneUuid", "Zone"),
    ],
};

impl Texts {
    /// What a field or a parameter is called.
    pub(crate) fn label(&self, field: &str) -> String {
        match self.labels.iter().find(|(name, _)| *name == field) {
            Some((_, label)) => (*label).to_owned(),
            None => words(field),
        }
    }
}

/// A name made of words, as a person writes it: `CreateVolumeBackup` is `Create volume backup`.
pub(crate) fn words(name: &str) -> String {
    let mut text = String::new();
    for letter in name.strip_suffix("Uuid").unwrap_or(name).chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push(' ');
            text.extend(letter.to_lowercase());
        } else if text.is_empty() {
            text.extend(letter.to_uppercase());
        } else {
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        assert_eq!(words("CreateVolumeBackup"), "Create volume backup");
        assert_eq!(words("guestOsType"), "Guest os type");
        assert_eq!(words("zoneUuid"), "Zone");
        assert_eq!(ENGLISH.label("zoneUuid"), "Zone");
        assert_eq!(ENGLISH.label("format"), "Format");
    }
}
