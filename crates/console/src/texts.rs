//! The words of the pages, all of them. Another language is another [`Texts`]. What operations and their parameters are
//! said to be stands in their declarations.
//!
//! What is said of numbers and names is a function of them: each language puts them where they belong, and inflects what
//! stands around them. No page puts a sentence together from two texts.

pub(crate) mod docs;
pub(crate) mod protocol;

use docs::DocsTexts;
use imprint_api::ErrorCode;
use protocol::Chapter;

use crate::units::Age;

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
    pub(crate) too_many_streams: &'static str,
    pub(crate) too_long: &'static str,
    pub(crate) form_expired: &'static str,
    pub(crate) opening: &'static str,
    pub(crate) filter: &'static str,
    pub(crate) clear: &'static str,
    pub(crate) any: &'static str,
    pub(crate) after: fn(&str) -> String,
    pub(crate) nothing_here: &'static str,
    pub(crate) none: &'static str,
    pub(crate) nothing_found: &'static str,
    pub(crate) first_page: &'static str,
    pub(crate) previous_page: &'static str,
    pub(crate) next_page: &'static str,
    pub(crate) actions: &'static str,
    pub(crate) facts: &'static str,
    pub(crate) advanced: &'static str,
    pub(crate) required: &'static str,
    pub(crate) not_given: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) one_a_line: &'static str,
    pub(crate) several: &'static str,
    /// What is said where too much could be chosen, of which this is.
    pub(crate) too_many: fn(Option<&str>) -> String,
    pub(crate) password_itself: &'static str,
    pub(crate) password_again: &'static str,
    pub(crate) passwords_differ: &'static str,
    pub(crate) password_changed: &'static str,
    pub(crate) pairs_a_line: &'static str,
    pub(crate) sure: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) back: &'static str,
    pub(crate) same_with_curl: &'static str,
    pub(crate) copy: &'static str,
    pub(crate) copied: &'static str,
    pub(crate) read_more: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) cause: &'static str,
    pub(crate) empty_result: &'static str,
    pub(crate) shown_once: &'static str,
    pub(crate) progress: &'static str,
    pub(crate) still_running: &'static str,
    pub(crate) open_result: &'static str,
    pub(crate) running_jobs: &'static str,
    pub(crate) recent_failures: &'static str,
    pub(crate) what_failed: &'static str,
    pub(crate) when_failed: &'static str,
    pub(crate) why_failed: &'static str,
    pub(crate) who_failed: &'static str,
    /// What was done how often.
    pub(crate) times: fn(&str, u64) -> String,
    pub(crate) recent_backups: &'static str,
    pub(crate) not_found: &'static str,
    pub(crate) not_found_text: &'static str,
    pub(crate) not_allowed: &'static str,
    pub(crate) welcome: &'static str,
    pub(crate) register_volume: &'static str,
    pub(crate) register_text: &'static str,
    pub(crate) file: &'static str,
    pub(crate) file_text: &'static str,
    pub(crate) data_volume: &'static str,
    pub(crate) root_volume: &'static str,
    pub(crate) type_text: &'static str,
    pub(crate) upload: &'static str,
    pub(crate) upload_text: &'static str,
    pub(crate) format: &'static str,
    pub(crate) version: &'static str,
    pub(crate) compare: &'static str,
    pub(crate) compare_with: &'static str,
    pub(crate) older: &'static str,
    pub(crate) newer: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) history: &'static str,
    pub(crate) what_it_holds: &'static str,
    pub(crate) not_measured: &'static str,
    pub(crate) holds_nothing: &'static str,
    pub(crate) last_backup: &'static str,
    pub(crate) longest_without_backup: &'static str,
    pub(crate) not_made: &'static str,
    pub(crate) never: &'static str,
    pub(crate) no_job_runs: &'static str,
    pub(crate) settings_text: &'static str,
    pub(crate) setting: &'static str,
    pub(crate) value: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) choose: &'static str,
    pub(crate) nothing_to_choose: &'static str,
    pub(crate) not_sure: &'static str,
    pub(crate) downloads: &'static str,
    pub(crate) no_download_runs: &'static str,
    pub(crate) from_elsewhere: &'static str,
    pub(crate) pages: &'static str,
    /// The first and the last row that is shown, and how many there are.
    pub(crate) range: fn(u64, u64, u64) -> String,
    /// How many there are.
    pub(crate) show_all: fn(u64) -> String,
    /// What was done.
    pub(crate) done: fn(&str) -> String,
    pub(crate) done_before: &'static str,
    /// What a job is called: what is done, and with what.
    pub(crate) job_of: fn(&str, &str) -> String,
    pub(crate) ago: fn(Age) -> String,
    /// How much is free, and of how much.
    pub(crate) free: fn(&str, &str) -> String,
    /// What backups and images would take alone, what is stored, and how many times that is.
    pub(crate) holds: fn(&str, &str, &str) -> String,
    /// The most that there was.
    pub(crate) peak: fn(&str) -> String,
    /// How many backups a picture shows.
    pub(crate) marks: fn(usize) -> String,
    /// How much changed, of how much, and in percent.
    pub(crate) changed_of: fn(&str, &str, u64) -> String,
    /// The same, and what each cell stands for.
    pub(crate) cells: fn(&str, &str, u64, &str) -> String,
    /// Whom something is sent to.
    pub(crate) sent_to: fn(&str) -> String,
    /// Percent, how much is sent, of how much, and how much in a second.
    pub(crate) sent: fn(u64, &str, &str, &str) -> String,
    pub(crate) docs: &'static DocsTexts,
    pub(crate) protocol: &'static [Chapter],
    pub(crate) replaced: &'static str,
    operations: &'static [(&'static str, &'static str)],
    singular: &'static [(&'static str, &'static str)],
    labels: &'static [(&'static str, &'static str)],
    advice: &'static [(&'static str, &'static str)],
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
    too_long: "The form holds too much for somebody who is not signed in.",
    too_many_streams: "Too many pages are followed at once; ask again in a while.",
    form_kept: "Sign in again to go on; what you typed is kept, but for passwords.",
    form_expired: "The form is older than your session. Look at it once more and send it again.",
    opening: "One moment …",
    filter: "Filter",
    clear: "Show all",
    any: "any",
    after: |date| format!("{date} after"),
    nothing_here: "There is nothing here yet.",
    none: "None.",
    nothing_found: "Nothing matches.",
    first_page: "First",
    previous_page: "Previous",
    next_page: "Next",
    actions: "Actions",
    facts: "Facts",
    advanced: "More options",
    required: "required",
    not_given: "default",
    yes: "yes",
    no: "no",
    one_a_line: "One in each line.",
    password_itself: "The password itself; its digest is what is sent.",
    too_many: |chosen| {
        let how =
            "There are too many to list. The newest are offered; type the id of another one, which stands on its page.";
        chosen.map_or(how.to_owned(), |name| format!("This is {name}. {how}"))
    },
    several: "Several can be chosen with Ctrl or Shift.",
    password_again: "The password once more",
    passwords_differ: "The two passwords differ: type the same one twice.",
    password_changed: "The password was changed, which ends all sessions of the account. Sign in with the new one.",
    pairs_a_line: "name=value, one in each line.",
    sure: "I am sure.",
    cancel: "Cancel",
    back: "Back",
    same_with_curl: "The same with curl",
    copy: "Copy",
    copied: "Copied",
    read_more: "In the API reference",
    failed: "This did not work",
    cause: "Cause",
    empty_result: "There is nothing.",
    shown_once: "Keep the secret now: it is not shown again.",
    progress: "Progress",
    still_running: "It continues if you leave this page.",
    open_result: "Open the result",
    running_jobs: "Running jobs",
    recent_failures: "Failed in the last seven days",
    what_failed: "What",
    when_failed: "When",
    why_failed: "Why",
    who_failed: "Account",
    times: |what, count| if count == 1 { what.to_owned() } else { format!("{what} ({count} times)") },
    recent_backups: "Newest backups",
    not_found: "Not found",
    not_found_text: "There is no such page, or it shows something that is gone or that you may not see.",
    not_allowed: "This page does not take what was sent.",
    welcome: "Nothing is backed up yet. Register a volume, and take its first backup.",
    register_volume: "Register a volume",
    register_text: "Makes a disk file known that lies in a primary storage's directory. The file stays where it is and is \
                    never removed.",
    file: "File",
    file_text: "Its path beneath the primary storage's directory, such as vm1.qcow2.",
    data_volume: "Data volume",
    root_volume: "Root volume of a virtual machine",
    type_text: "A machine is backed up as a whole by its root volume, once its volumes are attached to it.",
    upload: "Upload",
    upload_text: "The image waits for its file. Send it with this command, or with any program that sends a file by PUT.",
    format: "Format",
    version: "Version",
    compare: "Compare",
    compare_with: "Compare with",
    older: "Older",
    newer: "Newer",
    changed: "Changed between them",
    history: "History",
    what_it_holds: "What it holds",
    not_measured: "It has not been measured yet.",
    holds_nothing: "No backups and images yet.",
    last_backup: "Last backup",
    longest_without_backup: "Longest without a backup",
    not_made: "The page could not be made.",
    never: "never",
    no_job_runs: "No jobs are running.",
    settings_text: "What the server was started with; a flag, a variable or a key of its file changes it at the next start.",
    setting: "Setting",
    value: "Value",
    meaning: "What it does",
    choose: "Choose one",
    nothing_to_choose: "There is nothing to choose.",
    downloads: "Downloads",
    no_download_runs: "No download is running.",
    not_sure: "Tick that you are sure, and send it again.",
    from_elsewhere: "The browser says that this was sent from another address than the server's. If a proxy stands between, set public-url to the address that you see.",
    pages: "Pages",
    range: |from, to, total| format!("{from} to {to} of {total}"),
    show_all: |count| format!("Show all ({count})"),
    done: |what| format!("Done: {what}"),
    done_before: "This form was sent before: here is what came of it. Open the form again to do the same once more.",
    job_of: |operation, what| format!("{operation}: {what}"),
    ago: |age| match age {
        Age::Seconds(count) => format!("{count} s ago"),
        Age::Minutes(count) => format!("{count} min ago"),
        Age::Hours(count) => format!("{count} h ago"),
        Age::Days(1) => "1 day ago".to_owned(),
        Age::Days(count) => format!("{count} days ago"),
    },
    free: |free, of| format!("{free} free, of {of}"),
    holds: |all, stored, ratio| {
        format!("{all} of backups and images, {stored} stored; deduplication and compression {ratio}")
    },
    peak: |bytes| format!("Peak: {bytes}"),
    marks: |count| {
        let backups = if count == 1 { "backup" } else { "backups" };
        format!(
            "{count} {backups}; the thick marks are full ones, and a higher mark stored more, on a logarithmic scale"
        )
    },
    changed_of: |changed, of, percent| format!("{changed} of {of} ({percent} %)"),
    cells: |changed, of, percent, cell| format!("{changed} of {of} ({percent} %). Each cell stands for {cell}"),
    sent_to: |client| format!("to {client}"),
    sent: |percent, sent, of, rate| format!("{percent} %, {sent} of {of}, {rate}/s"),
    docs: &docs::ENGLISH,
    protocol: protocol::ENGLISH,
    replaced: "Its content is replaced",
    operations: &[
        ("AddImage", "Add an image"),
        ("AddImageStoreBackupStorage", "Add a backup storage"),
        ("AddLocalPrimaryStorage", "Add a primary storage"),
        ("AttachDataVolumeToVm", "Attach to a virtual machine"),
        ("AttachTagToResources", "Attach a tag"),
        ("BackupStorageMigrateImage", "Move to another storage"),
        ("CalculateImageHash", "Calculate a checksum"),
        ("CancelLongJob", "Cancel"),
        ("ChangeAccessKeyState", "Enable or disable"),
        ("ChangeBackupStorageState", "Enable or disable"),
        ("ChangeImageState", "Enable or disable"),
        ("ChangePrimaryStorageState", "Enable or disable"),
        ("ChangeResourceOwner", "Give to another account"),
        ("ChangeVolumeState", "Enable or disable"),
        ("CleanUpTrashOnBackupStorage", "Empty the trash"),
        ("CreateDataVolume", "Make an empty volume"),
        ("CreateDataVolumeFromVolumeBackup", "Restore as a new volume"),
        ("CreateDataVolumeFromVolumeTemplate", "Make a volume of a template"),
        ("CreateDataVolumeTemplateFromVolume", "Make a template of a volume"),
        ("CreateDataVolumeTemplateFromVolumeBackup", "Make a template"),
        ("CreateRootVolumeTemplateFromVolumeBackup", "Make a root template"),
        ("CreateVmBackup", "Back up a virtual machine"),
        ("CreateVolumeBackup", "Back up now"),
        ("DeleteAccessKey", "Delete"),
        ("DeleteAccount", "Delete"),
        ("DeleteBackupStorage", "Remove"),
        ("DeleteDataVolume", "Delete"),
        ("DeleteExportedImageFromBackupStorage", "End the export"),
        ("DeleteImage", "Delete"),
        ("DeleteLongJob", "Delete"),
        ("DeletePrimaryStorage", "Remove"),
        ("DeleteTag", "Delete"),
        ("DeleteVmBackup", "Delete the group"),
        ("DeleteVolumeBackup", "Delete"),
        ("DeleteZone", "Delete"),
        ("DetachDataVolumeFromVm", "Detach from the virtual machine"),
        ("ExportImageFromBackupStorage", "Export"),
        ("ExpungeDataVolume", "Expunge"),
        ("ExpungeImage", "Expunge"),
        ("GetTrashOnBackupStorage", "Look into the trash"),
        ("ReclaimSpaceFromImageStore", "Reclaim space"),
        ("ReconnectImageStoreBackupStorage", "Reconnect"),
        ("RecoverBackupFromImageStoreBackupStorage", "Bring back from another storage"),
        ("RecoverDataVolume", "Recover"),
        ("RecoverImage", "Recover"),
        ("RecoverVmBackupFromImageStoreBackupStorage", "Bring the group back from another storage"),
        ("RerunLongJob", "Run again"),
        ("ResizeDataVolume", "Make larger"),
        ("RevertVmFromVmBackup", "Revert all volumes of the group"),
        ("RevertVolumeFromVolumeBackup", "Revert the volume to this"),
        ("RevokeResourceSharing", "Stop sharing"),
        ("SetImageStoreBackupStorageQuota", "Set a quota"),
        ("ShareResource", "Share"),
        ("SyncBackupFromImageStoreBackupStorage", "Copy to another storage"),
        ("SyncImage", "Reconcile images"),
        ("SyncImageSize", "Measure"),
        ("SyncVmBackupFromImageStoreBackupStorage", "Copy the group to another storage"),
        ("SyncVolumeBackup", "Reconcile backups"),
        ("SyncVolumeSize", "Measure"),
        ("UpdateAccount", "Change"),
        ("UpdateImage", "Rename"),
        ("UpdateImageStoreBackupStorage", "Change"),
        ("UpdateLongJob", "Rename"),
        ("UpdatePrimaryStorage", "Change"),
        ("UpdateQuota", "Set a quota"),
        ("UpdateSystemTag", "Change"),
        ("UpdateTag", "Change"),
        ("UpdateVolume", "Rename"),
    ],
    singular: &[
        ("Volumes", "Volume"),
        ("Backups", "Backup"),
        ("Images", "Image"),
        ("Backup storages", "Backup storage"),
        ("Primary storages", "Primary storage"),
        ("Zones", "Zone"),
        ("Jobs", "Job"),
        ("Accounts", "Account"),
        ("Access keys", "Access key"),
        ("Tags", "Tag"),
        ("User tags", "User tag"),
        ("System tags", "System tag"),
        ("Shares", "Share"),
        ("Quotas", "Quota"),
    ],
    labels: &[
        ("AccessKeyID", "Access key id"),
        ("AccessKeySecret", "Secret"),
        ("accountUuids", "Accounts"),
        ("actualSize", "Space used"),
        ("apiId", "Call"),
        ("availableCapacity", "Free"),
        ("availablePhysicalCapacity", "Free on disk"),
        ("backupStorageUuid", "Backup storage"),
        ("backupStorageUuids", "Backup storages"),
        ("backupUuid", "Backup"),
        ("createDate", "Made"),
        ("dstBackupStorageUuid", "To backup storage"),
        ("executeTime", "Seconds"),
        ("failed", "This did not work"),
        ("exportMd5Sum", "MD5 of the export"),
        ("exportUrl", "Link"),
        ("groupUuid", "Group"),
        ("guestOsType", "Operating system"),
        ("imageUrl", "Link"),
        ("imageUuid", "Image"),
        ("installPath", "Path"),
        ("isShareable", "For several machines at once"),
        ("jobData", "Parameters"),
        ("jobName", "Operation"),
        ("jobResult", "Result"),
        ("lastOpDate", "Changed"),
        ("md5Sum", "MD5"),
        ("mediaType", "Kind"),
        ("primaryStorageUuid", "Primary storage"),
        ("resourceUuid", "Resource"),
        ("resourceUuids", "Resources"),
        ("resourceType", "Kind of resource"),
        ("srcBackupStorageUuid", "From backup storage"),
        ("tagUuids", "Tags"),
        ("targetResourceUuid", "Resource"),
        ("totalCapacity", "Capacity"),
        ("totalPhysicalCapacity", "Capacity of the disk"),
        ("url", "Place"),
        ("uuid", "Id"),
        ("vmInstanceUuid", "Virtual machine"),
        ("volumeUuid", "Volume"),
        ("zoneUuid", "Zone"),
    ],
    advice: &[
        ("ID.1000", "Look at the name once more, and type the password again."),
        ("ID.1001", "Sign in again."),
        ("SYS.1001", "It took longer than it may. Try again when the server has less to do."),
    ],
};

