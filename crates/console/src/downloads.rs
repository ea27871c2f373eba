//! Downloads of an image while they run. The browser that downloads shows its own progress; this is for whoever looks after
//! the server.

use crate::console::Console;
use crate::texts::Texts;
use crate::units;
use crate::visit::Visit;
use askama::Template;
use imprint_service::RunningDownload;

/// The downloads of an image that run.
#[derive(Clone, Debug, Template)]
#[template(path = "downloads.html")]
pub(crate) struct Downloads {
    texts: &'static Texts,
    downloads: Vec<Shown>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    to: String,
    percent: u64,
    sent: String,
}

impl Downloads {
    /// Those of an image, as far as the visitor sees them; `None` when there is no such image.
    pub(crate) fn load(console: &Console, visit: &Visit, image: &str) -> Option<Self> {
        let (image, person) = (image.parse().ok()?, visit.person.as_ref()?);
        let now = console.api.now();
        let running = console.api.backend().running_downloads(image, person.caller);
        let shown = |it: &RunningDownload| Shown::new(visit.texts, it, now.0 - it.begun.0);
        Some(Self { texts: visit.texts, downloads: running.iter().map(shown).collect() })
    }
}

impl Shown {
    fn new(texts: &Texts, download: &RunningDownload, millis: i64) -> Self {
        // Whoever resumes has got what is before.
        let reached = download.range.start.saturating_add(download.sent);
        let millis = u128::try_from(millis).unwrap_or(0).max(1);
        let rate = u64::try_from(u128::from(download.sent) * 1000 / millis).unwrap_or(u64::MAX);
        let percent = units::percent(reached, download.len);
        let (sent, of, rate) = (units::bytes(reached), units::bytes(download.len), units::bytes(rate));
        let to = (texts.sent_to)(&download.client.to_string());
        Self { to, percent, sent: (texts.sent)(percent, &sent, &of, &rate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;
    use imprint_domain::Timestamp;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn a_resumed_download_goes_on_where_it_was() {
        let download = RunningDownload {
            client: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3)),
            range: 1 << 20..4 << 20,
            len: 4 << 20,
            sent: 1 << 20,
            begun: Timestamp(0),
        };
        let shown = Shown::new(&ENGLISH, &download, 500);
        assert_eq!((shown.to.as_str(), shown.percent), ("to 10.0.0.3", 50));
        assert_eq!(shown.sent, "50 %, 2.0 MiB of 4.0 MiB, 2.0 MiB/s");
        // At its very beginning.
        let begins = Shown::new(&ENGLISH, &RunningDownload { sent: 0, ..download }, 0);
        assert!(begins.sent.ends_with(", 0 B/s"), "{begins:?}");
    }
}
