//! What changes while one looks, as server-sent events: each holds the part of the page that replaces the old one.

use crate::console::Console;
use crate::downloads::Downloads;
use crate::jobs::{JobState, RunningJobs};
use crate::respond;
use crate::streams::Place;
use crate::visit::Visit;
use askama::Template;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::StatusCode;
use hyper::body::Frame;
use hyper::header::{HeaderValue, RETRY_AFTER};
use imprint_server::Reply;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// Looks of one stream: the browser asks again then, and whoever has gone is noticed.
const LOOKS: u32 = 240;

/// Looks after which something is sent, even if nothing has changed.
const ALIVE: u32 = 10;

/// What somebody watches.
enum Watched {
    /// A job, to its end.
    Job(String),
    /// All jobs that run.
    Running,
    /// The downloads of an image.
    Downloads(String),
}

/// A stream that goes on.
struct Watching {
    console: Console,
    visit: Visit,
    watched: Watched,
    stopping: watch::Receiver<bool>,
    last: String,
    looks: u32,
    ended: bool,
    /// Given back at the end, or when whoever looked has gone.
    _place: Place,
}

impl Watching {
    /// What it looks like now, and whether that is the end; `None` when it cannot be seen now.
    async fn look(&self) -> Option<(String, bool)> {
        match &self.watched {
            Watched::Job(uuid) => {
                let Some(row) = self.console.row("jobs", uuid, &self.visit).await.ok()? else {
                    // It was deleted: the page says so when it is asked for again.
                    return Some((String::new(), true));
                };
                let state = JobState::new(&self.console, &self.visit, &row);
                Some((state.render().ok()?, !state.runs()))
            }
            Watched::Running => {
                let running = RunningJobs::load(&self.console, &self.visit).await.ok()?;
                Some((running.render().ok()?, false))
            }
            Watched::Downloads(image) => {
                // Whose session has ended sees nothing any more.
                self.console.api.caller(&self.visit.visitor).await.ok()?;
                let running = Downloads::load(&self.console, &self.visit, image)?;
                Some((running.render().ok()?, false))
            }
        }
    }

    /// The next event; `None` at the end.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        while !self.ended && self.looks < LOOKS {
            if self.looks > 0 {
                let waited = tokio::time::timeout(EVERY, self.stopping.wait_for(|stops| *stops)).await;
                if waited.is_ok() {
                    return None;
                }
            }
            self.looks += 1;
            let html;
            (html, self.ended) = self.look().await?;
            if html == self.last && !self.ended {
                if self.looks.is_multiple_of(ALIVE) {
                    // Whoever has gone is noticed by that, and proxies keep the connection open.
                    return Some((Bytes::from_static(b":\n\n"), self));
                }
                continue;
            }
            let text = event(if self.ended { "end" } else { "part" }, &html);
            self.last = html;
            return Some((text.into(), self));
        }
        None
    }
}

/// An event on the wire: a line break in its data begins another line of data.
fn event(name: &str, data: &str) -> String {
    let data = data.lines().collect::<Vec<_>>().join("\ndata: ");
    format!("event: {name}\ndata: {data}\n\n")
}

/// A long job, from now to its end.
pub(crate) fn job(console: Console, visit: Visit, uuid: String) -> Reply {
    stream_of(console, visit, Watched::Job(uuid))
}

/// All jobs that run.
pub(crate) fn running(console: Console, visit: Visit) -> Reply {
    stream_of(console, visit, Watched::Running)
}

/// The downloads of an image.
pub(crate) fn downloads(console: Console, visit: Visit, image: String) -> Reply {
    stream_of(console, visit, Watched::Downloads(image))
}

fn stream_of(console: Console, visit: Visit, watched: Watched) -> Reply {
    let place = visit.person.as_ref().and_then(|person| console.streams.place(person.caller.account));
    let Some(place) = place else { return too_many(&visit) };
    let (stopping, last) = (console.stopping(), String::new());
    let watching = Watching { console, visit, watched, stopping, last, looks: 0, ended: false, _place: place };
    let events = stream::unfold(watching, |watching| async {
        let (bytes, watching) = watching.next().await?;
        Some((Ok(Frame::data(bytes)), watching))
    });
    let mut reply = respond::with_body(StatusCode::OK, "text/event-stream", StreamBody::new(events).boxed_unsync());
    // Proxies must not wait for more.
    reply.headers_mut().insert("X-Accel-Buffering", HeaderValue::from_static("no"));
    reply
}

/// The answer to whoever would watch too much at once: the script asks again after a while, and so may others.
fn too_many(visit: &Visit) -> Reply {
    let mut reply =
        respond::text(StatusCode::SERVICE_UNAVAILABLE, "text/plain;charset=UTF-8", visit.texts.too_many_streams);
    reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_page_ends_an_event() {
        assert_eq!(event("part", "<p>\n\n</p>"), "event: part\ndata: <p>\ndata: \ndata: </p>\n\n");
    }
}