impl Texts {
    /// What an operation is called where somebody can do it.
    pub(crate) fn operation(&self, name: &str) -> String {
        match self.operations.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => (*text).to_owned(),
            None => words(name),
        }
    }

    /// What whoever looks at a page can do about an error, where that differs from what a program can.
    pub(crate) fn advice(&self, error: &ErrorCode) -> Option<&'static str> {
        self.advice.iter().find(|(code, _)| *code == error.code).map(|(_, text)| *text)
    }

    /// What so many are called that together have this name.
    pub(crate) fn counted(&self, count: u64, several: &'static str) -> &'static str {
        let one = self.singular.iter().filter(|_| count == 1).find(|(known, _)| *known == several);
        one.map_or(several, |(_, one)| one)
    }

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
    fn all_operations_that_have_words_of_their_own_exist() {
        for (name, _) in ENGLISH.operations {
            assert!(imprint_api::operations().iter().any(|operation| operation.name == *name), "{name}");
        }
    }

    #[test]
    fn one_is_not_several() {
        assert_eq!([0, 1, 2].map(|count| ENGLISH.counted(count, ENGLISH.backups)), ["Backups", "Backup", "Backups"]);
        for it in crate::collections::COLLECTIONS {
            let several = (it.title)(&ENGLISH);
            assert_ne!(ENGLISH.counted(1, several), several);
        }
    }

    #[test]
    fn names_become_words() {
        assert_eq!(words("CreateVolumeBackup"), "Create volume backup");
        assert_eq!(words("guestOsType"), "Guest os type");
        assert_eq!(words("zoneUuid"), "Zone");
        assert_eq!(ENGLISH.label("zoneUuid"), "Zone");
        assert_eq!(ENGLISH.label("format"), "Format");
    }
}
