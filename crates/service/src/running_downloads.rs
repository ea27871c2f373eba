//! Downloads while they run: how much of each has been handed to its connection. In memory only, for those who look at the
//! image; one that has ended is forgotten.

use imprint_domain::{AccountUuid, ImageUuid, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A download that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningDownload {
    /// Who gets the bytes.
    pub client: IpAddr,
    /// The part of the file that was asked for.
    pub range: Range<u64>,
    /// Bytes of the whole file.
    pub len: u64,
    /// Bytes of the part that were sent: a client that reads slowly has got a little less.
    pub sent: u64,
    /// When it began.
    pub begun: Timestamp,
}

/// What is downloaded, and by whose right it can be seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Downloaded {
    pub(crate) image: ImageUuid,
    pub(crate) owner: AccountUuid,
}

#[derive(Debug)]
struct Entry {
    what: Downloaded,
    begun_as: RunningDownload,
    sent: Arc<AtomicU64>,
}

/// All downloads that run, in the order in which they began. The lock is held for a map operation only.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningDownloads(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    entries: BTreeMap<u64, Entry>,
}

impl RunningDownloads {
    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic while the map was locked leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A download begins; it ends when the count is dropped.
    pub(crate) fn begin(&self, what: Downloaded, download: RunningDownload) -> SentBytes {
        let sent = Arc::new(AtomicU64::new(0));
        let mut table = self.table();
        let id = table.next;
        table.next += 1;
        table.entries.insert(id, Entry { what, begun_as: download, sent: sent.clone() });
        SentBytes { id, sent, all: self.clone() }
    }

    /// Those of an image; only its owner's, unless all are wanted.
    pub(crate) fn of(&self, image: ImageUuid, owner: Option<AccountUuid>) -> Vec<RunningDownload> {
        let table = self.table();
        let entries = table.entries.values().filter(|entry| entry.what.image == image);
        let seen = entries.filter(|entry| owner.is_none_or(|owner| entry.what.owner == owner));
        seen.map(|entry| RunningDownload { sent: entry.sent.load(Ordering::Relaxed), ..entry.begun_as.clone() })
            .collect()
    }
}

/// Counts the bytes of one download.
#[derive(Debug)]
pub(crate) struct SentBytes {
    id: u64,
    sent: Arc<AtomicU64>,
    all: RunningDownloads,
}

impl SentBytes {
    /// So many more were sent.
    pub(crate) fn add(&self, count: usize) {
        self.sent.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Drop for SentBytes {
    fn drop(&mut self) {
        self.all.table().entries.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_download_is_seen_by_its_owner_until_it_ends() {
        let (all, image, owner) = (RunningDownloads::default(), ImageUuid::random(), AccountUuid::random());
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let begun = RunningDownload { client, range: 10..100, len: 100, sent: 0, begun: Timestamp(5) };
        let count = all.begin(Downloaded { image, owner }, begun.clone());
        count.add(20);
        count.add(5);
        let expected = RunningDownload { sent: 25, ..begun };
        assert_eq!(all.of(image, Some(owner)), std::slice::from_ref(&expected));
        assert_eq!(all.of(image, None), [expected]);
        assert_eq!(all.of(image, Some(AccountUuid::random())), []);
        assert_eq!(all.of(ImageUuid::random(), None), []);
        drop(count);
        assert_eq!(all.of(image, None), []);
    }
}
